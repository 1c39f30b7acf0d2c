#!/bin/sh
# Installs what the tests use as second opinions: on Debian and its relatives,
# as root or by sudo. Elsewhere it says what is missing and goes on; tests that
# need it say so too. With the word bpf: what rebuilds the BPF object, too; with
# the word cluster: what a Kubernetes of our own is made of (test/cluster); with
# the word engines: other container engines (test/e2e/engine).
set -eu

missing=""
need() { # program package
	command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing="$missing $2"
}
need tcpdump tcpdump
need tshark tshark
need ip iproute2
need tmux tmux
need ping iputils-ping
need nft nftables
need iptables-legacy iptables
need conntrack conntrack
need bpftool bpftool
need chromium chromium
for word; do
	case "$word" in
	bpf)
		need clang-19 clang-19
		need llvm-strip-19 llvm-19
		[ -e /usr/include/bpf/bpf_helpers.h ] || missing="$missing libbpf-dev"
		;;
	cluster)
		need etcd etcd-server
		need containerd containerd
		need runc runc
		need busybox busybox-static
		need nsenter util-linux
		[ -e /usr/lib/cni/host-local ] || missing="$missing containernetworking-plugins"
		;;
	engines)
		need dockerd docker.io
		need docker docker.io
		need podman podman
		need runc runc
		need containerd containerd
		need busybox busybox-static
		;;
	*)
		echo "there is no set of packages called $word" >&2
		exit 2
		;;
	esac
done

[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
	echo "not installed, and no apt-get here:$missing" >&2
	exit 0
fi
sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo"
export DEBIAN_FRONTEND=noninteractive
echo "installing:$missing"
# No daemon is to run because it was installed: tests start their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap '$sudo rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
	$sudo chmod 755 "$policy"
fi
$sudo apt-get update -q
# shellcheck disable=SC2086 # one word per package
$sudo apt-get install -y -q --no-install-recommends $missing
