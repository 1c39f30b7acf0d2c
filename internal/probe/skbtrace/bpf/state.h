// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
//
// What the programs keep: settings, counters, flights, learned flows.
#ifndef PKT_STATE_H
#define PKT_STATE_H

#include <bpf/bpf_helpers.h>
#include "event.h"

// Settings, constant once loaded: the verifier leaves out what they exclude.
const volatile u32 header_len = 160; // bytes of a packet, at most
const volatile u8 use_cast = 1; // read packets by bpf_rdonly_cast
const volatile u8 kfree_args = 4; // arguments of the tracepoint kfree_skb
const volatile u8 reset_args = 3; // of tcp_send_reset
const volatile u8 watched4 = 0; // how many of watch4 count
const volatile u8 watched6 = 0;
const volatile u32 watch4[8] = {};
const volatile u64 watch6[16] = {}; // pairs
const volatile u8 full = 0; // Options.Full

// How long a flight lives without a sign of it, and how long a packet in
// progress claims what its CPU does.
#define FLIGHT_AGE_NS (30ULL * 1000000000)
#define PROGRESS_AGE_NS 200000
// Longer than FLIGHT_AGE_NS at every CONFIG_HZ.
#define QUIET_JIFFIES 30000

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 24);
} pkt_ring SEC(".maps");

// HEAD_LEN bytes have the headers of IPv6 and TCP, with some options.
#define HEAD_LEN 80

// in_progress is the last followed packet that this CPU worked on.
struct in_progress {
	u64 flight; // 0: none
	u64 when;
	u32 netns;
	u32 ifindex;
	u32 version; // 4 or 6
	u32 pad;
	u64 src[2]; // of the outermost header, as they lie in memory
	u64 dst[2];
	char device[16];
	u32 end; // sequence number behind it, TCP
	u32 len; // of the whole packet, from its IP header on
	u16 port; // of the destination
	u8 proto; // 0: it has no ports, or is in a tunnel
	u8 cap; // bytes of head
	u8 pad2[4];
	u8 head[HEAD_LEN]; // its headers
};

// datagram names what fragments belong to.
struct datagram {
	u64 src[2];
	u64 dst[2];
	u32 id;
	u32 pad;
};

// WHOLE_LEN bytes have the headers that a filter asks an IPv6 packet for.
#define WHOLE_LEN 128

struct cpu {
	u64 flights; // started here
	u64 lost; // events that found no room
	u64 evicted; // flights that had to make room for others
	u64 events;
	struct in_progress now;
	u8 made_up[64];
	struct datagram cut; // whose first fragment matched last
	u8 whole[WHOLE_LEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct cpu);
} pkt_cpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, u8);
} pkt_netns SEC(".maps");

// flow is the key of a learned flow: both directions have the same.
struct flow {
	u64 a[2]; // the lower address, or the one of the lower port
	u64 b[2];
	u32 ports; // as they lie in memory: of a, of b
	u8 proto;
	u8 version;
	u8 pad[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct flow);
	__type(value, u64);
} pkt_flows SEC(".maps");

#define WAYS 4
#define BUCKETS 4096

// bucket holds flights by the address of their sk_buff. A lookup reads the
// addresses only, which are one half of a cache line.
struct bucket {
	u64 skb[WAYS];
	u64 flight[WAYS];
	u32 print[WAYS];
	u32 last[WAYS]; // in units of 2^20 ns
	u8 taken[WAYS]; // a socket has it: it goes nowhere from there
	u8 pad[28];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BUCKETS);
	__type(key, u32);
	__type(value, struct bucket);
} pkt_flights SEC(".maps");

// Changed at run time, by both sides. What every packet asks for comes first,
// within one cache line.
#define BLOOM_WORDS 256
u64 alive_jiffies = 0; // when a flight last showed itself
u32 have_flows = 0;
u32 by_netns = 0; // only namespaces of pkt_netns
u32 limited = 0;
u32 asking = 0; // our process asks the kernel for a route just now
s64 remaining = 0; // flights that may start, iff limited
u64 flow_bloom[BLOOM_WORDS] = {}; // a bit per learned flow
u64 user_bloom[BLOOM_WORDS] = {}; // the same for those from user space

static __always_inline struct cpu *this_cpu(void)
{
	u32 zero = 0;
	return bpf_map_lookup_elem(&pkt_cpu, &zero);
}

// lively says whether there can be a flight at all.
static __always_inline int lively(void)
{
	return bpf_jiffies64() - alive_jiffies < QUIET_JIFFIES;
}

static __always_inline void show_life(void)
{
	u64 now = bpf_jiffies64();
	if (alive_jiffies != now)
		alive_jiffies = now;
}

#endif
