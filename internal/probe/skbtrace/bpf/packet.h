// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
//
// Reading packets: where the headers of an sk_buff are, and what the innermost
// packet is. Addresses of packet bytes are plain numbers here.
#ifndef PKT_PACKET_H
#define PKT_PACKET_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "state.h"

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd
#define ETH_P_8021Q 0x8100
#define ETH_P_8021AD 0x88a8
#define ETH_P_TEB 0x6558

// Loads by cast are plain loads that give 0 where nothing is mapped. The type
// only says that 16 bytes can be read from there.
extern void *bpf_rdonly_cast(const void *obj, u32 btf_id) __ksym __weak;

static __always_inline void *cast(u64 address)
{
	return bpf_rdonly_cast((void *)address, bpf_core_type_id_kernel(struct in6_addr));
}

#define LOAD(name, type)                                                   \
	static __always_inline type name(u64 address)                      \
	{                                                                  \
		if (use_cast)                                              \
			return *(volatile type *)cast(address);            \
		type v = 0;                                                \
		bpf_probe_read_kernel(&v, sizeof(v), (void *)address);     \
		return v;                                                  \
	}

LOAD(load8, u8)
LOAD(load16, u16) // in network order, as it lies there
LOAD(load32, u32)
LOAD(load64, u64)

// view is where a packet's headers are.
struct view {
	u64 l3; // address of the outermost IP header
	u32 avail; // bytes from there on in the linear part
	u32 len; // bytes from there on in all
};

// number is a pointer's address as a number to count with. The instruction
// does nothing on a little endian machine but to take the verifier's type away;
// where a pointer to untrusted memory is added to a number, Linux 6.17 keeps
// the number's bounds for the sum.
static __always_inline u64 number(const void *p)
{
	u64 n = (u64)p;
	asm volatile("%0 = le64 %0" : "+r"(n));
	return n;
}

static __always_inline int is_pointer(u64 p) { return p >> 48 == 0xffff; }

static __always_inline int is_vlan(u16 proto)
{
	return proto == bpf_htons(ETH_P_8021Q) || proto == bpf_htons(ETH_P_8021AD);
}

static __always_inline int is_ip(u16 proto)
{
	return proto == bpf_htons(ETH_P_IP) || proto == bpf_htons(ETH_P_IPV6);
}

// measure fills in the lengths; false if there is no header at l3.
static __always_inline int measure(struct sk_buff *skb, struct view *v)
{
	u64 end = number(skb->head) + skb->tail;
	s64 n = end - v->l3;
	if (n < 20 || n > 1 << 20)
		return 0;
	v->avail = n;
	v->len = v->avail + skb->data_len;
	return 1;
}

// look_in finds the headers of a packet that just came from a device: the
// network header is not set yet, data is behind the link header.
static __always_inline int look_in(struct sk_buff *skb, struct view *v)
{
	u16 proto = skb->protocol;
	v->l3 = number(skb->data);
	if (!is_ip(proto)) {
		if (!is_vlan(proto))
			return 0;
		proto = load16(v->l3 + 2);
		v->l3 += 4;
		if (is_vlan(proto)) {
			proto = load16(v->l3 + 2);
			v->l3 += 4;
		}
		if (!is_ip(proto))
			return 0;
	}
	return measure(skb, v);
}

// look finds them anywhere else.
static __always_inline int look(struct sk_buff *skb, struct view *v)
{
	u16 proto = skb->protocol;
	if (!is_ip(proto) && !is_vlan(proto))
		return 0;
	v->l3 = number(skb->head) + skb->network_header;
	return measure(skb, v);
}

// The innermost packet, packed into 64 bits; 0 is none. A later fragment has
// no transport header.
#define INNER(l3, l4, proto, version, fragment)                            \
	((u64)(l3) | (u64)(l4) << 16 | (u64)(proto) << 32 |                \
	 (u64)(version) << 40 | (u64)(fragment) << 48)
#define INNER_L3(i) ((u32)((i) & 0xffff))
#define INNER_L4(i) ((u32)((i) >> 16 & 0xffff))
#define INNER_PROTO(i) ((u32)((i) >> 32 & 0xff))
#define INNER_VERSION(i) ((u32)((i) >> 40 & 0xff))
#define INNER_FRAGMENT(i) ((u32)((i) >> 48 & 0xff))

// ip_at reads the IP header at off and packs what it says.
__noinline u64 ip_at(u64 base, u32 avail, u32 off)
{
	u64 at = base + off;
	if (off > 1024 || avail < off + 28)
		return 0;
	u8 first = load8(at);
	if (first >> 4 == 4)
		return INNER(off, off + (first & 15) * 4, load8(at + 9), 4,
			     (load16(at + 6) & bpf_htons(0x1fff)) != 0);
	if (first >> 4 != 6 || avail < off + 48)
		return 0;
	u32 proto = load8(at + 6), fragment = 0;
	u32 l4 = off + 40;
	for (int i = 0; i < 3; i++) {
		if (proto == 44) {
			fragment = (load16(base + l4 + 2) & bpf_htons(0xfff8)) != 0;
			proto = load8(base + l4);
			l4 += 8;
		} else if (proto == 0 || proto == 43 || proto == 60) {
			u32 next = load8(base + l4);
			l4 += ((u32)load8(base + l4 + 1) + 1) * 8;
			proto = next;
		} else {
			break;
		}
		if (fragment || l4 > 1024)
			break;
	}
	return INNER(off, l4, proto, 6, fragment);
}

// frame_at is the offset of the IP header in the Ethernet frame at off, 0 if
// there is none.
static __always_inline u32 frame_at(u64 base, u32 off)
{
	u16 type = load16(base + off + 12);
	off += 14;
	if (is_vlan(type)) {
		type = load16(base + off + 2);
		off += 4;
	}
	return is_ip(type) ? off : 0;
}

// carried is the offset of the IP header in what a packet carries, 0 if it
// carries none: VXLAN, Geneve, IP in IP, GRE.
__noinline u32 carried(u64 base, u32 avail, u64 outer)
{
	u32 l4 = INNER_L4(outer), proto = INNER_PROTO(outer);
	u64 at = base + l4;
	u32 off = 0;
	u16 type = 0;
	if (INNER_FRAGMENT(outer))
		return 0;
	if (proto == 4 || proto == 41)
		return l4;
	if (proto == 17 && avail >= l4 + 44) {
		u16 port = load16(at + 2);
		if (port == bpf_htons(8472) || port == bpf_htons(4789))
			return frame_at(base, l4 + 16);
		if (port != bpf_htons(6081))
			return 0;
		off = l4 + 16 + (load8(at + 8) & 0x3f) * 4;
		type = load16(at + 10);
	} else if (proto == 47 && avail >= l4 + 24) {
		u8 flags = load8(at);
		off = l4 + 4 + (flags >> 7) * 4 + (flags >> 5 & 1) * 4 + (flags >> 4 & 1) * 4;
		type = load16(at + 2);
	}
	if (type == bpf_htons(ETH_P_TEB))
		return frame_at(base, off);
	return is_ip(type) ? off : 0;
}

// innermost follows the encapsulations. It is a function of its own so that
// the verifier looks at it once per program.
__noinline u64 innermost(u64 base, u32 avail)
{
	u64 found = ip_at(base, avail, 0);
	for (int i = 0; found && i < 2; i++) {
		u32 off = carried(base, avail, found);
		if (!off)
			break;
		u64 inner = ip_at(base, avail, off);
		if (!inner)
			break;
		found = inner;
	}
	return found;
}

// fingerprint is what a packet keeps on its way, through NAT, encapsulation
// and all changes of TTL; never 0 for a packet.
__noinline u32 fingerprint(u64 base, u32 avail)
{
	u64 in = innermost(base, avail);
	if (!in)
		return 0;
	u64 l3 = base + INNER_L3(in), l4 = base + INNER_L4(in);
	u32 proto = INNER_PROTO(in), print = proto << 24 | INNER_VERSION(in) << 20;
	if (INNER_VERSION(in) == 4)
		print ^= (u32)load16(l3 + 4);
	else
		print ^= (u32)load16(l3 + 4) << 3;
	if (avail < INNER_L4(in) + 8)
		return print;
	if (INNER_FRAGMENT(in) || proto == 6) // payload; the sequence number
		return print ^ load32(l4 + 4) * 0x9e3779b1;
	if (proto == 1 || proto == 58) // type, code, sequence number
		return print ^ (((u32)load16(l4) << 16 | load16(l4 + 6)) * 0x9e3779b1);
	if (proto == 17 && avail >= INNER_L4(in) + 12) // length, first of the payload
		return print ^ (((u32)load16(l4 + 4) ^ load32(l4 + 8)) * 0x9e3779b1);
	return print;
}

#endif
