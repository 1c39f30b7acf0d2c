// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
//
// From a packet that is followed to a record in the ring.
#ifndef PKT_EMIT_H
#define PKT_EMIT_H

#include "identity.h"

#define ARPHRD_ETHER 1
#define ARPHRD_LOOPBACK 772

// place is where a packet is.
struct place {
	struct net_device *dev; // may be 0
	u32 netns; // 0: not known
};

static __always_inline u32 netns_of(struct net_device *dev)
{
	return is_pointer(number(dev)) ? dev->nd_net.net->ns.inum : 0;
}

// place_of finds it out by what the sk_buff has: its device, its socket, its
// route. In a socket's queue the device's field holds other things.
static __always_inline void place_of(struct sk_buff *skb, struct place *p)
{
	struct net_device *dev = skb->dev;
	p->dev = is_pointer(number(dev)) ? dev : 0;
	p->netns = netns_of(p->dev);
	if (p->netns)
		return;
	struct sock *sk = (void *)number(skb->sk);
	if (is_pointer((u64)sk)) {
		p->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
		return;
	}
	u64 refdst = skb->_skb_refdst & ~1UL;
	struct dst_entry *dst = (void *)refdst;
	if (is_pointer(refdst))
		p->netns = BPF_CORE_READ(dst, dev, nd_net.net, ns.inum);
}

static __always_inline int wanted(u32 netns)
{
	return !by_netns || bpf_map_lookup_elem(&pkt_netns, &netns);
}

// fill_packet puts in what the sk_buff says.
static __always_inline void fill_packet(struct event *e, struct sk_buff *skb, struct view *v)
{
	struct skb_shared_info *shared = (void *)(number(skb->head) + skb->end);
	u16 segs = BPF_CORE_READ(shared, gso_segs);
	e->gso_segs = BPF_CORE_READ(shared, gso_size) ? segs : 0;
	e->mark = skb->mark;
	e->vlan_proto = skb->vlan_proto;
	e->vlan_tci = skb->vlan_tci;
}

// fill_bytes copies the packet's first bytes: from its Ethernet header on,
// where it is one of this device (mac says so) and is there.
static __always_inline void fill_bytes(struct event *e, void *to, u64 from, struct view *v)
{
	u32 n = v->avail + (u32)(v->l3 - from);
	e->len = v->len + (u32)(v->l3 - from);
	if (n > header_len)
		n = header_len;
	e->cap = n;
	if (from != v->l3)
		e->flags |= FLAG_ETHERNET;
	if (bpf_probe_read_kernel(to, n, (void *)from))
		e->cap = 0;
}

// frame_start is where the Ethernet header is, or the IP header if there is
// none that belongs to this device.
static __always_inline u64 frame_start(struct sk_buff *skb, struct view *v, struct net_device *dev)
{
	u64 mac = number(skb->head) + skb->mac_header;
	u64 n = v->l3 - mac;
	if (!dev || skb->mac_header == 0xffff || n < 14 || n > 14 + 8)
		return v->l3;
	u16 type = dev->type;
	return type == ARPHRD_ETHER || type == ARPHRD_LOOPBACK ? mac : v->l3;
}

static __always_inline void fill_conntrack(struct conntrack *c, unsigned long nfct)
{
	struct nf_conn *ct = (void *)(nfct & ~7UL);
	c->info = nfct & 7;
	c->status = BPF_CORE_READ(ct, status);
	bpf_probe_read_kernel(c->original, 40, &ct->tuplehash[0].tuple);
	bpf_probe_read_kernel(c->reply, 40, &ct->tuplehash[1].tuple);
}

static __always_inline void fill_place(struct event *e, struct place *p)
{
	e->netns = p->netns;
	e->ifindex = 0;
	__builtin_memset(e->device, 0, sizeof(e->device));
	if (p->dev) {
		e->ifindex = p->dev->ifindex;
		bpf_probe_read_kernel(e->device, sizeof(e->device), &p->dev->name);
	}
}

static __always_inline void fill_event(struct event *e, u8 kind, u8 flags, u64 skb, u64 flight)
{
	e->ts = bpf_ktime_get_ns();
	e->flight = flight;
	e->skb = skb;
	e->kind = kind;
	e->flags = flags;
	e->cpu = bpf_get_smp_processor_id();
	e->mark = e->len = e->pad = 0;
	e->gso_segs = e->cap = e->vlan_proto = e->vlan_tci = 0;
}

// lose counts an event that found no room.
static __always_inline void lose(struct cpu *c)
{
	__sync_fetch_and_add(&c->lost, 1);
}

// open_event reserves a record and fills in all but the kind's own part, which
// is add bytes behind struct event, a constant.
static __always_inline struct event *open_event(struct sk_buff *skb, struct view *v, struct place *p, u64 flight,
						u8 kind, u8 flags, u32 add, int mac)
{
	struct cpu *c = this_cpu();
	if (!c)
		return 0;
	c->events++;
	unsigned long nfct = skb->_nfct;
	struct event *e;
	if (is_pointer(nfct) && bpf_core_type_exists(struct nf_conn)) {
		e = bpf_ringbuf_reserve(&pkt_ring, sizeof(*e) + add + sizeof(struct conntrack) + header_len, 0);
		if (!e) {
			lose(c);
			return 0;
		}
		fill_event(e, kind, flags | FLAG_CONNTRACK, number(skb), flight);
		fill_conntrack((void *)(e + 1) + add, nfct);
		fill_bytes(e, (void *)(e + 1) + add + sizeof(struct conntrack), mac ? frame_start(skb, v, p->dev) : v->l3, v);
	} else {
		e = bpf_ringbuf_reserve(&pkt_ring, sizeof(*e) + add + header_len, 0);
		if (!e) {
			lose(c);
			return 0;
		}
		if ((nfct & 7) == 7)
			flags |= FLAG_UNTRACKED;
		fill_event(e, kind, flags, number(skb), flight);
		fill_bytes(e, (void *)(e + 1) + add, mac ? frame_start(skb, v, p->dev) : v->l3, v);
	}
	fill_packet(e, skb, v);
	fill_place(e, p);
	return e;
}

// note_transport adds what a socket can be recognised by, where the packet is
// not in a tunnel. A function of its own, so that the verifier looks at it once
// per program.
__noinline u64 note_transport(u64 l3, u32 avail, u32 len)
{
	struct cpu *c = this_cpu();
	if (!c)
		return 0;
	struct in_progress *now = &c->now;
	u32 n = avail < HEAD_LEN ? avail : HEAD_LEN;
	now->len = len;
	now->proto = 0;
	now->cap = 0;
	u64 in = innermost(l3, avail);
	u32 proto = INNER_PROTO(in), l4 = INNER_L4(in);
	if (!in || INNER_L3(in) || INNER_FRAGMENT(in) || avail < l4 + 8 || (proto != 6 && proto != 17 && proto != 132))
		return 0;
	if (bpf_probe_read_kernel(now->head, n, (void *)l3))
		return 0;
	now->cap = n;
	now->port = bpf_ntohs(load16(l3 + l4 + 2));
	now->proto = proto;
	if (proto != 6)
		return 1;
	// By the length that the header has: behind it may be padding. None
	// stands there in packets that were merged to more than 64 KiB.
	u32 total = INNER_VERSION(in) == 4 ? bpf_ntohs(load16(l3 + 2)) : bpf_ntohs(load16(l3 + 4)) + 40;
	if (total <= 40)
		total = INNER_VERSION(in) == 4 && total == 40 ? total : len;
	u8 flags = load8(l3 + l4 + 13);
	now->end = bpf_ntohl(load32(l3 + l4 + 4)) + total - l4 - (load8(l3 + l4 + 12) >> 4) * 4 + (flags & 1) + (flags >> 1 & 1);
	return 1;
}

// progress notes that this CPU works on a followed packet. It comes before the
// event: what happens to a packet is counted where its event finds no room, too.
static __always_inline void progress(struct view *v, struct place *p, u64 flight)
{
	struct cpu *c = this_cpu();
	if (!c)
		return;
	struct in_progress *now = &c->now;
	now->flight = flight;
	now->when = bpf_ktime_get_ns();
	now->netns = p->netns;
	now->ifindex = 0;
	__builtin_memset(now->device, 0, sizeof(now->device));
	if (p->dev) {
		now->ifindex = p->dev->ifindex;
		bpf_probe_read_kernel(now->device, sizeof(now->device), &p->dev->name);
	}
	now->version = load8(v->l3) >> 4;
	if (now->version == 4) {
		now->src[0] = load32(v->l3 + 12);
		now->dst[0] = load32(v->l3 + 16);
		now->src[1] = now->dst[1] = 0;
	} else {
		now->src[0] = load64(v->l3 + 8);
		now->src[1] = load64(v->l3 + 16);
		now->dst[0] = load64(v->l3 + 24);
		now->dst[1] = load64(v->l3 + 32);
	}
	note_transport(v->l3, v->avail, v->len);
}

// nothing_in_progress notes that this CPU turned to another packet.
static __always_inline void nothing_in_progress(void)
{
	struct cpu *c = this_cpu();
	if (c)
		c->now.flight = 0;
}

#endif
