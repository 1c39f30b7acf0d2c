// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
//
// The full tier: what drivers say, and brackets around netfilter's tables.
#ifndef PKT_FULL_H
#define PKT_FULL_H

#include "skb.h"

// A packet that a driver took may be gone, and must not be read: its flight is
// that of its address, if that was not forgotten meanwhile.
SEC("tp_btf/net_dev_xmit")
int BPF_PROG(pkt_transmit, struct sk_buff *skb, int rc, struct net_device *dev, unsigned int len)
{
	u64 at = number(skb), flight;
	if (!lively() || !(flight = known_at(at)))
		return 0;
	struct cpu *c = this_cpu();
	if (!c)
		return 0;
	struct place p = { .dev = dev, .netns = netns_of(dev) };
	if (!wanted(p.netns))
		return 0;
	c->events++;
	struct event *e = bpf_ringbuf_reserve(&pkt_ring, sizeof(*e) + sizeof(struct transmit), 0);
	if (!e) {
		lose(c);
		return 0;
	}
	fill_event(e, KIND_TRANSMIT, 0, at, flight);
	fill_place(e, &p);
	e->len = len;
	struct transmit *t = (void *)(e + 1);
	t->code = rc;
	t->pad = 0;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

#define NF_ACCEPT 1
#define NF_INET_LOCAL_OUT 3

// bracket reports a packet in a hook. Packets that come from a device were
// looked at before; only one that starts here may start a flight.
static __always_inline int bracket(struct bpf_nf_ctx *ctx, u8 index)
{
	const struct nf_hook_state *state = ctx->state;
	struct sk_buff *skb = ctx->skb;
	int how = index == 0 && state->hook == NF_INET_LOCAL_OUT ? MAYBE_START | MAYBE_KEEP : 0;
	struct view v;
	struct place p;
	u8 flags = 0;
	if (!how && !lively())
		return NF_ACCEPT;
	if (!look(skb, &v))
		return NF_ACCEPT;
	u64 flight = follow(skb, &v, &p, how, &flags);
	if (!flight)
		return NF_ACCEPT;
	struct net_device *in = state->in, *out = state->out;
	p.netns = state->net->ns.inum;
	p.dev = state->hook <= 1 ? in : out;
	if (!is_pointer(number(p.dev)))
		p.dev = 0;
	progress(&v, &p, flight);
	struct event *e = open_event(skb, &v, &p, flight, KIND_HOOK, flags, sizeof(struct hook), 0);
	if (!e)
		return NF_ACCEPT;
	struct hook *h = (void *)(e + 1);
	h->hook = state->hook;
	h->family = state->pf;
	h->index = index;
	h->pad = 0;
	h->in = is_pointer(number(in)) ? in->ifindex : 0;
	h->out = is_pointer(number(out)) ? out->ifindex : 0;
	h->pad2 = 0;
	bpf_ringbuf_submit(e, 0);
	return NF_ACCEPT;
}

#define BRACKET(n)                                                         \
	SEC("netfilter") int pkt_hook##n(struct bpf_nf_ctx *ctx) { return bracket(ctx, n); }

BRACKET(0)
BRACKET(1)
BRACKET(2)
BRACKET(3)
BRACKET(4)

#endif
