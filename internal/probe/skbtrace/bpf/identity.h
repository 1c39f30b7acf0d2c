// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
//
// Which packets are followed, and under which number.
#ifndef PKT_IDENTITY_H
#define PKT_IDENTITY_H

#include "packet.h"

// filter_match says whether the user's filter matches the packet at l3. This
// body is only a place: the loader puts the translated filter here, which
// reads by the instructions that it finds in load_sample.
__noinline u64 filter_match(u64 l3, u32 avail, u32 len)
{
	u64 r;
	asm volatile("%0 = 0" : "=r"(r) : "r"(l3), "r"(avail), "r"(len));
	return r;
}

// fragment_match says whether the filter matches the packet that this fragment
// is of: IPv6 puts a header before the first one's ports, and filters do not
// look behind it. The later ones have none: they follow the first on its CPU,
// where packets are cut.
__noinline u64 fragment_match(u64 l3, u32 avail, u32 len)
{
	struct cpu *c = this_cpu();
	if (!c || avail < 56 || load8(l3 + 6) != 44)
		return 0;
	struct datagram d = { .id = load32(l3 + 44) };
	d.src[0] = load64(l3 + 8);
	d.src[1] = load64(l3 + 16);
	d.dst[0] = load64(l3 + 24);
	d.dst[1] = load64(l3 + 32);
	if (load16(l3 + 42) & bpf_htons(0xfff8))
		return d.id == c->cut.id && d.src[0] == c->cut.src[0] && d.src[1] == c->cut.src[1] &&
		       d.dst[0] == c->cut.dst[0] && d.dst[1] == c->cut.dst[1];
	u32 n = avail - 48;
	if (n > WHOLE_LEN - 40)
		n = WHOLE_LEN - 40;
	if (bpf_probe_read_kernel(c->whole, 40, (void *)l3) || bpf_probe_read_kernel(c->whole + 40, n, (void *)(l3 + 48)))
		return 0;
	c->whole[6] = load8(l3 + 40);
	if (!filter_match(number(c->whole), 40 + n, len - 8))
		return 0;
	c->cut = d;
	return 1;
}

// matches says whether the filter matches a packet or what it is a fragment of.
static __always_inline int matches(struct sk_buff *skb, struct view *v)
{
	return filter_match(v->l3, v->avail, v->len) ||
	       (skb->protocol == bpf_htons(ETH_P_IPV6) && fragment_match(v->l3, v->avail, v->len));
}

// flow_of makes the key of a packet's flow; false if it has none.
static __always_inline int flow_of(u64 base, u32 avail, struct flow *f)
{
	u64 in = innermost(base, avail);
	u32 proto = INNER_PROTO(in), l4 = INNER_L4(in);
	if (!in || INNER_FRAGMENT(in) || avail < l4 + 8)
		return 0;
	u64 ip = base + INNER_L3(in), at = base + l4;
	u32 first = load32(at); // both ports
	if (proto == 1 || proto == 58) {
		u8 type = first & 0xff; // little endian: what lies first is lowest
		if (type != 0 && type != 8 && type != 128 && type != 129)
			return 0;
		first = load16(at + 4);
		first |= first << 16;
	} else if (proto != 6 && proto != 17 && proto != 132) {
		first = 0;
	}
	u64 s0, s1 = 0, d0, d1 = 0;
	if (INNER_VERSION(in) == 4) {
		s0 = load32(ip + 12);
		d0 = load32(ip + 16);
	} else {
		s0 = load64(ip + 8);
		s1 = load64(ip + 16);
		d0 = load64(ip + 24);
		d1 = load64(ip + 32);
	}
	u32 turned = first >> 16 | first << 16;
	int swap = s0 != d0 ? s0 > d0 : s1 != d1 ? s1 > d1 : first > turned;
	f->a[0] = swap ? d0 : s0;
	f->a[1] = swap ? d1 : s1;
	f->b[0] = swap ? s0 : d0;
	f->b[1] = swap ? s1 : d1;
	f->ports = swap ? turned : first;
	f->proto = proto;
	f->version = INNER_VERSION(in);
	f->pad[0] = f->pad[1] = 0;
	return 1;
}

// bloom_bit is the flow's bit in flow_bloom; learn.go computes the same.
static __always_inline u32 bloom_bit(struct flow *f)
{
	u64 h = f->a[0] ^ f->a[1] * 3 ^ f->b[0] * 5 ^ f->b[1] * 7 ^ (u64)f->ports << 13 ^ f->proto;
	return (h * 0x9e3779b97f4a7c15ULL) >> 50; // 14 bits: 256 words of 64
}

// flow_known says whether the packet belongs to a learned flow.
__noinline u64 flow_known(u64 base, u32 avail)
{
	struct flow f;
	if (!flow_of(base, avail, &f))
		return 0;
	u32 bit = bloom_bit(&f);
	u32 word = bit >> 6 & (BLOOM_WORDS - 1);
	if (!((flow_bloom[word] | user_bloom[word]) >> (bit & 63) & 1))
		return 0;
	return bpf_map_lookup_elem(&pkt_flows, &f) != 0;
}

// flow_learn notes the flow of a packet that is followed though the filter
// does not match it any more: it was translated.
__noinline u64 flow_learn(u64 base, u32 avail)
{
	struct flow f;
	u64 one = 1;
	if (!flow_of(base, avail, &f))
		return 0;
	if (bpf_map_lookup_elem(&pkt_flows, &f))
		return 0;
	bpf_map_update_elem(&pkt_flows, &f, &one, 0);
	u32 bit = bloom_bit(&f);
	__sync_fetch_and_or(&flow_bloom[bit >> 6 & (BLOOM_WORDS - 1)], 1ULL << (bit & 63));
	have_flows = 1;
	return 1;
}

static __always_inline struct bucket *bucket_of(u64 skb)
{
	u32 i = ((skb >> 6) * 0x9e3779b97f4a7c15ULL) >> 52;
	return bpf_map_lookup_elem(&pkt_flights, &i);
}

// way_of is the place of an sk_buff in its bucket, WAYS if it has none.
static __always_inline u32 way_of(struct bucket *b, u64 skb)
{
	return b->skb[0] == skb ? 0 : b->skb[1] == skb ? 1 : b->skb[2] == skb ? 2 :
	       b->skb[3] == skb ? 3 : WAYS;
}

// known is the flight of the packet in this sk_buff, 0 if it has none. An
// address with another packet in it, or one not seen for long, was reused; so
// was one that a socket had taken and that is on its way.
__noinline u64 known(u64 skb, u64 l3, u32 avail, u32 on_its_way)
{
	struct bucket *b = bucket_of(skb);
	if (!b)
		return 0;
	u32 w = way_of(b, skb);
	if (w >= WAYS)
		return 0;
	u32 now = bpf_ktime_get_ns() >> 20;
	if (now - b->last[w] > FLIGHT_AGE_NS >> 20 || (on_its_way && b->taken[w]) || b->print[w] != fingerprint(l3, avail)) {
		b->skb[w] = 0;
		return 0;
	}
	b->last[w] = now;
	show_life();
	return b->flight[w];
}

// known_at is the same for an sk_buff that must not be read any more.
static __always_inline u64 known_at(u64 skb)
{
	struct bucket *b = bucket_of(skb);
	if (!b)
		return 0;
	u32 w = way_of(b, skb);
	if (w >= WAYS || (u32)(bpf_ktime_get_ns() >> 20) - b->last[w] > FLIGHT_AGE_NS >> 20)
		return 0;
	return b->flight[w];
}

static __always_inline void forget(u64 skb)
{
	struct bucket *b = bucket_of(skb);
	if (!b)
		return;
	u32 w = way_of(b, skb);
	if (w < WAYS)
		b->skb[w] = 0;
}

// taken notes that a socket has what is in this sk_buff.
static __always_inline void taken(u64 skb)
{
	struct bucket *b = bucket_of(skb);
	if (!b)
		return;
	u32 w = way_of(b, skb);
	if (w < WAYS)
		b->taken[w] = 1;
}

// keep notes the flight of an sk_buff. Where all ways are taken by living
// flights the oldest is given up.
__noinline u64 keep(u64 skb, u64 flight, u32 print)
{
	struct bucket *b = bucket_of(skb);
	struct cpu *c = this_cpu();
	if (!b || !c)
		return 0;
	u32 now = bpf_ktime_get_ns() >> 20, oldest = 0, age = 0;
	for (u32 w = 0; w < WAYS; w++) {
		u32 a = now - b->last[w];
		if (!b->skb[w] || a > FLIGHT_AGE_NS >> 20)
			a = ~0U;
		if (a >= age) {
			age = a;
			oldest = w;
		}
	}
	u64 was = b->skb[oldest & (WAYS - 1)];
	if (__sync_val_compare_and_swap(&b->skb[oldest & (WAYS - 1)], was, skb) != was || age != ~0U)
		__sync_fetch_and_add(&c->evicted, 1);
	b->taken[oldest & (WAYS - 1)] = 0;
	b->flight[oldest & (WAYS - 1)] = flight;
	b->print[oldest & (WAYS - 1)] = print;
	b->last[oldest & (WAYS - 1)] = now;
	return 1;
}

// depart gives a new number; 0 if no more flights may start.
static __always_inline u64 depart(struct cpu *c)
{
	if (limited && __sync_fetch_and_add(&remaining, -1) <= 0) {
		__sync_fetch_and_add(&remaining, 1);
		return 0;
	}
	show_life();
	u64 n = __sync_fetch_and_add(&c->flights, 1) + 1;
	return n | (u64)bpf_get_smp_processor_id() << 40;
}

#endif
