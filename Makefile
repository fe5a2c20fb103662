# SPDX-License-Identifier: Apache-2.0
# The habits. What each does: `make`. The build itself is CMake's: CMakePresets.json.
PREFIX ?= /usr/local
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
TEST_JOBS ?= $(shell expr $(JOBS) + 1) # Tests wait for servers now and then.
CLANG ?= clang
# $(call BUILD,preset,more,how) is quiet unless it fails; build/PRESET.log has it all.
BUILD = echo "building build/$(1)"; mkdir -p build; { cmake --preset $(1) $(2) && \
	cmake --build build/$(1) -j $(JOBS) $(3); } >build/$(1).log 2>&1 || { cat build/$(1).log >&2; exit 1; }
CTEST = echo "testing build/$(1)"; ctest --test-dir build/$(1) --output-on-failure --no-tests=error -j $(TEST_JOBS)

# A driver's memory is the same on every database: the first of each driver's goes under sanitizers.
SANITIZED = OUTFALL_TEST_TARGETS=sqlite,postgresql,mysql,odbc-postgresql
PLAIN = OUTFALL_TEST_TARGETS=odbc-mariadb,odbc-sqlite,odbc-oracle

CRASH = OUTFALL_BUILD=build/crash tests/crash/harness.py $(if $(SEED),--seed $(SEED))
SECONDS ?= 600

.PHONY: help deps demo build test crash bench lint format install soak clean

help: ## Lists these targets.
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 16

deps: ## Installs all that building and testing need (Debian), or says what is missing.
	@tools/deps demo build test lint

demo: ## Loads 10,000 rows into build/demo/outfall.db and reads five back.
	@tools/demo

build: ## Builds build/release.
	@tools/deps demo build
	@$(call BUILD,release)

test: deps lint ## Lint, then the tests under gcc, clang, ASan, UBSan and TSan, and the fuzzers.
	@$(call BUILD,clang,-DCMAKE_C_COMPILER=$(CLANG)) && $(call CTEST,clang) -L 'unit|property|crash'
	@$(call BUILD,fuzz,-DCMAKE_C_COMPILER=$(CLANG) -DOUTFALL_FUZZ_SECONDS=5) && $(call CTEST,fuzz) -L fuzz
	@$(call BUILD,tsan) && $(call CTEST,tsan) -L threads
	@export $(SANITIZED); $(call BUILD,asan) && $(call CTEST,asan) -LE 'house|plain'
	@export $(PLAIN); $(call BUILD,dev) && { $(call CTEST,dev) -L 'house|contract|plain|targets'; status=$$?; \
		tests/contract/report.py build/dev/contract; exit $$status; }

crash: deps ## Kills, cuts and stops loads KILLS times (default 1000) and counts what is lost; SEED does it again.
	@$(call BUILD,crash,,--target crash) && $(CRASH) --kills $${KILLS:-1000}

bench: build ## Builds and runs the benchmarks.
	build/release/bench/outfall-bench
	build/release/bench/outfall-micro-dedupe

lint: ## clang-format, clang-tidy and cppcheck.
	@tools/deps demo build test lint
	@tools/lint

format: ## Lays out the C files.
	@tools/deps lint
	@tools/lint --format

install: build ## Installs to PREFIX (default /usr/local) under DESTDIR.
	cmake --install build/release --prefix $(PREFIX)

soak: deps ## As crash, with new seeds for SECONDS (default 600; 0: for ever); then each fuzzer; then fault tests.
	@$(call BUILD,crash,,--target crash) && $(CRASH) --seconds $(SECONDS)
	@$(call BUILD,fuzz,-DCMAKE_C_COMPILER=$(CLANG) -DOUTFALL_FUZZ_SECONDS=$(SECONDS)) && $(call CTEST,fuzz) -L fuzz
	@$(call BUILD,asan) && $(call CTEST,asan) -L 'faults|threads|property' --repeat until-fail:20

clean: ## Removes build/.
	rm -rf build
