.DEFAULT_GOAL := help
.NOTPARALLEL:
.SUFFIXES:

# The first Python here that is new enough; `make PYTHON=/path/to/python3` names another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
NEED_PYTHON = $(or $(PYTHON),false) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo "$@: Python 3.11 or newer is needed; make PYTHON=... names one" >&2; exit 1; }
PY := .venv/bin/python
PENSTOCK := .venv/bin/penstock
SAM := SAM_CLI_TELEMETRY=0 .cloud/venv/bin/sam
UV ?= uv
EXPORT = $(UV) export --quiet --frozen --no-header --no-annotate --no-emit-project

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

# ---- set-up: nothing but Python 3.11 and make is needed ----------------------------------------

.PHONY: setup
setup: ## make the virtual environments, the sandbox's guest and the local cloud's layers (the other targets do it too)
	@$(NEED_PYTHON)
	@$(PYTHON) -m infra.build.setup

# ---- the daily round ---------------------------------------------------------------------------

.PHONY: check static fmt lint types imports advisories scan unit
check: static unit ## all that needs no cloud: what every commit passes
static: lint types imports validate scan advisories ## what needs no test: lint, types, imports, template, pinned packages
fmt: setup ## format, and mend what can be mended
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .
lint: setup ## ruff: rules and format
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
types: setup ## mypy --strict
	$(PY) -m mypy
imports: setup ## who may import whom
	.venv/bin/lint-imports
advisories: setup ## what is known against the pinned packages; says when the list has grown old
	@$(PY) -m infra.build.advisories
scan: setup ## checkov and parliament on the template; what a stack accepts, it says with a reason
	@$(PY) -m infra.scan
unit: setup ## tests that need no cloud
	$(PY) -m pytest

.PHONY: test test-pythons test-emulators test-upgrade e2e chaos game-day fuzz demo removal bench
# Beside the run through the local cloud, which waits most of its time, two parts of the other tests:
# for two cores. A third comes behind that run. The part that takes longest is the one to be watched.
PART = tests/sandbox tests/flows/warehouse tests/unit/cli tests/unit/infra
BEHIND = tests/unit/runtime
ALONE = not e2e and not chaos and not emulators and not upgrade and not pythons and not game_day
REST = $(addprefix --ignore=,$(PART) $(BEHIND))
test: setup ## every test, with one run through the local cloud
	@$(PY) -m infra.build.venvs contract
	@mkdir -p .local; \
	( $(PY) -m pytest -m e2e; cloud=$$?; \
	  $(PY) -m pytest -m "$(ALONE)" $(BEHIND); exit $$((cloud || $$?)) ) \
	  > .local/tests-cloud.log 2>&1 & cloud=$$!; \
	$(PY) -m pytest -m "$(ALONE)" $(PART) > .local/tests-part.log 2>&1 & part=$$!; \
	trap 'kill $$cloud $$part' INT TERM; \
	echo "two thirds of the tests run beside these, into .local/tests-cloud.log and .local/tests-part.log"; \
	$(PY) -m pytest -m "$(ALONE)" $(REST); rest=$$?; \
	wait $$cloud; cloud=$$?; wait $$part; part=$$?; \
	cat .local/tests-cloud.log .local/tests-part.log; \
	grep -hE '^(FAILED|ERROR) ' .local/tests-cloud.log .local/tests-part.log; \
	exit $$((cloud || part || rest))
test-pythons: setup ## the hostile functions in every jail, under this Python and the other (3.11, 3.13)
	$(PY) -m pytest -m "" -rs tests/sandbox/test_corpus.py tests/sandbox/test_other_python.py
test-emulators: setup ## the stores on Amazon's DynamoDB Local and on ElasticMQ; needs Java and Maven
	@$(PY) -m infra.build.jars
	$(PY) -m pytest -m emulators
test-upgrade: setup ## upgrade the release before, roll it back, delete it; lose everything and rebuild it: what every release has to pass
	$(PY) -m pytest -m upgrade
e2e: setup ## only the run through the local cloud
	@$(PY) -m infra.build.venvs contract
	$(PY) -m pytest -m e2e
chaos: setup ## kill, redeliver, throttle, set clocks: nothing may be lost, nor doubled without a reason
	$(PY) -m pytest -m chaos
game-day: setup ## let things go wrong on a local cloud, by a clock that is moved; write the page
	$(PY) -m pytest -m game_day -s tests/game_day
fuzz: setup ## a minute of coverage-guided fuzzing of the sandbox's protocol
	@$(PY) -m infra.build.venvs fuzz
	.cloud/fuzz/bin/python tests/sandbox/fuzz_wire.py -dict=tests/sandbox/fuzz_wire.dict \
		-max_total_time=60 -max_len=4096
demo: setup ## the whole job on real input, on this machine
	$(PENSTOCK) demo
removal: setup ## take each statement of each role away, see what fails, write the page; FLAGS="--role FanoutRole" or --missing
	$(PY) -m infra.removal $(FLAGS)
bench: setup ## measure, and write docs/reference/performance.md; SECTIONS="init operations" names some
	$(PY) -m bench $(SECTIONS)

# ---- what ships ---------------------------------------------------------------------------------

.PHONY: sbom audit
sbom: setup ## list the packages of each bundle as CycloneDX, with hashes and licences, in build/sbom
	@$(PY) -m infra.scan.sbom
audit: setup ## ask PyPI what is known against the packages that ship; says what it could not ask
	@$(PY) -m infra.scan.audit

# ---- for those who receive ---------------------------------------------------------------------

.PHONY: build-receiver
build-receiver: ## build what receivers install into build/receiver; needs nothing but Python
	@$(NEED_PYTHON)
	@$(PYTHON) -m infra.build.receiver build/receiver

# ---- the real cloud ----------------------------------------------------------------------------

.PHONY: validate build deploy
validate: setup ## lint the template and its stacks
	$(SAM) validate --lint
	.cloud/venv/bin/cfn-lint infra/stacks/*.yaml
# Whose part of samconfig.toml counts: both commands read the parameters there.
STAGE ?= dev
build: setup ## build the bundles for Lambda, with the parameters of STAGE=dev, staging or prod
	$(SAM) build --config-env $(STAGE)
deploy: build ## deploy to the AWS account of your credentials; STAGE=prod asks before it changes anything
	$(SAM) deploy --config-env $(STAGE)

# ---- housekeeping ------------------------------------------------------------------------------

.PHONY: lock clean
lock: ## resolve all dependencies anew and export the locks (needs uv)
	$(UV) lock
	$(EXPORT) --all-groups --output-file requirements/dev.txt >/dev/null
	$(EXPORT) --no-dev --prune boto3 --prune duckdb --prune psycopg --prune python-tds --prune pyyaml --prune restrictedpython --prune typer \
		--output-file requirements/layer.txt >/dev/null
	$(EXPORT) --no-dev --prune boto3 --prune aws-lambda-powertools --prune cryptography \
		--prune certifi --prune h11 --prune httpx --prune phonenumberslite --prune pydantic --prune pyyaml --prune restrictedpython --prune typer \
		--output-file requirements/warehouse.txt >/dev/null
	$(EXPORT) --no-dev --prune boto3 --prune aws-lambda-powertools --prune cryptography \
		--prune duckdb --prune phonenumberslite --prune psycopg --prune pydantic --prune python-tds --prune pyyaml --prune typer \
		--output-file requirements/sandbox.txt >/dev/null
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate requirements/cloud.in --output-file requirements/cloud.txt >/dev/null
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate requirements/contract.in --output-file requirements/contract.txt >/dev/null
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate requirements/peers.in --output-file requirements/peers.txt >/dev/null
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate requirements/warehouse-peer.in --output-file requirements/warehouse-peer.txt >/dev/null
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate requirements/fuzz.in --output-file requirements/fuzz.txt >/dev/null
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate requirements/scan.in --output-file requirements/scan.txt >/dev/null
	for name in guest-tools engine; do $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate requirements/$$name.in --output-file requirements/$$name.txt >/dev/null || exit 1; done
	$(UV) pip compile --quiet --python-version 3.14 --python-platform x86_64-manylinux_2_28 --generate-hashes \
		--no-header --no-annotate requirements/guest.in --output-file requirements/guest.txt >/dev/null
	$(PYTHON) -m infra.build.guest lock
clean: ## end the local cloud and remove everything that is not committed
	@test ! -x $(PENSTOCK) || $(PENSTOCK) local down
	rm -rf .venv .cloud .local .aws-sam build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
