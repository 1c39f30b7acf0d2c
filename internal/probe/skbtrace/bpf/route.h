// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
//
// Routing lookups. They carry no packet: it is the one in progress on this CPU.
#ifndef PKT_ROUTE_H
#define PKT_ROUTE_H

#include "emit.h"

#define EAGAIN 11
#define AF_INET 2
#define AF_INET6 10

// asked is what a lookup is about, in what both versions of IP have.
struct asked {
	u64 src[2];
	u64 dst[2];
	u32 version;
	u32 netns; // 0: not known
	u32 iif; // LOOPBACK_IFINDEX for a packet that starts here
};

#define LOOPBACK_IFINDEX 1

// is_watched says whether a lookup is worth telling though nothing is in
// progress: a sender that asks for its route has no packet yet.
static __always_inline int is_watched(struct asked *a)
{
	if (a->iif != LOOPBACK_IFINDEX)
		return 0;
	if (a->version == 4) {
		for (int i = 0; i < 8; i++)
			if (i < watched4 && (watch4[i] == (u32)a->src[0] || watch4[i] == (u32)a->dst[0]))
				return 1;
		return 0;
	}
	for (int i = 0; i < 8; i++) {
		if (i >= watched6)
			break;
		u64 w0 = watch6[2 * i], w1 = watch6[2 * i + 1];
		if ((w0 == a->src[0] && w1 == a->src[1]) || (w0 == a->dst[0] && w1 == a->dst[1]))
			return 1;
	}
	return 0;
}

static __always_inline int same(u64 *a, u64 *b) { return a[0] == b[0] && a[1] == b[1]; }

// relation says whether the lookup has an address of the packet in progress.
static __always_inline u8 relation(struct in_progress *now, struct asked *a)
{
	if (now->version != a->version)
		return 0;
	if (same(now->src, a->dst) && same(now->dst, a->src))
		return FLAG_SWAPPED;
	if (same(now->src, a->src) || same(now->dst, a->dst) || same(now->src, a->dst) || same(now->dst, a->src))
		return FLAG_RELATED;
	return 0;
}

// claim says whose lookup it is: flight and flags. False: nobody's that we
// follow.
static __always_inline int claim(struct cpu *c, struct asked *a, u64 *flight, u8 *flags)
{
	struct in_progress *now = &c->now;
	*flight = 0;
	*flags = 0;
	if (now->flight && bpf_ktime_get_ns() - now->when < PROGRESS_AGE_NS &&
	    (!a->netns || !now->netns || a->netns == now->netns)) {
		*flags = relation(now, a);
		*flight = now->flight;
		if (*flags)
			return 1;
	}
	if ((watched4 || watched6) && is_watched(a)) {
		*flight = 0;
		return 1;
	}
	return *flight != 0;
}

static __always_inline u32 netns_of_task(void)
{
	struct task_struct *t = (void *)bpf_get_current_task();
	return BPF_CORE_READ(t, nsproxy, net_ns, ns.inum);
}

// open_route reserves the record of a lookup and fills in what is not in the
// lookup itself. While our own process asks for a route, the stack says whether
// this is the lookup for that: no thread and no time tells, since packets are
// handled in interrupts on top of any thread.
static __always_inline struct event *open_route(void *ctx, struct cpu *c, struct asked *a, u64 flight, u8 flags,
						u32 iif)
{
	u32 netns = a->netns;
	struct event *e;
	u8 frames = 0;
	if (!netns)
		netns = flight ? c->now.netns : netns_of_task();
	if (!wanted(netns))
		return 0;
	c->events++;
	if (asking) {
		e = bpf_ringbuf_reserve(&pkt_ring, sizeof(*e) + sizeof(struct route) + QUESTION_DEPTH * sizeof(u64), 0);
		if (e) {
			long n = bpf_get_stack(ctx, (void *)(e + 1) + sizeof(struct route), QUESTION_DEPTH * sizeof(u64), 0);
			if (n > 0)
				frames = n / sizeof(u64);
		}
	} else {
		e = bpf_ringbuf_reserve(&pkt_ring, sizeof(*e) + sizeof(struct route), 0);
	}
	if (!e) {
		lose(c);
		return 0;
	}
	fill_event(e, KIND_ROUTE, flags, 0, flight);
	struct place p = { .netns = netns };
	fill_place(e, &p);
	struct route *r = (void *)(e + 1);
	__builtin_memset(r, 0, sizeof(*r));
	r->iif = iif;
	r->frames = frames;
	if (flight && c->now.ifindex == iif)
		__builtin_memcpy(r->in, c->now.device, sizeof(r->in));
	return e;
}

static __always_inline void fill_flow(struct route *r, struct flowi_common *f)
{
	r->oif = BPF_CORE_READ(f, flowic_oif);
	r->mark = BPF_CORE_READ(f, flowic_mark);
	r->proto = BPF_CORE_READ(f, flowic_proto);
	struct flowi_common___dscp *d = (void *)f;
	if (bpf_core_field_exists(d->flowic_dscp))
		r->tos = BPF_CORE_READ(d, flowic_dscp);
	else
		r->tos = BPF_CORE_READ(f, flowic_tos);
}

static __always_inline void fill_gateway(struct route *r, struct fib_nh_common *nhc)
{
	r->gateway_family = BPF_CORE_READ(nhc, nhc_gw_family);
	if (r->gateway_family)
		bpf_probe_read_kernel(r->gateway, 16, &nhc->nhc_gw);
}

SEC("tp_btf/fib_table_lookup")
int BPF_PROG(pkt_route4, u32 table, struct flowi4 *fl, struct fib_nh_common *answer, int err)
{
	struct fib_nh_common *nhc = (void *)number(answer); // may be 0
	// Without an input interface it is no packet's route: the kernel asks what
	// kind of address this is (inet_addr_type).
	u32 iif = fl->__fl_common.flowic_iif;
	if (!iif || ((!watched4 || iif != LOOPBACK_IFINDEX) && !lively()))
		return 0;
	struct net_device *dev = 0;
	struct asked a = { .version = 4, .iif = iif };
	a.src[0] = fl->saddr;
	a.dst[0] = fl->daddr;
	struct cpu *c = this_cpu();
	if (!c || (!c->now.flight && !is_watched(&a)))
		return 0; // most end here
	u64 flight;
	u8 flags;
	if (nhc) {
		dev = (void *)number(BPF_CORE_READ(nhc, nhc_dev));
		if (is_pointer((u64)dev))
			a.netns = BPF_CORE_READ(dev, nd_net.net, ns.inum);
	}
	if (!claim(c, &a, &flight, &flags))
		return 0;
	struct event *e = open_route(ctx, c, &a, flight, flags, iif);
	if (!e)
		return 0;
	struct route *r = (void *)(e + 1);
	if (is_pointer((u64)dev)) {
		e->ifindex = BPF_CORE_READ(dev, ifindex);
		bpf_probe_read_kernel(e->device, sizeof(e->device), &dev->name);
	}
	r->table = table;
	r->err = err;
	r->family = AF_INET;
	fill_flow(r, &fl->__fl_common);
	r->sport = BPF_CORE_READ(fl, uli.ports.sport);
	r->dport = BPF_CORE_READ(fl, uli.ports.dport);
	*(u32 *)r->src = a.src[0];
	*(u32 *)r->dst = a.dst[0];
	if (nhc)
		fill_gateway(r, nhc);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("tp_btf/fib6_table_lookup")
int BPF_PROG(pkt_route6, struct net *net, struct fib6_result *res, struct fib6_table *table, struct flowi6 *fl)
{
	struct asked a = { .version = 6, .iif = fl->__fl_common.flowic_iif };
	if ((!watched6 || a.iif != LOOPBACK_IFINDEX) && !lively())
		return 0;
	u64 src = number((void *)&fl->saddr), dst = number((void *)&fl->daddr);
	a.src[0] = load64(src);
	a.src[1] = load64(src + 8);
	a.dst[0] = load64(dst);
	a.dst[1] = load64(dst + 8);
	struct cpu *c = this_cpu();
	if (!c || (!c->now.flight && !is_watched(&a)))
		return 0; // most end here
	a.netns = net->ns.inum;
	u64 flight;
	u8 flags;
	if (!claim(c, &a, &flight, &flags))
		return 0;
	struct event *e = open_route(ctx, c, &a, flight, flags, a.iif);
	if (!e)
		return 0;
	struct route *r = (void *)(e + 1);
	r->table = BPF_CORE_READ(table, tb6_id);
	r->type = BPF_CORE_READ(res, fib6_type);
	r->family = AF_INET6;
	fill_flow(r, &fl->__fl_common);
	r->sport = BPF_CORE_READ(fl, uli.ports.sport);
	r->dport = BPF_CORE_READ(fl, uli.ports.dport);
	__builtin_memcpy(r->src, a.src, 16);
	__builtin_memcpy(r->dst, a.dst, 16);
	if (number(BPF_CORE_READ(res, f6i)) == number(BPF_CORE_READ(net, ipv6.fib6_null_entry))) {
		r->err = -EAGAIN; // no route in this table
	} else {
		struct fib_nh_common *nhc = (void *)number(BPF_CORE_READ(res, nh));
		struct net_device *dev = BPF_CORE_READ(nhc, nhc_dev);
		if (is_pointer(number(dev))) {
			e->ifindex = BPF_CORE_READ(dev, ifindex);
			bpf_probe_read_kernel(e->device, sizeof(e->device), &dev->name);
		}
		fill_gateway(r, nhc);
	}
	bpf_ringbuf_submit(e, 0);
	return 0;
}

#endif
