# Two commands: `make demo` to see it run, `make test` to see that it is right.
# Both need Node 20 or later with npm, and a network for the first run.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The program needs a newer Node than many machines have: npm carries one beside the other packages.
platform := $(shell node --print 'process.platform + "-" + process.arch')
export PATH := $(CURDIR)/node_modules/node-$(platform)/bin:$(PATH)

installed := node_modules/.package-lock.json
page := dist/dashboard/index.html
page_sources := $(shell find dashboard -type f) $(installed)

.PHONY: help demo test check browser kubernetes node clean

help: ## Show these lines
	@sed -nE 's/^([a-z]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST)

demo: $(page) ## Run the whole system against an emulated exchange (ARGS="--for 60s" ends it by itself)
	@node cli/bin.js up $(ARGS)

test: $(page) browser kubernetes node ## Set up from nothing and test everything
	@node tests/everything.ts

check: $(page) ## Format, types, lint, dead code and the fast tests: before every commit
	@npm run --silent check

clean: ## Remove what was built (sessions of `scalp up` stay)
	rm -rf dist node_modules

# A lock file that changed is installed anew; scripts of packages never run (.npmrc). Not `npm ci`: it
# refuses a lock that lacks the optional binaries of other platforms, which not every registry has.
# Every version is pinned in package.json and the lock, and --no-save leaves both as they are.
$(installed): package.json package-lock.json
	@echo "installing packages ..." >&2
	@npm install --ignore-scripts --no-save --loglevel=error >&2
	@touch $@

$(page): $(page_sources)
	@echo "building the page ..." >&2
	@node dashboard/build.js >&2

# The page is tested in a real browser. Where we may install one we do; elsewhere the test says what to do.
browser:
	@if [ ! -x /usr/bin/chromium ] && [ -z "$${CHROMIUM_PATH:-}" ] && [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
	  echo "installing Chromium (apt-get) ..." >&2; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium > /dev/null; \
	fi

# The operator is tested on a real control plane, the chart with a real Helm: once a machine they are built
# from pinned Go modules into the user's cache. Where they cannot be had this says what to do, and the tests
# that need them fail.
kubernetes: $(installed)
	@node --input-type=module --eval \
	  'import { findBinaries } from "./tests/cluster/binaries.ts"; await findBinaries()' || true
	@node --input-type=module --eval \
	  'import { findHelm } from "./tests/cluster/helm.ts"; await findHelm()' || true

# So is the whole on a real node: kubelet, kube-proxy and CoreDNS are built in the same way, and what else
# a node needs is installed where we may. Nothing is removed for it. Elsewhere its tests say what is missing.
node: $(installed)
	@missing() { node --input-type=module --eval \
	  "import { $$1 } from './tests/e2e/requirements.ts'; process.stdout.write($$1().join(' '))"; }; \
	packages="$$(missing missingPackages)"; \
	if [ -n "$$packages" ] && [ "$$(uname)" = Linux ] && [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
	  echo "installing $$packages (apt-get) ..." >&2; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends --no-remove $$packages > /dev/null; \
	fi; \
	if [ -z "$$(missing missingForNode)" ]; then \
	  node --input-type=module --eval \
	    'import { findNodeBinaries } from "./tests/e2e/node-binaries.ts"; await findNodeBinaries()' || true; \
	fi
