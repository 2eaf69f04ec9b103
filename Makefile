# Every target works from a clean clone on Debian with Swift 6.3 only; see README.md.
SHELL := /bin/bash
.DEFAULT_GOAL := help

BUILD    := .build/release
PENSTOCK := $(BUILD)/penstock
PYTHON   := .venv/bin/python
DATA_DIR ?= data
LISTEN   ?= 127.0.0.1:8686
export PENSTOCK_PYTHON := $(abspath $(PYTHON))

.PHONY: help install install-test build up demo test test-unit test-e2e soak bench screenshots lint format clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: ## install Debian packages and the engine (asks sudo when not root)
	@scripts/install.sh runtime

install-test: ## install what tests, demo and benchmarks need on top
	@scripts/install.sh test

build: install ## release build of the program
	swift build -c release --product penstock

up: build ## start Penstock on the embedded ClickHouse and stay
	@exec $(PENSTOCK) up --data-dir $(DATA_DIR) --listen $(LISTEN) --credentials-file $(DATA_DIR)/credentials.json

demo: install-test build ## the same, then load 336,776 real flights from a local S3
	@exec $(PYTHON) scripts/demo.py --penstock $(PENSTOCK) --data-dir $(DATA_DIR)/demo --listen $(LISTEN)

test: install-test ## everything: unit suites, then the end-to-end suites on real servers
	@scripts/test.sh all

test-unit: install-test ## unit and integration suites of the Swift targets
	@scripts/test.sh unit

test-e2e: install-test ## end-to-end suites: real ClickHouse, S3, curl, clickhousectl, kill -9 drills
	@scripts/test.sh e2e

soak: install-test build ## crash drills, hostile calls and streams in their full numbers and sizes
	PENSTOCK_DRILL=full $(PYTHON) -m pytest Tests/EndToEnd -m drill -s -q

bench: install-test build ## throughput beside ClickHouse's own table functions and engines; writes docs/benchmarks.md
	$(PYTHON) Benchmarks/object_storage.py --penstock $(PENSTOCK) --write docs/benchmarks.md
	$(PYTHON) Benchmarks/query_endpoints.py --penstock $(PENSTOCK) --write docs/benchmarks.md
	$(PYTHON) Benchmarks/kafka.py --penstock $(PENSTOCK) --write docs/benchmarks.md
	$(PYTHON) Benchmarks/postgres.py --penstock $(PENSTOCK) --write docs/benchmarks.md

screenshots: install-test build ## take the pictures of the README anew
	PENSTOCK_BINARY=$(abspath $(PENSTOCK)) $(PYTHON) scripts/screenshots.py

lint: ## swift-format, warnings as errors, explicit imports, sizes, forbidden constructs
	@scripts/lint.sh

format: ## rewrite sources with swift-format
	swift format -i -r Package.swift Sources Connectors Tests

clean: ## remove build products and the Python environment, not data
	rm -rf .build .venv
