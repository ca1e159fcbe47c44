# Everything that is done to this repository by a command. It needs Go, git and make;
# `make deps` brings the rest, with apt-get.

.DEFAULT_GOAL := help
.PHONY: help deps test lint fuzz generate-check bench figures measure

help: ## List what can be made.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | while read -r name what; do printf '  make %-15s %s\n' "$$name" "$$what"; done

deps: ## Install what the tests need, if it is missing (as root, with apt-get).
	@scripts/deps.sh

test: deps ## Run every test of every module.
	@scripts/test.sh

lint: ## gofmt, go vet, staticcheck and go mod tidy on every module.
	@scripts/lint.sh

fuzz: ## Run every fuzz test on some inputs (FUZZTIME=20000x).
	@scripts/fuzz.sh

generate-check: ## Fail if generated code differs from its source.
	@scripts/generate-check.sh

bench: ## Run the benchmarks.
	go test -run '^$$' -bench . -benchmem ./...

figures: ## Measure builds, starts, memory and the weight of a page.
	@scripts/figures.sh

measure: ## Measure sign-ins and session checks beside the machine's own limits (LOADGEN=../shared/loadgen).
	@scripts/measure.sh
