# Every target works with Go, a C compiler and git alone, except test-servers,
# which installs or names what it needs.
GO ?= go
LONG_MINUTES ?= 30
SEED ?=
export CGO_ENABLED = 1
export PARLEY_LONG_MINUTES = $(LONG_MINUTES)
export PARLEY_SEED = $(SEED)

.PHONY: build demo test test-servers test-long check bench data clean

build: ## the one binary
	$(GO) build -trimpath -o parley ./cmd/parley

demo: build ## two organisations, one question, on generated data
	./parley rehearse --room demo

test: ## everything that needs no other tool
	$(GO) test -timeout 20m ./...

test-servers: ## real servers and networks
	sh e2e/servers.sh

test-long: ## seeded, for LONG_MINUTES in all; prints what it covered
	sh e2e/long.sh

check: ## formatting, vet, staticcheck, known vulnerabilities, race detector
	sh e2e/check.sh

bench: ## measure, print and store under e2e/bench
	sh e2e/bench/bench.sh

data: ## the full 3,000,000 flights for `parley rehearse --room flights`
	sh e2e/data/fetch.sh

clean:
	rm -f parley
