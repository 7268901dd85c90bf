# Every target sets up what it needs. Nothing has to be installed first but Python 3.11 or later and make.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && exit; done; echo python3)
VENV := .venv
MADE := $(VENV)/.landa-made
RUN := $(VENV)/.landa-run
DEV := $(VENV)/.landa-dev
IN := $(VENV)/bin
ARGS ?=

.PHONY: help setup demo smoke test faults pictures check token trace stop clean containers test-containers

help:
	@echo "make demo                    the living town at http://localhost:8400 (another port: LANDA_PORT=8500 make demo)"
	@echo "make token ROLE=coordinator  a bearer token of the running demo, for the API"
	@echo "make trace SUBJECT=id        one event's way through the running demo, with times (one of several: EVENT=id)"
	@echo "make smoke                   the same town without a person: played, compared with the published figures, stopped"
	@echo "make test                    every test, on the same PostgreSQL and Kafka, in three runs at once (some: make test ARGS=tests/deploy)"
	@echo "make faults                  kills, cuts and losses under load, checked (under 20 minutes on two cores); writes docs/proof.md"
	@echo "make pictures                the guide's pictures anew (docs/guide/pictures), from a town whose year has been played"
	@echo "make check                   style, types, who may import whom, contracts"
	@echo "make bench                   measured against peers and floors, into docs/benchmarks.md (half an hour, resumable)"
	@echo "make test-containers         the main journeys in containers, with TLS, accounts and Keycloak (as root: installs Docker)"
	@echo "make containers              the images and secrets of deploy/docker/compose.yaml"
	@echo "make stop                    stop the demo"
	@echo "make clean                   forget the town; downloaded parts stay"

setup: $(RUN)

demo: $(RUN)
	@$(IN)/python -m deploy.local demo

smoke: $(RUN)
	@$(IN)/python -m deploy.local smoke

token: $(RUN)
	@test -n "$(ROLE)" || { echo "Say for whom: make token ROLE=coordinator" >&2; exit 2; }
	@$(IN)/python -m deploy.local token "$(ROLE)"

trace: $(RUN)
	@test -n "$(SUBJECT)" || { echo "Say about which case: make trace SUBJECT=<the id in the case's address>" >&2; exit 2; }
	@$(IN)/python -m deploy.local trace "$(SUBJECT)" $(EVENT)

stop: $(RUN)
	@$(IN)/python -m deploy.local stop

test: $(DEV)
	@$(IN)/python -m tests.run $(ARGS)

# the long ones too, a line per test with its time as it goes; the page is written even when one of them failed
faults: export LANDA_PROOF ?= $(VENV)/.landa-proof.jsonl
faults: $(DEV)
	@rm -f "$(LANDA_PROOF)"
	@$(IN)/python -m pytest tests/faults -m "" -v --durations=0 --durations-min=1 $(ARGS); tests=$$?; \
	$(IN)/python -m tests.faults.proof; proof=$$?; test $$tests -eq 0 -a $$proof -eq 0

# the guide's, and the README's, from a town whose year has been played; about three minutes
pictures: $(DEV)
	@$(IN)/python -m pytest -m pictures tests/guide -q $(ARGS)

check: $(DEV)
	@echo "format";    $(IN)/ruff format --check .
	@echo "style";     $(IN)/ruff check .
	@echo "types";     $(IN)/mypy
	@echo "imports";   $(IN)/lint-imports
	@echo "contracts"; $(IN)/python -m shared.contracts.check

containers: $(DEV)
	@deploy/docker/daemon
	@$(IN)/python -m deploy.docker prepare > deploy/docker/images.env.new && mv deploy/docker/images.env.new deploy/docker/images.env
	@$(IN)/python -m deploy.docker secrets

test-containers: $(DEV)
	@deploy/docker/daemon
	@$(IN)/python -m pytest -m containers tests/containers $(ARGS)

clean:
	@if [ -x $(IN)/python ] && [ -f $(RUN) -o -f $(DEV) ]; then $(IN)/python -m deploy.local clean; \
	else echo "nothing is set up, so there is nothing to forget"; fi

$(MADE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Landa needs Python 3.11 or later, and '$(PYTHON)' is not one. Name yours: make PYTHON=/path/to/python3.12 demo" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "This Python cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv, then try again." >&2; exit 2; }
	@echo "making the virtual environment $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# the stamps hold when the lock they were made from is older
$(RUN): requirements.lock | $(MADE)
	@echo "installing the packages of requirements.lock, each checked against its sum (about 20 s the first time)"
	@$(IN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	@touch $@

$(DEV): requirements-dev.lock | $(MADE)
	@echo "installing the packages of requirements-dev.lock, each checked against its sum (about 40 s the first time)"
	@$(IN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-dev.lock
	@touch $@ $(RUN)

.PHONY: contracts lock
contracts: $(DEV)
	@$(IN)/python -m shared.contracts.check --write

# new pins: hashes, no addresses
lock: $(DEV)
	@$(IN)/python -m pip install --quiet uv
	@for lock in "requirements.lock --extra local" "requirements-dev.lock --extra local --extra dev -c requirements.lock" \
		"deploy/docker/requirements.lock --extra image -c requirements.lock"; do \
		$(IN)/uv pip compile -q --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
			--universal --python-version 3.11 pyproject.toml -o $$lock; done

.PHONY: verify
verify: $(RUN)
	@$(IN)/python -m deploy.verify $(ARGS)

# Peers live in environments of their own: their packages are none of the product's, and some exclude each other.
.PHONY: bench bench-smoke bench-peers bench-lock
PEERS := outbox quix faust eventsourcing alchemy
PEER_STAMPS := $(PEERS:%=.venv-bench-%/.landa-made)

bench: $(DEV) $(PEER_STAMPS)
	@$(IN)/python -m tests.bench $(ARGS)

bench-smoke: $(DEV) $(PEER_STAMPS)
	@$(IN)/python -m tests.bench --quick $(ARGS)

bench-peers: $(PEER_STAMPS)

.venv-bench-%/.landa-made: tests/bench/requirements-%.lock | $(MADE)
	@echo "installing the peer $* into .venv-bench-$*"
	@$(PYTHON) -m venv .venv-bench-$*
	@.venv-bench-$*/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $<
	@touch $@

bench-lock: $(DEV)
	@$(IN)/python -m pip install --quiet uv
	@for peer in $(PEERS); do $(IN)/uv pip compile -q --generate-hashes --no-header --no-annotate --no-emit-index-url \
		--no-emit-find-links --universal --python-version 3.11 tests/bench/requirements-$$peer.in \
		-o tests/bench/requirements-$$peer.lock; done
