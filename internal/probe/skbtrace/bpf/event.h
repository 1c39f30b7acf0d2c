// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
//
// What goes through the ring. decode.go reads it; layout_test.go compares the
// two by BTF. A record is struct event, then what its kind adds, then struct
// conntrack if FLAG_CONNTRACK is set, then cap bytes of the packet.
#ifndef PKT_EVENT_H
#define PKT_EVENT_H

#include "kernel.h"

enum kind {
	KIND_RECEIVE = 1,
	KIND_QUEUE,
	KIND_DROP,
	KIND_CONSUME,
	KIND_DELIVER,
	KIND_ROUTE,
	KIND_NEIGHBOUR,
	KIND_ICMP,
	KIND_RESET,
	KIND_RETRANSMIT,
	KIND_FULL,
	KIND_TRANSMIT,
	KIND_HOOK,
	KIND_SOCKET,
};

enum {
	FLAG_START = 1 << 0, // the flight starts here
	FLAG_ETHERNET = 1 << 1, // the bytes start with an Ethernet header, else with IP
	FLAG_CONNTRACK = 1 << 2,
	FLAG_LEARNED = 1 << 3, // the headers match a learned flow, not the filter
	FLAG_MADE_UP = 1 << 4, // the bytes were made of what the socket knows
	FLAG_UNTRACKED = 1 << 5, // conntrack was told to leave it alone
	FLAG_RELATED = 1 << 6, // an address asked for is the packet's
	FLAG_SWAPPED = 1 << 7, // both are, the other way round
};

struct event {
	u64 ts; // CLOCK_MONOTONIC, ns
	u64 flight;
	u64 skb;
	u32 netns;
	u32 ifindex;
	u32 mark;
	u32 len; // of the whole packet, from the first of the bytes on
	u8 kind;
	u8 flags;
	u16 cpu;
	u16 gso_segs;
	u16 cap; // how many bytes of the packet follow
	u16 vlan_proto; // big endian; a tag beside the bytes iff not 0
	u16 vlan_tci;
	u32 pad;
	char device[16];
};

struct conntrack {
	u32 info; // enum ip_conntrack_info
	u32 status;
	u8 original[40]; // struct nf_conntrack_tuple
	u8 reply[40];
};

#define STACK_DEPTH 12

struct drop {
	u64 location;
	u32 reason;
	s32 stack_len; // bytes, or an error
	u64 stack[STACK_DEPTH];
	u8 has_socket;
	u8 pad[7];
};

struct deliver {
	u32 tgid;
	u32 tid;
	char comm[16];
};

struct endpoint {
	u8 family; // AF_INET or AF_INET6, else nothing is known
	u8 state;
	u16 port;
	u8 addr[16];
	s32 code; // of udp_fail_queue_rcv_skb; the reason of a reset; the protocol of a delivery
};

struct refusal {
	u8 type;
	u8 code;
	u8 pad[6];
};

struct transmit {
	s32 code;
	u32 pad;
};

struct hook {
	u8 hook; // enum nf_inet_hooks
	u8 family; // NFPROTO_*
	u8 index; // of the program: which of the brackets of this hook
	u8 pad;
	u32 in;
	u32 out;
	u32 pad2;
};

struct neighbour_event {
	u8 addr[16];
	u8 mac[8];
	u8 family;
	u8 state; // NUD_*
	u8 parked;
	u8 pad;
	u32 pad2;
};

// QUESTION_DEPTH frames reach from a lookup to the function that answers a
// question over rtnetlink, through policy rules and the check of the source.
#define QUESTION_DEPTH 24

struct route {
	u32 table;
	s32 err;
	u32 oif;
	u32 iif;
	u32 mark;
	u16 sport; // big endian
	u16 dport;
	u8 family;
	u8 tos;
	u8 proto;
	u8 gateway_family;
	u8 type; // RTN_*, IPv6 only
	u8 frames; // how many return addresses follow, of QUESTION_DEPTH
	u8 pad[2];
	u8 src[16];
	u8 dst[16];
	u8 gateway[16];
	char in[16]; // name of iif where it is known
};

#endif
