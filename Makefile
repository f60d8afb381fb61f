PY := .venv/bin/python
.DEFAULT_GOAL := help
export LIGHT

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.PHONY: setup
setup: ## prepare the checkout (done by every other target)
	@python3 bin/setup

.PHONY: setup-dev
setup-dev:
	@python3 bin/setup --dev

.PHONY: run
run: setup ## serve the whole product at http://127.0.0.1:8000 (LIGHT=1 leaves torch out)
	@$(PY) -m webapp

.PHONY: test
test: setup-dev ## run all tests, in two processes
	@$(PY) -m pytest -n 2 --dist loadscope --no-loadscope-reorder $(ARGS)

.PHONY: lint
lint: setup-dev ## every check of Python, JavaScript, templates, shell and imports; known weaknesses of libraries
	@$(PY) bin/lint

.PHONY: translations
translations: setup ## bring the catalogs of translations in step with what the product says
	@$(PY) -m webapp.ops.catalogs

.PHONY: extension
extension: setup ## write the browser extension's archives into dist/
	@$(PY) bin/extension

.PHONY: evaluate
evaluate: setup ## repeat the accuracy figures: CORPUS=folder with real/ and ai/ (or a CSV) ARGS="--sample 500"
	@test -n "$(CORPUS)" || { echo "Name the pictures: make evaluate CORPUS=folder"; exit 2; }
	@$(PY) -m training.evaluate "$(CORPUS)" $(ARGS)

.PHONY: doctor
doctor: setup ## look at this machine: what is well, what is missing, what stands in the way
	@$(PY) -m webapp.ops.doctor

.PHONY: bench
bench: setup-dev ## measure speed and memory (ratios in one run)
	@$(PY) -m bench

.PHONY: load
load: setup-dev ## what the server holds: large, slow, many, hostile uploads (PARTS="posts redis")
	@$(PY) -m bench load $(PARTS)

.PHONY: chaos
chaos: setup-dev ## 500 jobs while workers and Redis are killed (JOBS=100), then 20 minutes of mixed files
	@$(PY) -m bench chaos soak
