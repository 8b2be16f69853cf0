# The front door. Every target sets up what it needs (Debian packages, PyPI packages in build/venv)
# and does nothing twice.
#
#   make rank    build Podium and rank the example documents      make test    the whole test suite
#   make build   the program at build/podium                      make parity  scores against PyTorch
#   make clients real client libraries against the server         make mcp-check  the official MCP client
#   make reliability  bad input, faults, load, soak (45 minutes)    make bench-server  what HTTP costs
#   make bench  Podium beside other engines           make bench-kernels  every kernel alone
#   make openapi-check  schemathesis        make deploy-check  systemd, Docker, Helm, clouds
#   make fuzz    every fuzz target for a minute                   make lint    format, tidy, sanitizers
#   make quality docs/quality.md from ../shared/data/dev (FULL=1: all of it)

BUILD := build
VENV := $(BUILD)/venv
PYTHON := $(VENV)/bin/python
JOBS := $(shell nproc)
CMAKE_FLAGS := -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER_LAUNCHER=ccache

.DEFAULT_GOAL := help
.PHONY: help setup build rank test test-train parity tokenizer-parity clients mcp-check reliability bench-server fuzz bench bench-kernels bench-build quality openapi-check deploy-check lint clean

help:
	@sed -n 's/^#   //p' Makefile

setup: $(BUILD)/.packages

$(BUILD)/.packages: scripts/apt-packages.txt
	@mkdir -p $(BUILD)
	@scripts/install_packages.sh $<
	@touch $@

build: setup
	@test -f $(BUILD)/build.ninja || cmake -S . -B $(BUILD) $(CMAKE_FLAGS) >$(BUILD)/configure.log || (cat $(BUILD)/configure.log; exit 1)
	@ninja -C $(BUILD) --quiet -j $(JOBS) podium

rank: build
	@$(BUILD)/podium rank --query "Wie pflege ich empfindliche Haut?" examples/skincare.txt

# PODIUM_PYTHON is the interpreter of the tests that compare with Hugging Face tokenizers.
test: setup $(VENV)/.test
	@scripts/install_packages.sh scripts/apt-packages-test.txt
	@test -f $(BUILD)/build.ninja || cmake -S . -B $(BUILD) $(CMAKE_FLAGS) >$(BUILD)/configure.log || (cat $(BUILD)/configure.log; exit 1)
	@ninja -C $(BUILD) --quiet -j $(JOBS)
	@ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS) --progress

test-train: $(VENV)/.torch
	$(PYTHON) -m pytest -q train/tests

# Of each set, or with FULL=1 all of them.
QUERIES ?= 100
DEPTH ?= 50
quality: build
	@python3 scripts/quality.py --podium $(BUILD)/podium --work $(BUILD)/quality \
	  $(if $(FULL),--queries 0 --depth 0,--queries $(QUERIES) --depth $(DEPTH))

parity: build $(VENV)/.torch
	$(PYTHON) scripts/parity.py --podium $(BUILD)/podium --work $(BUILD)/parity

# Real client libraries against a started server: those of ../shared/clients and of tests/clients.
clients: build
	@scripts/clients.sh $(BUILD)/podium $(BUILD)/clients

# The official client of the Model Context Protocol, against podium mcp and /mcp.
mcp-check: build $(VENV)/.server
	$(PYTHON) tests/cli/test_mcp.py $(BUILD)/podium
	$(PYTHON) tests/server/run_tests.py $(BUILD)/podium test_mcp

openapi-check: build $(VENV)/.server
	@$(PYTHON) tests/server/check_openapi.py $(BUILD)/podium

deploy-check: build $(VENV)/.deploy
	@$(PYTHON) scripts/check_deploy.py $(BUILD)/podium

# RELIABILITY='--only http' runs a part; the whole takes the 45 minutes of which the soak is 30.
reliability: build
	python3 scripts/reliability $(BUILD)/podium --report docs/reliability.md $(RELIABILITY)

bench-server: build $(VENV)/.bench-server
	@scripts/install_packages.sh scripts/apt-packages-bench.txt
	$(PYTHON) scripts/bench_server.py $(BUILD)/podium --peer-python $(PYTHON) --report docs/bench-server.md

tokenizer-parity: test
	$(PYTHON) scripts/tokenizer_parity.py --lines 200000

fuzz: setup
	@scripts/install_packages.sh scripts/apt-packages-lint.txt
	scripts/check.sh fuzz

lint: setup $(VENV)/.test
	@scripts/install_packages.sh scripts/apt-packages-lint.txt
	scripts/check.sh lint

# Podium beside other engines; writes docs/benchmarks.md. The peers live in their own environment.
bench: $(BUILD)/bench/.peers bench-build
	@$(BUILD)/bench/venv/bin/python bench/checkpoints.py $(BUILD)/bench/models
	$(BUILD)/bench/venv/bin/python bench/run.py --build $(BUILD)

bench-kernels: bench-build
	$(BUILD)/bench_kernels --benchmark_min_time=0.2

bench-build: setup
	@scripts/install_packages.sh scripts/apt-packages-bench.txt
	@cmake -S . -B $(BUILD) $(CMAKE_FLAGS) -DPODIUM_BENCH=ON >$(BUILD)/configure.log || (cat $(BUILD)/configure.log; exit 1)
	@ninja -C $(BUILD) --quiet -j $(JOBS) podium bench_encode bench_kernels

$(BUILD)/bench/.peers: scripts/requirements-bench.txt | $(BUILD)/.packages
	@python3 -m venv $(BUILD)/bench/venv
	@$(BUILD)/bench/venv/bin/python -m pip install -q -r $<
	@touch $@

$(VENV)/bin/python: | $(BUILD)/.packages
	@python3 -m venv $(VENV)

$(VENV)/.test: scripts/requirements-test.txt | $(VENV)/bin/python
	@$(PYTHON) -m pip install -q -r $<
	@touch $@

$(VENV)/.torch: scripts/requirements-torch.txt $(VENV)/.test
	@$(PYTHON) -m pip install -q -r $<
	@touch $@

$(VENV)/.bench-server: scripts/requirements-bench-server.txt $(VENV)/.torch
	@$(PYTHON) -m pip install -q -r $<
	@touch $@

$(VENV)/.server: scripts/requirements-server.txt | $(VENV)/bin/python
	@$(PYTHON) -m pip install -q -r $<
	@touch $@

$(VENV)/.deploy: scripts/requirements-deploy.txt | $(VENV)/bin/python
	@$(PYTHON) -m pip install -q -r $<
	@touch $@

clean:
	rm -rf $(BUILD)
