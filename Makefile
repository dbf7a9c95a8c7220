# make check is the gate: what it accepts may be merged.

BIN := $(CURDIR)/.bin
export PATH := $(BIN):$(PATH)

.PHONY: help build check fmt lint test fuzz

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-8s %s\n", $$1, $$2}' Makefile

build: ## the one binary, in .bin
	CGO_ENABLED=0 go build -trimpath -o $(BIN)/maillage ./cmd/maillage

check: fmt lint test ## everything a change must pass

fmt: $(BIN)/gofumpt ## formatting and module files
	@test -z "$$(gofumpt -l .)" || { gofumpt -d .; exit 1; }
	go mod tidy -diff

lint: $(BIN)/staticcheck ## vet, staticcheck, modernizers
	go vet ./...
	staticcheck ./...
	@test -z "$$(go fix -diff ./...)" || { go fix -diff ./...; exit 1; }

test: ## all tests, raced and shuffled
	go test -race -shuffle=on ./...

fuzz: ## every fuzz target for a minute
	.ci/fuzz 1m

$(BIN)/gofumpt: .ci/tools/go.mod
	GOBIN=$(BIN) go -C .ci/tools install mvdan.cc/gofumpt
	@touch $@

$(BIN)/staticcheck: .ci/tools/go.mod
	GOBIN=$(BIN) go -C .ci/tools install honnef.co/go/tools/cmd/staticcheck
	@touch $@
