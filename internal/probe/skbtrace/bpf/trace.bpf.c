// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "kernel.h"
#include <bpf/bpf_tracing.h>
#include "emit.h"
#include "skb.h"
#include "route.h"
#include "fate.h"
#include "socket.h"
#include "full.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

// Nothing uses this but the test that compares the records' layout.
const struct {
	struct event event;
	struct conntrack conntrack;
	struct drop drop;
	struct deliver deliver;
	struct endpoint endpoint;
	struct refusal refusal;
	struct transmit transmit;
	struct hook hook;
	struct neighbour_event neighbour;
	struct route route;
} *layout __attribute__((unused));

// load_sample is never loaded into the kernel: the loader copies the
// instructions that cast an address from here.
SEC("tp_btf/netif_receive_skb")
int load_sample(u64 *ctx)
{
	return *(volatile u32 *)cast(ctx[0]);
}
