// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
//
// The tracepoints that carry an sk_buff.
#ifndef PKT_SKB_H
#define PKT_SKB_H

#include "emit.h"

#define MAYBE_START 1 // if it has no flight, ask the filter and start one
#define MAYBE_KEEP 2 // it goes on afterwards: keep the new flight

// follow_if gives the flight of a packet, 0 if it is not followed. flags get
// what the event should say; live is what lively says.
static __always_inline u64 follow_if(struct sk_buff *skb, struct view *v, struct place *p, int how, u8 *flags, int live)
{
	u64 flight, at = number(skb);
	if (live) {
		flight = known(at, v->l3, v->avail, how & MAYBE_KEEP);
		if (flight) {
			place_of(skb, p);
			if (how & MAYBE_KEEP && !matches(skb, v)) {
				*flags |= FLAG_LEARNED;
				flow_learn(v->l3, v->avail);
			}
			return flight;
		}
	}
	if (!(how & MAYBE_START))
		return 0;
	if (!matches(skb, v)) {
		if (!have_flows || !flow_known(v->l3, v->avail))
			return 0;
		*flags |= FLAG_LEARNED;
	}
	place_of(skb, p);
	struct cpu *c = this_cpu();
	if (!c || !wanted(p->netns))
		return 0;
	flight = depart(c);
	if (!flight)
		return 0;
	*flags |= FLAG_START;
	if (how & MAYBE_KEEP)
		keep(at, flight, fingerprint(v->l3, v->avail));
	return flight;
}

static __always_inline u64 follow(struct sk_buff *skb, struct view *v, struct place *p, int how, u8 *flags)
{
	return follow_if(skb, v, p, how, flags, lively());
}

SEC("tp_btf/netif_receive_skb")
int BPF_PROG(pkt_receive, struct sk_buff *skb)
{
	struct view v;
	struct place p;
	u8 flags = 0;
	u64 flight = 0;
	int live = lively();
	if (look_in(skb, &v))
		flight = follow_if(skb, &v, &p, MAYBE_START | MAYBE_KEEP, &flags, live);
	if (!flight) {
		if (live)
			nothing_in_progress();
		return 0;
	}
	progress(&v, &p, flight);
	struct event *e = open_event(skb, &v, &p, flight, KIND_RECEIVE, flags, 0, 1);
	if (e)
		bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("tp_btf/net_dev_queue")
int BPF_PROG(pkt_queue, struct sk_buff *skb)
{
	struct view v;
	struct place p;
	u8 flags = 0;
	if (!look(skb, &v))
		return 0;
	u64 flight = follow(skb, &v, &p, MAYBE_START | MAYBE_KEEP, &flags);
	if (!flight)
		return 0;
	progress(&v, &p, flight);
	struct event *e = open_event(skb, &v, &p, flight, KIND_QUEUE, flags, 0, 1);
	if (e)
		bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("tp_btf/kfree_skb")
int pkt_drop(u64 *ctx)
{
	struct sk_buff *skb = (void *)ctx[0];
	struct view v;
	struct place p;
	u8 flags = 0;
	if (!look(skb, &v))
		return 0;
	u64 flight = follow(skb, &v, &p, MAYBE_START, &flags);
	if (!flight)
		return 0;
	forget(number(skb));
	struct event *e = open_event(skb, &v, &p, flight, KIND_DROP, flags, sizeof(struct drop), 0);
	if (!e)
		return 0;
	struct drop *d = (void *)(e + 1);
	d->location = ctx[1];
	d->reason = kfree_args >= 3 ? (u32)ctx[2] : 0;
	d->has_socket = kfree_args >= 4 ? number((void *)ctx[3]) != 0 : 0;
	d->stack_len = bpf_get_stack(ctx, d->stack, sizeof(d->stack), 0);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("tp_btf/consume_skb")
int BPF_PROG(pkt_consume, struct sk_buff *skb)
{
	struct view v;
	struct place p;
	u8 flags = 0;
	if (!lively() || !look(skb, &v))
		return 0;
	u64 flight = follow(skb, &v, &p, 0, &flags);
	if (!flight)
		return 0;
	forget(number(skb));
	struct event *e = open_event(skb, &v, &p, flight, KIND_CONSUME, flags, 0, 0);
	if (e)
		bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("tp_btf/skb_copy_datagram_iovec")
int BPF_PROG(pkt_deliver, struct sk_buff *skb)
{
	struct view v;
	struct place p;
	u8 flags = 0;
	if (!lively() || !look(skb, &v))
		return 0;
	u64 flight = follow(skb, &v, &p, 0, &flags);
	if (!flight)
		return 0;
	p.dev = 0; // the socket keeps other things there
	struct event *e = open_event(skb, &v, &p, flight, KIND_DELIVER, flags, sizeof(struct deliver), 0);
	if (!e)
		return 0;
	struct deliver *d = (void *)(e + 1);
	u64 id = bpf_get_current_pid_tgid();
	d->tgid = id >> 32;
	d->tid = id;
	bpf_get_current_comm(d->comm, sizeof(d->comm));
	bpf_ringbuf_submit(e, 0);
	return 0;
}

#endif
