# `make demo` and `make test` are all that a newcomer needs; `make help` lists the rest.

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  := -s -w -X github.com/pktrail/pktrail/internal/cli.version=$(VERSION) \
            -X github.com/pktrail/pktrail/internal/agent.version=$(VERSION)
BUILD    := CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)'
SUDO     := $(if $(filter 0,$(shell id -u)),,sudo -E env "PATH=$(PATH)")
TOOLS    := $(CURDIR)/bin
LINT     := $(TOOLS)/golangci-lint
LINT_VERSION := v2.15.0
FUZZTIME ?= 10s

CNI      ?= flannel
CLUSTER  := $(SUDO) $(GO) run ./test/cluster

.PHONY: help build agents demo test unit lint generate cross sizes bench bench-cluster fuzz clean deps cluster-deps e2e-deps cluster-up cluster-down e2e e2e-flannel e2e-ptp

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*## /\t/'

build: agents ## build pktrail, with the agents that it carries, and pktrail-agent here
	$(BUILD) -o pktrail .
	$(BUILD) -o pktrail-agent ./cmd/pktrail-agent

agents: ## build and pack the agents for clusters
	@GO="$(GO)" LDFLAGS="$(LDFLAGS)" sh test/agents.sh

demo: build ## one ping between two pods of a lab, seen at every point; writes demo.pcapng
	$(SUDO) ./pktrail demo -o demo.pcapng

test: deps unit ## everything, privileged tests included

unit: agents # never from the cache: these tests see kernels and programs that the cache knows nothing of
	$(SUDO) env PKTRAIL_REQUIRE_ROOT=1 $(GO) test -count=1 ./...

deps: ## install what the tests need, where that is possible
	@sh test/deps.sh

lint: $(LINT) ## golangci-lint
	$(LINT) run --build-tags e2e ./...

$(LINT):
	GOBIN=$(TOOLS) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

generate: ## rewrite what is generated: docs/flags.md, and the BPF object where clang-19 is
	$(GO) test ./internal/cli -run TestFlagsPage -update
	@if command -v clang-19 >/dev/null; then echo '$(GO) generate ./...'; $(GO) generate ./...; else echo 'no clang-19: the BPF object stays as it is'; fi

cross: agents ## build for every platform, and check the agents' sizes
	@GO="$(GO)" LDFLAGS="$(LDFLAGS)" sh test/cross.sh

cluster-deps:
	@sh test/deps.sh cluster

e2e-deps:
	@sh test/deps.sh cluster engines

cluster-up: cluster-deps ## a Kubernetes of two nodes on this machine (CNI=flannel|ptp); builds it at first
	@$(CLUSTER) up --cni $(CNI)

cluster-down: ## take it away
	@$(CLUSTER) down

e2e: export PKTRAIL := $(CURDIR)/pktrail
e2e: build e2e-flannel e2e-ptp ## every case on a real cluster, which is taken away afterwards

e2e-flannel: e2e-deps
	$(CLUSTER) with --cni flannel -- sh -c 'sh test/e2e/run.sh $(GO) . 45 ./test/e2e/... && sh test/e2e/run.sh $(GO) ^TestCluster 10 ./internal/kube/...'

e2e-ptp: e2e-deps
	$(CLUSTER) with --cni ptp --proxy-mode nftables -- sh test/e2e/run.sh $(GO) '^Test(Smoke|TraceServices|Map$$)' 15 ./test/e2e

bench: build ## figures, as ratios of runs side by side
	$(SUDO) $(GO) run ./test/bench

bench-cluster: build ## figures on the cluster that is up; TCPDUMP is a static tcpdump, to be uploaded as ksniff does
	$(SUDO) $(GO) run ./test/bench -figures cluster -tcpdump '$(TCPDUMP)'

fuzz: ## every fuzz target for FUZZTIME
	@GO="$(GO)" FUZZTIME="$(FUZZTIME)" sh test/fuzz.sh

clean:
	rm -rf pktrail pktrail-agent demo.pcapng dist bin internal/agentbin/bin/*.zst
