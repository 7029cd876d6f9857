# The project's commands. Each says what it does and does nothing twice.

PREFIX ?= /usr/local
DESTDIR ?=
# The plugin that `make run` shows, by its name in scripts/guests.sh.
PLUGIN ?= header-edit-rust
# The engines that `make build` installs and makes adapters for. Who names none gets all, and who names some no others,
# save Wasmtime, which is always one.
KNOWN_ENGINES := $(basename $(notdir $(wildcard scripts/setup/engines/*.sh)))
ENGINES ?= $(KNOWN_ENGINES)
ifneq ($(filter-out $(KNOWN_ENGINES),$(ENGINES)),)
$(error unknown engine '$(filter-out $(KNOWN_ENGINES),$(ENGINES))' in ENGINES: there are $(KNOWN_ENGINES))
endif

.DEFAULT_GOAL := help
.PHONY: help deps engines build run ats ats-deb test install guests bench soak format lint clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

deps: ## Install what building Weir needs: Debian packages, Wasmtime, the expression language
	@scripts/setup/apt.sh build
	@scripts/setup/engines/wasmtime.sh
	@scripts/setup/cel.sh

engines: $(ENGINES:%=engine-%) ## Install all engines (fewer: ENGINES="v8 wamr")

$(KNOWN_ENGINES:%=engine-%): engine-%:
	@scripts/setup/apt.sh build
	@scripts/setup/engines/$*.sh

build: deps engines ## Build everything into build/bin and build/lib
	@scripts/build.sh release

run: deps ## Serve an example plugin in front of a small upstream, and show what it does
	@scripts/guests.sh $(PLUGIN)
	@scripts/build.sh release weir weir-engine-wasmtime
	@scripts/run.sh build/guests/$(PLUGIN).wasm

ats: deps ## The same in a private Traffic Server
	@scripts/setup/apt.sh test
	@scripts/guests.sh $(PLUGIN)
	@scripts/build.sh release weir-ats weir-engine-wasmtime
	@scripts/ats.sh build/guests/$(PLUGIN).wasm

ats-deb: build ## Make build/weir-ats_VERSION_ARCH.deb, which installs beside trafficserver
	@scripts/ats_deb.sh

test: ## Run all tests and checks (leave out: SANITIZERS=0 FUZZ=0 LINT=0)
	@scripts/test.sh

install: build ## Install to $(DESTDIR)$(PREFIX)
	@DESTDIR=$(DESTDIR) cmake --install build/release --prefix $(PREFIX)

guests: ## Compile the guest plugins into build/guests
	@scripts/guests.sh

bench: deps ## Run the benchmarks (on an idle machine)
	@scripts/setup/apt.sh test
	@scripts/bench.sh

soak: deps ## Run everything at once for SOAK_SECONDS (600), and look for what is lost or left behind
	@scripts/soak.sh

format: ## Format the C++ sources in place
	@scripts/setup/apt.sh test
	@scripts/format.sh

lint: build ## Check layers, format and clang-tidy
	@scripts/setup/apt.sh test
	@scripts/check_includes.py
	@scripts/format.sh --check
	@scripts/tidy.py

clean: ## Remove build/; the cache of dependencies stays
	rm -rf build
