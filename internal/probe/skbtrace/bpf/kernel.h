// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
//
// The few kernel types that the programs look into. Only the names and types
// of the fields count: the loader moves every access to where the running
// kernel has the field (CO-RE).
#ifndef PKT_KERNEL_H
#define PKT_KERNEL_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int s32;
typedef long long s64;
// What bpf_helpers.h asks for.
typedef u8 __u8;
typedef u16 __u16;
typedef u32 __u32;
typedef u64 __u64;
typedef s32 __s32;
typedef s64 __s64;
typedef u16 __be16;
typedef u32 __be32;
typedef u32 __wsum;

// enum bpf_map_type of linux/bpf.h.
enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_RINGBUF = 27,
};

#define CORE __attribute__((preserve_access_index))

struct ns_common {
	unsigned int inum;
} CORE;

struct fib6_info;

struct netns_ipv6 {
	struct fib6_info *fib6_null_entry;
} CORE;

struct net {
	struct ns_common ns;
	struct netns_ipv6 ipv6;
} CORE;

typedef struct {
	struct net *net;
} CORE possible_net_t;

struct net_device {
	int ifindex;
	unsigned short type;
	char name[16];
	possible_net_t nd_net;
} CORE;

struct in6_addr {
	union {
		u8 u6_addr8[16];
	} in6_u;
} CORE;

struct sock_common {
	union {
		struct {
			__be32 skc_daddr;
			__be32 skc_rcv_saddr;
		};
	};
	union {
		struct {
			__be16 skc_dport;
			u16 skc_num;
		};
	};
	unsigned short skc_family;
	volatile unsigned char skc_state;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
} CORE;

struct sk_buff;

struct sk_buff_head {
	struct sk_buff *next;
	struct sk_buff *prev;
	u32 qlen;
} CORE;

struct sock {
	struct sock_common __sk_common;
	struct sk_buff_head sk_receive_queue;
	u16 sk_protocol;
} CORE;

struct tcp_sock {
	u32 rcv_nxt;
} CORE;

struct dst_entry {
	struct net_device *dev;
} CORE;

struct sk_buff {
	struct net_device *dev;
	struct sock *sk;
	char cb[48];
	unsigned long _skb_refdst;
	unsigned long _nfct;
	unsigned int len;
	unsigned int data_len;
	int skb_iif;
	__be16 vlan_proto;
	u16 vlan_tci;
	u32 mark;
	__be16 protocol;
	u16 network_header;
	u16 mac_header;
	unsigned int tail;
	unsigned int end;
	unsigned char *head;
	unsigned char *data;
} CORE;

struct skb_shared_info {
	unsigned short gso_size;
	unsigned short gso_segs;
} CORE;

struct nf_hook_state {
	u8 hook;
	u8 pf;
	struct net_device *in;
	struct net_device *out;
	struct net *net;
} CORE;

struct bpf_nf_ctx {
	const struct nf_hook_state *state;
	struct sk_buff *skb;
} CORE;

// A tuple has had this layout of 40 bytes since conntrack knows IPv6: it is
// copied as a whole.
struct nf_conntrack_tuple {
	u8 raw[40];
};

struct nf_conntrack_tuple_hash {
	struct nf_conntrack_tuple tuple;
} CORE;

struct nf_conn {
	struct nf_conntrack_tuple_hash tuplehash[2];
	unsigned long status;
} CORE;

struct flowi_common {
	int flowic_oif;
	int flowic_iif;
	u32 flowic_mark;
	u8 flowic_tos; // until 6.17; then flowic_dscp
	u8 flowic_scope;
	u8 flowic_proto;
} CORE;

struct flowi_common___dscp {
	u8 flowic_dscp; // dscp_t, a struct-free typedef of u8
} CORE;

struct flowi_ports {
	__be16 dport;
	__be16 sport;
} CORE;

union flowi_uli {
	struct flowi_ports ports;
} CORE;

struct flowi4 {
	struct flowi_common __fl_common;
	__be32 saddr;
	__be32 daddr;
	union flowi_uli uli;
} CORE;

struct flowi6 {
	struct flowi_common __fl_common;
	struct in6_addr daddr;
	struct in6_addr saddr;
	union flowi_uli uli;
} CORE;

union nhc_gateway {
	__be32 ipv4;
	struct in6_addr ipv6;
};

struct fib_nh_common {
	struct net_device *nhc_dev;
	u8 nhc_gw_family;
	union {
		__be32 ipv4;
		struct in6_addr ipv6;
	} nhc_gw;
} CORE;

struct fib6_nh {
	struct fib_nh_common nh_common;
} CORE;

struct fib6_result {
	struct fib6_nh *nh;
	struct fib6_info *f6i;
	u8 fib6_type;
} CORE;

struct fib6_table {
	u32 tb6_id;
} CORE;

struct neigh_table {
	int family;
} CORE;

struct neighbour {
	struct neigh_table *tbl;
	struct sk_buff_head arp_queue;
	u8 nud_state;
	unsigned char ha[32];
	struct net_device *dev;
	u8 primary_key[0];
} CORE;

struct nsproxy {
	struct net *net_ns;
} CORE;

struct task_struct {
	struct nsproxy *nsproxy;
} CORE;

#endif
