# What a person types. Each target calls one verb of scripts/; `make help` lists them.
#
#   CLOUD=local|aws   where it happens (default aws); `make cloud-up` starts the local cloud
#   ENV=name          the environment of terraform/environments/ (default: local, or dev on AWS)
#   PYTHON=python3.12 the Python that .venv is made with
#
# Values that a person types (HP, JOB, RUN …) reach the verbs in the environment, as they were typed. They never
# stand in a recipe, where make and the shell would run what is in them: $(value X) is X unexpanded, and
# `unexport X` keeps make from expanding it for the recipe's environment.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
VENV := .venv/bin/python

CLOUD_NAME := $(or $(value CLOUD),aws)
ENV_DEFAULT := $(if $(filter local,$(CLOUD_NAME)),local,dev)

APPROVE_TEXT := $(value APPROVE)
BASE_TEXT := $(value BASE)
CONFIRM_TEXT := $(value CONFIRM)
DRY_RUN_TEXT := $(value DRY_RUN)
ENV_TEXT := $(or $(value ENV),$(ENV_DEFAULT))
HOSTS_TEXT := $(value HOSTS)
HP_TEXT := $(value HP)
IMAGE_TEXT := $(value IMAGE)
INSTANCES_TEXT := $(value INSTANCES)
JOB_TEXT := $(value JOB)
KILLS_TEXT := $(value KILLS)
LIST_TEXT := $(value LIST)
RUN_TEXT := $(value RUN)
SEED_TEXT := $(value SEED)
UPDATE_TEXT := $(value UPDATE)
YES_TEXT := $(value YES)
export APPROVE_TEXT BASE_TEXT CONFIRM_TEXT DRY_RUN_TEXT ENV_TEXT HOSTS_TEXT HP_TEXT IMAGE_TEXT INSTANCES_TEXT JOB_TEXT
export KILLS_TEXT LIST_TEXT RUN_TEXT SEED_TEXT UPDATE_TEXT YES_TEXT
unexport APPROVE BASE CLOUD CONFIRM DRY_RUN ENV HOSTS HP IMAGE INSTANCES JOB KILLS LIST RUN SEED UPDATE YES

define newline


endef

# The one place that knows which cloud is meant: a verb reads AWS's standard variables, wherever they point.
ifeq ($(CLOUD_NAME),local)
VERB := $(VENV) -m scripts.cloud exec -- $(VENV) -m
else ifeq ($(CLOUD_NAME),aws)
VERB := $(VENV) -m
ifeq ($(ENV_TEXT),local)
$(error ENV=local is for the local cloud only: its buckets may be destroyed with all they hold.$(newline)Say \
CLOUD=local, or name another environment with ENV=)
endif
else
$(error CLOUD is neither local nor aws.$(newline)Say CLOUD=local for the rehearsal on this machine, CLOUD=aws for \
your account)
endif

##@ The whole journey, offline and free
.PHONY: demo prove-resume
demo: .venv/installed ## Train a model on the local cloud, in containers where it can [INSTANCES=2 BASE=]
	@$(VENV) -m scripts.demo
prove-resume: .venv/installed ## Kill a training run at random and see it end as if it never was [KILLS=3 HOSTS=2 SEED=]
	@$(VENV) -m scripts.prove_resume

##@ From a training script to a model (CLOUD=local rehearses)
.PHONY: plan infra base image data train shell logs stop resume jobs model destroy
plan: .venv/installed ## Plan what `make infra` would change, and review it on one page [ENV= YES=1]
	@$(VERB) scripts.plan stack
infra: .venv/installed ## Build what training needs: apply the plan of `make plan`, else plan and ask [ENV= YES=1 APPROVE=]
	@$(VERB) scripts.infra apply
base: .venv/installed ## Pull the image that the trainer's is built on, AWS's or any [JOB= BASE= LIST=1 UPDATE=1]
	@$(VERB) scripts.base
image: .venv/installed ## Build the trainer's image and push it to ECR, unless it is there [JOB= BASE=]
	@$(VERB) scripts.image
data: .venv/installed ## Bring a job's local channels to the data bucket: only what changed [JOB= YES=1]
	@$(VERB) scripts.data
train: .venv/installed ## Run a training job and fetch its model [JOB= HP="epochs=3" IMAGE= INSTANCES= DRY_RUN=1 YES=1]
	@$(VERB) scripts.train
shell: .venv/installed ## Open a shell in a job's container, its local channels mounted [JOB= HP="epochs=3" IMAGE=]
	@$(VERB) scripts.shell
logs: .venv/installed ## Follow a training job's log, or read it again [RUN=]
	@$(VERB) scripts.logs
stop: .venv/installed ## Stop a training job; what it has learnt so far is kept [RUN=]
	@$(VERB) scripts.stop
resume: .venv/installed ## Go on with a stopped or failed training job in a new one [RUN= HP="epochs=20" DRY_RUN=1]
	@$(VERB) scripts.resume
jobs: .venv/installed ## List the training jobs, the newest first
	@$(VERB) scripts.jobs
model: .venv/installed ## Download and unpack a training job's model into runs/ [RUN=]
	@$(VERB) scripts.model
destroy: .venv/installed ## Review and remove the infrastructure; asks for the environment's name [ENV= CONFIRM=]
	@$(VERB) scripts.infra destroy

##@ The local cloud
.PHONY: cloud-up cloud-down cloud-status cloud-clean cloud-env digits
cloud-up: .venv/installed ## Start the local cloud on 127.0.0.1
	@$(VENV) -m scripts.cloud up
cloud-down: .venv/installed ## Stop it; what it holds goes with it, but for the layers of images
	@$(VENV) -m scripts.cloud down
cloud-status: .venv/installed ## Its address, since when it runs, how jobs run and what it holds
	@$(VENV) -m scripts.cloud status
cloud-clean: .venv/installed ## Remove the layers of images that are kept for the next one
	@$(VENV) -m scripts.cloud clean
cloud-env: ENV_TEXT := $(or $(value ENV),local)
cloud-env: .venv/installed ## Point a shell at it: eval "$$(make -s cloud-env)"
	@$(VENV) -m scripts.cloud env
digits: .venv/installed ## Write the handwritten digits as PNG files to data/digits/
	@$(VENV) -m scripts.digits

##@ Working on Trainyard itself
.PHONY: setup test test-fast lint format requirements clean help
setup: .venv/installed .venv/installed-dev ## Make .venv with all that is needed
test: .venv/installed-dev ## Run every test
	@$(VENV) -m pytest -n 2 --dist loadgroup
test-fast: .venv/installed-dev ## Run the quick tests, two minutes together
	@$(VENV) -m pytest -n 2 --dist loadgroup -m "not e2e"
lint: .venv/installed-dev ## Check style, types, imports, workflows and Terraform
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy
	@.venv/bin/mypy --python-version 3.10 trainer # that of the oldest image it is built on
	@.venv/bin/lint-imports --no-cache
	@.venv/bin/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml docs/examples/*.yml
	@terraform fmt -check -diff -recursive terraform
	@$(VENV) -m scripts.infra validate
format: .venv/installed-dev ## Put Python and Terraform files into their standard form
	@.venv/bin/ruff check --fix --quiet
	@.venv/bin/ruff format
	@terraform fmt -recursive terraform
requirements: .venv/installed ## Pin anew what requirements*.in ask for
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	  --custom-compile-command "make requirements" requirements.in --output-file requirements.txt
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	  --custom-compile-command "make requirements" requirements-dev.in --output-file requirements-dev.txt
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	  --custom-compile-command "make requirements" requirements-awscli.in --output-file requirements-awscli.txt
clean: ## Remove what was made here, except data/ and runs/; stops the local cloud
	@if test -x $(VENV); then $(VENV) -m scripts.cloud down; fi
	@rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis
help: ## List the targets
	@awk -f scripts/help.awk $(MAKEFILE_LIST)

.venv/installed: requirements.txt scripts/venv.py
	@$(PYTHON) scripts/venv.py requirements.txt
	@touch $@
.venv/installed-dev: requirements-dev.txt .venv/installed
	@$(PYTHON) scripts/venv.py requirements-dev.txt
	@touch $@
