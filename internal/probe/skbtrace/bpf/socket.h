// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
//
// What sockets take. The tracepoint has the socket and no packet: it is the
// last in the socket's queue, or the one in progress on this CPU.
#ifndef PKT_SOCKET_H
#define PKT_SOCKET_H

#include "fate.h"

#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define TCP_LISTEN 10

// gathered starts a flight for a packet that was put together of fragments:
// its sk_buff is one of theirs, with what the others had, and known no more.
static __always_inline u64 gathered(struct sk_buff *skb, struct view *v, u8 *flags)
{
	struct cpu *c = this_cpu();
	if (!c || !skb->data_len || !filter_match(v->l3, v->avail, v->len))
		return 0;
	u64 flight = depart(c);
	if (!flight)
		return 0;
	keep(number(skb), flight, fingerprint(v->l3, v->avail));
	*flags |= FLAG_START;
	return flight;
}

// tell_queued reports the packet that lies last in a socket's queue; false if
// it is none that is followed. Another CPU may take it out meanwhile: what is
// read then is not the packet that has this flight, and its fingerprint says
// so.
static __always_inline int tell_queued(struct sock *sk, u32 netns)
{
	struct sk_buff *skb = sk->sk_receive_queue.prev;
	struct view v;
	u8 flags = 0;
	if ((u64)number(skb) == number(&sk->sk_receive_queue) || !look(skb, &v))
		return 0;
	u64 flight = known(number(skb), v.l3, v.avail, 0);
	if (!flight)
		flight = gathered(skb, &v, &flags);
	if (!flight)
		return 0;
	taken(number(skb));
	struct place p = { .netns = netns };
	struct event *e = open_event(skb, &v, &p, flight, KIND_SOCKET, flags, sizeof(struct endpoint), 0);
	if (!e)
		return 1;
	fill_endpoint((void *)(e + 1), (void *)number(sk), IPPROTO_UDP);
	bpf_ringbuf_submit(e, 0);
	return 1;
}

// takes says whether the packet in progress is what the socket was just given.
// Packets that came in a row are in progress together, so for TCP what has
// arrived must reach to this one's end.
static __always_inline int takes(struct sock *sk, struct in_progress *now)
{
	if (now->port != sk->__sk_common.skc_num)
		return 0;
	if (now->proto != IPPROTO_TCP || sk->__sk_common.skc_state == TCP_LISTEN)
		return 1;
	struct tcp_sock *tp = (void *)number(sk);
	return (s32)(BPF_CORE_READ(tp, rcv_nxt) - now->end) >= 0;
}

SEC("tp_btf/sk_data_ready")
int BPF_PROG(pkt_socket, struct sock *sk)
{
	if (!lively())
		return 0;
	u16 family = sk->__sk_common.skc_family;
	if (family != AF_INET && family != AF_INET6)
		return 0;
	struct cpu *c = this_cpu();
	if (!c)
		return 0;
	struct in_progress *now = &c->now;
	u32 netns = sk->__sk_common.skc_net.net->ns.inum;
	if (!wanted(netns) || (sk->sk_protocol == IPPROTO_UDP && tell_queued(sk, netns)))
		return 0;
	if (!now->flight || !now->proto || now->proto != sk->sk_protocol || now->netns != netns || !takes(sk, now) ||
	    bpf_ktime_get_ns() - now->when > PROGRESS_AGE_NS)
		return 0;
	c->events++;
	struct event *e = bpf_ringbuf_reserve(&pkt_ring, sizeof(*e) + sizeof(struct endpoint) + HEAD_LEN, 0);
	if (!e) {
		lose(c);
		return 0;
	}
	struct place p = { .netns = netns };
	fill_event(e, KIND_SOCKET, 0, 0, now->flight);
	fill_place(e, &p);
	fill_endpoint((void *)(e + 1), (void *)number(sk), now->proto);
	e->len = now->len;
	e->cap = now->cap;
	__builtin_memcpy((void *)(e + 1) + sizeof(struct endpoint), now->head, HEAD_LEN);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

#endif
