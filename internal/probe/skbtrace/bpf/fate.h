// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
//
// What becomes of a packet besides being freed: it waits for a neighbour, is
// refused, sent once more, or its socket has no room.
#ifndef PKT_FATE_H
#define PKT_FATE_H

#include "route.h"
#include "skb.h"

#define NUD_INCOMPLETE 0x01

static __always_inline void fill_neighbour(struct neighbour_event *n, struct neighbour *neigh, u8 parked)
{
	__builtin_memset(n, 0, sizeof(*n));
	n->family = BPF_CORE_READ(neigh, tbl, family);
	n->state = BPF_CORE_READ(neigh, nud_state);
	n->parked = parked;
	bpf_probe_read_kernel(n->mac, 6, &neigh->ha);
	if (n->family == AF_INET)
		bpf_probe_read_kernel(n->addr, 4, &neigh->primary_key);
	else
		bpf_probe_read_kernel(n->addr, 16, &neigh->primary_key);
}

// tell_parked reports a packet that waits for a neighbour.
static __always_inline void tell_parked(struct neighbour *neigh, struct sk_buff *skb, struct view *v, struct place *p,
					u64 flight, u8 flags)
{
	struct event *e = open_event(skb, v, p, flight, KIND_NEIGHBOUR, flags, sizeof(struct neighbour_event), 0);
	if (!e)
		return;
	fill_neighbour((void *)(e + 1), neigh, 1);
	bpf_ringbuf_submit(e, 0);
}

// tell_neighbour reports the neighbour that the packet in progress is sent to.
static __always_inline void tell_neighbour(struct neighbour *neigh, u64 flight)
{
	struct cpu *c = this_cpu();
	struct net_device *dev = (void *)number(neigh->dev);
	if (!c || !is_pointer((u64)dev))
		return;
	u32 netns = BPF_CORE_READ(dev, nd_net.net, ns.inum);
	if (!wanted(netns))
		return;
	c->events++;
	struct event *e = bpf_ringbuf_reserve(&pkt_ring, sizeof(*e) + sizeof(struct neighbour_event), 0);
	if (!e) {
		lose(c);
		return;
	}
	fill_event(e, KIND_NEIGHBOUR, 0, 0, flight);
	e->netns = netns;
	e->ifindex = BPF_CORE_READ(dev, ifindex);
	bpf_probe_read_kernel(e->device, sizeof(e->device), &dev->name);
	fill_neighbour((void *)(e + 1), neigh, 0);
	bpf_ringbuf_submit(e, 0);
}

SEC("tp_btf/neigh_event_send_done")
int BPF_PROG(pkt_neighbour, struct neighbour *neigh, int rc)
{
	u8 flags = 0;
	if (rc && neigh->nud_state == NUD_INCOMPLETE && neigh->arp_queue.qlen) {
		// It waits for the answer, as the last in the queue.
		struct sk_buff *skb = neigh->arp_queue.prev;
		struct view v;
		struct place p;
		if (!skb || !look(skb, &v))
			return 0;
		u64 flight = follow(skb, &v, &p, MAYBE_START | MAYBE_KEEP, &flags);
		if (flight)
			tell_parked(neigh, skb, &v, &p, flight, flags);
		return 0;
	}
	if (!full || !lively())
		return 0;
	struct cpu *c = this_cpu();
	if (!c || !c->now.flight || bpf_ktime_get_ns() - c->now.when > PROGRESS_AGE_NS)
		return 0;
	tell_neighbour(neigh, c->now.flight);
	return 0;
}

// An answer, for the first of those that wait.
SEC("tp_btf/neigh_update")
int BPF_PROG(pkt_neighbour_update, struct neighbour *neigh)
{
	u8 flags = 0;
	struct view v;
	struct place p;
	if (!lively() || !neigh->arp_queue.qlen)
		return 0;
	struct sk_buff *skb = neigh->arp_queue.next;
	if (!skb || !look(skb, &v))
		return 0;
	u64 flight = follow(skb, &v, &p, 0, &flags);
	if (flight)
		tell_parked(neigh, skb, &v, &p, flight, flags);
	return 0;
}

SEC("tp_btf/icmp_send")
int BPF_PROG(pkt_icmp, struct sk_buff *skb, int type, int code)
{
	struct view v;
	struct place p;
	u8 flags = 0;
	if (!look(skb, &v))
		return 0;
	u64 flight = follow(skb, &v, &p, MAYBE_START | MAYBE_KEEP, &flags);
	if (!flight)
		return 0;
	struct event *e = open_event(skb, &v, &p, flight, KIND_ICMP, flags, sizeof(struct refusal), 0);
	if (!e)
		return 0;
	struct refusal *r = (void *)(e + 1);
	__builtin_memset(r, 0, sizeof(*r));
	r->type = type;
	r->code = code;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

// is_ipv4 says whether a socket speaks IPv4, be it one of IPv6.
static __always_inline int is_ipv4(struct sock *sk)
{
	u32 a[4];
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET)
		return 1;
	bpf_probe_read_kernel(a, sizeof(a), &sk->__sk_common.skc_v6_daddr);
	return a[0] == 0 && a[1] == 0 && a[2] == bpf_htonl(0xffff);
}

static __always_inline void fill_endpoint(struct endpoint *p, struct sock *sk, s32 code)
{
	__builtin_memset(p, 0, sizeof(*p));
	p->code = code;
	if (!is_pointer((u64)sk))
		return;
	p->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	p->state = BPF_CORE_READ(sk, __sk_common.skc_state);
	p->port = BPF_CORE_READ(sk, __sk_common.skc_num);
	if (p->family == AF_INET)
		bpf_probe_read_kernel(p->addr, 4, &sk->__sk_common.skc_rcv_saddr);
	else if (p->family == AF_INET6)
		bpf_probe_read_kernel(p->addr, 16, &sk->__sk_common.skc_v6_rcv_saddr);
}

// tell_made_up reports something about a TCP socket's flow for which there is
// no packet yet: the bytes are headers made of what the socket knows.
static __always_inline int tell_made_up(struct sock *sk, u32 seq, u8 kind, s32 code)
{
	struct cpu *c = this_cpu();
	if (!c || !is_pointer((u64)sk))
		return 0;
	u8 *h = c->made_up;
	u32 n = 60;
	__builtin_memset(h, 0, sizeof(c->made_up));
	int four = is_ipv4(sk);
	u32 l4 = four ? 20 : 40;
	if (four) {
		h[0] = 0x45;
		h[3] = 40;
		h[8] = 64;
		h[9] = 6;
		*(u32 *)(h + 12) = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
		*(u32 *)(h + 16) = BPF_CORE_READ(sk, __sk_common.skc_daddr);
		n = 40;
	} else {
		h[0] = 0x60;
		h[5] = 20;
		h[6] = 6;
		h[7] = 64;
		bpf_probe_read_kernel(h + 8, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		bpf_probe_read_kernel(h + 24, 16, &sk->__sk_common.skc_v6_daddr);
	}
	*(u16 *)(h + l4) = bpf_htons(BPF_CORE_READ(sk, __sk_common.skc_num));
	*(u16 *)(h + l4 + 2) = BPF_CORE_READ(sk, __sk_common.skc_dport);
	*(u32 *)(h + l4 + 4) = bpf_htonl(seq);
	h[l4 + 12] = 0x50;
	h[l4 + 13] = kind == KIND_RESET ? 0x04 : 0x10;
	u64 at = number(h);
	if (!filter_match(at, n, n) && (!have_flows || !flow_known(at, n)))
		return 0;
	u32 netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	if (!wanted(netns))
		return 0;
	c->events++;
	struct event *e = bpf_ringbuf_reserve(&pkt_ring, sizeof(*e) + sizeof(struct endpoint) + 60, 0);
	if (!e) {
		lose(c);
		return 0;
	}
	struct place p = { .netns = netns };
	fill_event(e, kind, FLAG_MADE_UP, 0, 0);
	fill_place(e, &p);
	fill_endpoint((void *)(e + 1), sk, code);
	e->len = e->cap = n;
	__builtin_memcpy((void *)(e + 1) + sizeof(struct endpoint), h, 60);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(pkt_retransmit, struct sock *socket, struct sk_buff *skb)
{
	u32 seq = *(u32 *)skb->cb; // struct tcp_skb_cb starts with it
	return tell_made_up((void *)number(socket), seq, KIND_RETRANSMIT, 0);
}

SEC("tp_btf/tcp_send_reset")
int pkt_reset(u64 *ctx)
{
	struct sock *sk = (void *)number((void *)ctx[0]);
	struct sk_buff *skb = (void *)ctx[1];
	s32 reason = reset_args >= 3 ? (s32)ctx[2] : -1;
	struct view v;
	struct place p;
	u8 flags = 0;
	if (!skb) // of a connection that is given up, not as an answer
		return tell_made_up(sk, 0, KIND_RESET, reason);
	if (!look(skb, &v))
		return 0;
	u64 flight = follow(skb, &v, &p, MAYBE_START | MAYBE_KEEP, &flags);
	if (!flight)
		return 0;
	struct event *e = open_event(skb, &v, &p, flight, KIND_RESET, flags, sizeof(struct endpoint), 0);
	if (!e)
		return 0;
	fill_endpoint((void *)(e + 1), 0, reason);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

// tell_full reports a socket that had no room.
static __always_inline int tell_full(struct sock *sk, struct sk_buff *skb, s32 code)
{
	struct view v;
	struct place p;
	u8 flags = 0;
	if (!lively() || !look(skb, &v))
		return 0;
	u64 flight = follow(skb, &v, &p, 0, &flags);
	if (!flight)
		return 0;
	struct event *e = open_event(skb, &v, &p, flight, KIND_FULL, flags, sizeof(struct endpoint), 0);
	if (!e)
		return 0;
	fill_endpoint((void *)(e + 1), sk, code);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("tp_btf/sock_rcvqueue_full")
int BPF_PROG(pkt_full, struct sock *sk, struct sk_buff *skb)
{
	return tell_full((void *)number(sk), skb, 0);
}

SEC("tp_btf/udp_fail_queue_rcv_skb")
int BPF_PROG(pkt_udp_full, int rc, struct sock *sk, struct sk_buff *skb)
{
	return tell_full((void *)number(sk), skb, rc);
}

#endif
