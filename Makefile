# The commands. Each target calls one verb of scripts/; `make help` lists them.
#
#   CLOUD=local|aws   the cloud to use (default aws); `make cloud-up` starts the local cloud
#   ENV=name          the environment of terraform/environments/ (default: local, or dev on AWS)
#   PYTHON=python3.12 the Python for .venv
#   FOR=aws           for `make setup`: only the packages that AWS needs, without TensorFlow and the local cloud
#   INTERRUPT=30s,90s with CLOUD=local: takes the instances of a spot job away (docs/resume.md)
#
# The values that you type (HP, JOB, RUN …) reach the verbs unchanged, in environment variables. They must not be in a
# recipe: make and the shell would execute commands inside them. $(value X) is X unexpanded, and `unexport X` prevents
# that make expands X for the recipe's environment.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
VENV := .venv/bin/python

CLOUD_NAME := $(or $(value CLOUD),aws)
ENV_DEFAULT := $(if $(filter local,$(CLOUD_NAME)),local,dev)

APPROVE_TEXT := $(value APPROVE)
BASE_TEXT := $(value BASE)
CLOUD_TEXT := $(CLOUD_NAME)
CODE_TEXT := $(value CODE)
CONFIRM_TEXT := $(value CONFIRM)
DRY_RUN_TEXT := $(value DRY_RUN)
ENV_TEXT := $(or $(value ENV),$(ENV_DEFAULT))
FAULTS_TEXT := $(value FAULTS)
HOSTS_TEXT := $(value HOSTS)
HP_TEXT := $(value HP)
IMAGE_TEXT := $(value IMAGE)
INSTANCES_TEXT := $(value INSTANCES)
INTERRUPT_TEXT := $(value INTERRUPT)
JOB_TEXT := $(value JOB)
KILLS_TEXT := $(value KILLS)
LIST_TEXT := $(value LIST)
LOCK_TEXT := $(value LOCK)
NAME_TEXT := $(value NAME)
PROGRAM_TEXT := $(or $(value PROGRAM),train.py)
RUN_TEXT := $(value RUN)
SEED_TEXT := $(value SEED)
TUNING_TEXT := $(value TUNING)
UPDATE_TEXT := $(value UPDATE)
YES_TEXT := $(value YES)
export APPROVE_TEXT BASE_TEXT CLOUD_TEXT CODE_TEXT CONFIRM_TEXT DRY_RUN_TEXT ENV_TEXT FAULTS_TEXT HOSTS_TEXT HP_TEXT
export IMAGE_TEXT INSTANCES_TEXT INTERRUPT_TEXT JOB_TEXT KILLS_TEXT LIST_TEXT LOCK_TEXT NAME_TEXT PROGRAM_TEXT RUN_TEXT
export SEED_TEXT TUNING_TEXT UPDATE_TEXT YES_TEXT
unexport APPROVE BASE CLOUD CODE CONFIRM DRY_RUN ENV FAULTS FOR HOSTS HP IMAGE INSTANCES INTERRUPT JOB KILLS LIST LOCK
unexport NAME PROGRAM RUN SEED TUNING UPDATE YES

define newline


endef

# Only this place selects the cloud. The verbs read AWS's standard variables, wherever these point.
# PACKAGES is the stamp of the packages that a verb needs: with AWS, neither the trainer nor the local cloud runs here.
ifeq ($(CLOUD_NAME),local)
PACKAGES := .venv/installed
VERB := $(VENV) -m scripts.cloud exec -- $(VENV) -m
else ifeq ($(CLOUD_NAME),aws)
PACKAGES := .venv/installed-aws
VERB := $(VENV) -m
ifeq ($(ENV_TEXT),local)
$(error ENV=local is for the local cloud only: its buckets may be deleted with all their objects.$(newline)Set \
CLOUD=local, or name another environment with ENV=)
endif
ifneq ($(INTERRUPT_TEXT),)
$(error INTERRUPT is for the local cloud only: on AWS nobody can order the interruption of a spot job.$(newline)Set \
CLOUD=local to rehearse it, or leave INTERRUPT out)
endif
else
$(error CLOUD is neither local nor aws.$(newline)Set CLOUD=local to rehearse on this machine, CLOUD=aws for \
your account)
endif

FOR_NAME := $(or $(value FOR),all)
ifeq ($(FOR_NAME),all)
SETUP := .venv/installed-dev
else ifeq ($(FOR_NAME),aws)
SETUP := .venv/installed-aws
else
$(error FOR is not aws.$(newline)Set FOR=aws to install only the packages that AWS needs, or leave FOR out to install all)
endif

##@ Try it: offline and free
.PHONY: demo demo-tune prove-resume
demo: .venv/installed ## Train a model on the local cloud, in containers if possible [INSTANCES=2 BASE=]
	@$(VENV) -m scripts.demo
demo-tune: .venv/installed ## Search hyperparameters on the local cloud: eight short jobs as processes, and a report
	@$(VENV) -m scripts.demo_tune
prove-resume: CLOUD_TEXT := $(or $(value CLOUD),local)
prove-resume: ENV_TEXT := $(or $(value ENV),local)
prove-resume: .venv/installed ## Interrupt a training job and compare [JOB= KILLS=3 HP= YES=1; our own: KILLS=3 HOSTS=2 SEED=]
	@$(VENV) -m scripts.prove_resume

##@ From a training script to a model (CLOUD=local: rehearse)
.PHONY: new plan infra unlock base image data train shell tune report tunings logs stop resume jobs prices sweep model destroy
new: $(PACKAGES) ## Write a job file for a training script of your own [NAME= CODE=../my-project PROGRAM=train.py]
	@$(VENV) -m scripts.new
plan: $(PACKAGES) ## Plan the changes of `make infra`, and review them on one page [ENV= YES=1]
	@$(VERB) scripts.plan stack
infra: $(PACKAGES) ## Build the infrastructure: apply the plan of `make plan`, or plan and ask [ENV= YES=1 APPROVE=]
	@$(VERB) scripts.infra apply
unlock: $(PACKAGES) ## Remove the lock that a killed command left on Terraform's state [ENV= LOCK=]
	@$(VERB) scripts.infra unlock
base: $(PACKAGES) ## Pull the base image of the trainer's image: AWS's or another [JOB= BASE= LIST=1 UPDATE=1]
	@$(VERB) scripts.base
image: $(PACKAGES) ## Build a job's image and push it to ECR, unless it is there [JOB= BASE= YES=1]
	@$(VERB) scripts.image
data: $(PACKAGES) ## Upload a job's local channels to the data bucket: only changed files [JOB= YES=1]
	@$(VERB) scripts.data
train: $(PACKAGES) ## Run a training job and download its model [JOB= HP="epochs=3" IMAGE= INSTANCES= DRY_RUN=1 YES=1]
	@$(VERB) scripts.train
tune: $(PACKAGES) ## Search hyperparameters with many jobs, download the best model [JOB= HP="epochs=3" IMAGE= INSTANCES= DRY_RUN=1 YES=1]
	@$(VERB) scripts.tune
report: $(PACKAGES) ## Make a tuning's report again, with its best model and a job file with the best values [TUNING=]
	@$(VERB) scripts.report
tunings: $(PACKAGES) ## List the tunings, the newest first [JOB=]
	@$(VERB) scripts.tunings
shell: $(PACKAGES) ## Open a shell in a job's container, with its local channels [JOB= HP="epochs=3" IMAGE=]
	@$(VERB) scripts.shell
logs: $(PACKAGES) ## Follow a training job's log, or print that of an ended job; or follow a tuning [RUN= TUNING=]
	@$(VERB) scripts.logs
stop: $(PACKAGES) ## Stop a training job or a tuning; the models so far are kept [RUN= TUNING=]
	@$(VERB) scripts.stop
resume: $(PACKAGES) ## Resume a stopped or failed training job in a new job [RUN= HP="epochs=20" DRY_RUN=1]
	@$(VERB) scripts.resume
jobs: $(PACKAGES) ## List the training jobs, the newest first
	@$(VERB) scripts.jobs
prices: $(PACKAGES) ## Ask AWS's Price List what instances cost in this region [UPDATE=1]
	@$(VERB) scripts.prices
sweep: $(PACKAGES) ## List what costs money or space and has no use, and remove it after you confirm [ENV= YES=1]
	@$(VERB) scripts.sweep
model: $(PACKAGES) ## Download and unpack a training job's model, or a tuning's best, into runs/ [RUN= TUNING=]
	@$(VERB) scripts.model
destroy: $(PACKAGES) ## Review and destroy the infrastructure; asks for the environment's name [ENV= CONFIRM=]
	@$(VERB) scripts.infra destroy

##@ The local cloud
.PHONY: cloud-up cloud-faults cloud-down cloud-status cloud-clean cloud-env digits
cloud-up: .venv/installed ## Start the local cloud on 127.0.0.1 [FAULTS=]
	@$(VENV) -m scripts.cloud up
cloud-faults: .venv/installed ## Let calls to it fail from now on, as AWS and networks do; empty: none [FAULTS=]
	@$(VENV) -m scripts.cloud faults
cloud-down: .venv/installed ## Stop it and delete everything it holds, except image layers [YES=1]
	@$(VENV) -m scripts.cloud down
cloud-status: .venv/installed ## Print its address, its start, how jobs run, its faults and what it holds
	@$(VENV) -m scripts.cloud status
cloud-clean: .venv/installed ## Delete the image layers that are kept for the next local cloud
	@$(VENV) -m scripts.cloud clean
cloud-env: ENV_TEXT := $(or $(value ENV),local)
cloud-env: .venv/installed ## Print the variables that point a shell at it: eval "$$(make -s cloud-env)"
	@$(VENV) -m scripts.cloud env
digits: .venv/installed ## Write the handwritten digits as PNG files to data/digits/
	@$(VENV) -m scripts.digits

# Three workers, one file of tests each at a time: on two processors, one of them mostly waits. The tests' bytecode is kept: compiling it takes 3 s. Terraform and its
# provider collect garbage only above 2 GiB: that is a third of their CPU time.
PYTEST := PYTHONDONTWRITEBYTECODE= GOGC=off GOMEMLIMIT=2GiB $(VENV) -m pytest -n 3 --dist loadfile --no-loadscope-reorder

##@ Working on Trainyard itself
.PHONY: setup test test-fast lint format requirements clean help
setup: $(SETUP) ## Install all packages into .venv, or only those for AWS [FOR=aws]
test: .venv/installed-dev ## Run all tests
	@$(PYTEST)
test-fast: .venv/installed-dev ## Run the quick tests, about a minute together
	@$(PYTEST) -m "not e2e" --hypothesis-profile quick tests/unit tests/errors
lint: .venv/installed-dev ## Check style, types, imports, workflows and Terraform
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy
	@.venv/bin/mypy --python-version 3.10 trainer trainyard # the Python of its oldest base image
	@.venv/bin/mypy actions
	@.venv/bin/lint-imports --no-cache
	@.venv/bin/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml docs/examples/*.yml
	@.venv/bin/check-jsonschema --quiet --builtin-schema vendor.github-actions actions/*/action.yml
	@terraform fmt -check -diff -recursive terraform
	@$(VENV) -m scripts.infra validate
format: .venv/installed-dev ## Format Python and Terraform files
	@.venv/bin/ruff check --fix --quiet
	@.venv/bin/ruff format
	@terraform fmt -recursive terraform
# The later files get the versions of requirements.txt.
COMPILE := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
  --custom-compile-command "make requirements"
requirements: .venv/installed-aws ## Pin the packages of requirements*.in again
	@$(COMPILE) requirements.in --output-file requirements.txt
	@$(COMPILE) requirements-aws.in --constraints requirements.txt --output-file requirements-aws.txt
	@$(COMPILE) pyproject.toml --constraints requirements.txt --output-file requirements-review.txt
	@$(COMPILE) requirements-dev.in --constraints requirements.txt --output-file requirements-dev.txt
	@$(COMPILE) requirements-awscli.in --output-file requirements-awscli.txt
	@$(COMPILE) requirements-toolkit.in --output-file requirements-toolkit.txt
	@$(COMPILE) requirements-scanners.in --output-file requirements-scanners.txt
	@$(COMPILE) requirements-boto3.in --output-file requirements-boto3.txt
	@$(COMPILE) requirements-sdk2.in --output-file requirements-sdk2.txt
	@$(COMPILE) requirements-sdk3.in --output-file requirements-sdk3.txt
clean: ## Delete all generated files except data/ and runs/; stops the local cloud
	@if test -x $(VENV); then $(VENV) -m scripts.cloud down; fi
	@rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis
help: ## List the targets
	@awk -f scripts/help.awk $(MAKEFILE_LIST)

# Each of these builds on the one before.
.venv/installed-aws: requirements-aws.txt scripts/venv.py
	@$(PYTHON) scripts/venv.py requirements-aws.txt
	@touch $@
.venv/installed: requirements.txt .venv/installed-aws
	@$(PYTHON) scripts/venv.py requirements.txt
	@touch $@
.venv/installed-dev: requirements-dev.txt .venv/installed
	@$(PYTHON) scripts/venv.py requirements-dev.txt
	@touch $@
