# Shortcuts only: every command below also runs without make.
SHELL := bash
.DEFAULT_GOAL := help
STEP ?= 1

# Your own Go settings may not fit this workspace. GOFLAGS needs a value here: an empty
# one wouldn't override what go env -w has saved.
export GOFLAGS := -buildvcs=false
export GO111MODULE := on
export GOOS := $(shell go env GOHOSTOS 2>/dev/null)
export GOARCH := $(shell go env GOHOSTARCH 2>/dev/null)
unexport GOWORK

MODULES := shared shared/workshop shared/apm step01 step02 step03 step04 step05
COMPOSE := $(shell command -v docker-compose >/dev/null && echo docker-compose || echo docker compose)
TOOLS := .workshop/tools
# The race detector needs a C compiler.
RACE := $(shell command -v $$(go env CC) >/dev/null 2>&1 && echo -race)
# Many tests wait for services, so one package more than the default runs at a time on two
# processors. make ci runs go vet by itself.
TEST := REDIS_TIMEOUT=2s go test -v $(RACE) -count=1 -timeout 10m -vet=off -p $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))

.PHONY: help
help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

# The workshop command. Go rebuilds it if it has changed.
define workshop
@[ -e .workshop/bin/workshop ] || echo "building the workshop command (first time only)" >&2
@GOWORK='$(CURDIR)/go.work' go build -v -o .workshop/bin/ ./shared/workshop/cmd/workshop && exec .workshop/bin/workshop
endef

.PHONY: up
up: ## Start a step and show its traces: make up STEP=3
	$(workshop) up --step $(STEP)

.PHONY: think
think: ## Send a request and show its trace: make think SUBJECT="war music"
	$(workshop) think $(or $(SUBJECT),war)

.PHONY: doctor
doctor: ## Find out why there is no trace.
	$(workshop) doctor

.PHONY: load
load: ## Send many requests and measure them: make load RPS=5,20,50
	$(workshop) load --rps $(or $(RPS),20)

.PHONY: try
try: ## Make your own copy of a step's starting code: make try STEP=2
	$(workshop) try $(STEP)

.PHONY: diff
diff: ## Show what a step changes, and why: make diff STEP=3
	$(workshop) diff $(STEP)

.PHONY: check
check: ## Check your code for a step: make check STEP=2
	$(workshop) check $(STEP) $(if $(DIR),--dir '$(DIR)')

.PHONY: status
status: ## Show which steps you have completed, and what to do next.
	$(workshop) status

.PHONY: down
down: ## Stop the containers of docker-compose up.
	$(COMPOSE) down

.PHONY: fetch
fetch: ## Download and build everything now, so you need no network later.
	go build -o .workshop/bin/ ./shared/workshop/cmd/workshop
	go build $(MODULES:%=./%/...)

.PHONY: test
test: ## Run every test that this machine can run, and list the others.
	@$(if $(RACE),,echo "skipped: the race detector, because there is no C compiler")
	@# Tests that build a step have two minutes, which is enough if the libraries are built.
	@go build $(MODULES:%=./%/...) && go build $(RACE) $(filter ./step%,$(MODULES:%=./%/...))
	@set -o pipefail; $(TEST) $(MODULES:%=./%/...) | awk -f .ci/report.awk

.PHONY: test-step1 test-step2 test-step3 test-step4 test-step5
test-step1: ## Test step 1 and its traces. Likewise test-step2 to test-step5.
test-step1 test-step2 test-step3 test-step4 test-step5: test-step%:
	@set -o pipefail; $(TEST) ./step0$*/... | awk -f .ci/report.awk
	@set -o pipefail; $(TEST) -run '/step0$*' ./shared/workshop/lesson | awk -f .ci/report.awk

.PHONY: ci
ci: tidy-check format-check vet staticcheck vulnerabilities ## Run every check of the public CI, without skipping a test.
	@$(if $(RACE),,echo "The race detector needs a C compiler. Install one, such as gcc"; exit 1)
	@CI=true $(MAKE) --no-print-directory words
	@CI=true $(MAKE) --no-print-directory test; status=$$?; if [ -e $(UNCHECKED) ]; then cat $(UNCHECKED); fi; exit $$status

.PHONY: words
words: $(TOOLS) ## Check the spelling, links and phrases of every text.
	@files=$$(git ls-files --cached --others --exclude-standard | grep -Ev '(^|/)go(\.work)?\.sum$$|^\.ci/words$$' | while read -r file; do [ ! -f "$$file" ] || echo "$$file"; done); \
	  $(TOOLS)/misspell -error $$files || exit; \
	  if command -v codespell >/dev/null; then codespell --ignore-words .ci/words $$files; \
	  else echo "skipped: codespell is not installed"; [ -z "$$CI" ]; fi
	@go test -count=1 -run 'Links|Phrases' ./shared/workshop/rules

.PHONY: bench
bench: ## Measure the speed and memory of the workshop and the agent.
	go test -run '^$$' -bench 'Up|Check|Save|TraceOnPage' -benchtime 10x ./shared/workshop/bench
	go test -run '^$$' -bench 'Hit|Miss' -benchtime 300x ./shared/workshop/bench
	go test -v -run '^$$' -bench . -benchtime 1x -timeout 20m ./shared/apm/bench
	go test -v -run '^$$' -bench . -benchtime 1x -timeout 20m ./shared/workshop/pages

.PHONY: pictures
pictures: ## Draw the READMEs' pictures from recorded traces.
	go test -count=1 ./shared/workshop/pictures -run TestDraw -update

.PHONY: tidy
tidy: ## Make all modules use the same versions.
	go work sync
	@for module in $(MODULES); do (cd $$module && GOWORK=off go mod tidy) || exit; done

.PHONY: tidy-check
tidy-check:
	@for module in $(MODULES); do (cd $$module && GOWORK=off go mod tidy -diff) || exit; done

.PHONY: format-check
format-check:
	@# Only git's files: a learner's copies in .workshop may look as they like.
	@files=$$(git ls-files --cached --others --exclude-standard '*.go'); \
	  test -z "$$(gofmt -l $$files)" || { gofmt -d $$files; exit 1; }

.PHONY: vet
vet:
	go vet $(MODULES:%=./%/...)
	@for module in $(MODULES); do (cd $$module && GOWORK=off go build ./...) || exit; done

.PHONY: staticcheck
staticcheck: $(TOOLS)
	$(TOOLS)/staticcheck $(MODULES:%=./%/...)

# govulncheck needs the network. The public CI sets VULNERABILITIES=required, so it fails
# without one.
UNCHECKED := $(TOOLS)/unchecked
.PHONY: vulnerabilities
vulnerabilities: $(TOOLS)
	@rm -f $(UNCHECKED); \
	if curl -sf -m 10 -o /dev/null https://vuln.go.dev/index/db.json; then $(TOOLS)/govulncheck $(MODULES:%=./%/...); \
	else echo "!!! govulncheck did NOT run: https://vuln.go.dev can't be reached. Run 'make vulnerabilities' on a machine with network access." | tee $(UNCHECKED); \
	  [ "$(VULNERABILITIES)" != required ]; fi

$(TOOLS): .ci/tools/go.mod
	@mkdir -p $@
	cd .ci/tools && GOWORK=off go build -o ../../$@/ tool
	@touch $@
