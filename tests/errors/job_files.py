"""Errors in a job file, and in the hyperparameters of the command line. Channels and `[request]` are apart."""

from tests.errors.case import JOB_FILE, STACK, TRAIN_MISTAKE, TRAINING, Case, file, given, job, mistake


def _hp(title: str, typed: str, problem: str, fix: str) -> Case:
    return Case(JOB_FILE, title, f"make train JOB=digits HP={typed}", problem, fix)


def _ignored(title: str, content: bytes, problem: str, fix: str) -> Case:
    code = given(job('program = "train.py"\ncode = "code-of-mine"'), file("code-of-mine/train.py", ""))
    ignore = file("code-of-mine/.dockerignore", content)
    return Case(JOB_FILE, title, TRAIN_MISTAKE, f"code-of-mine/.dockerignore{problem}", fix, given(code, ignore))


CASES = (
    Case(
        JOB_FILE,
        "no job named",
        "make train",
        "No job is named.",
        "Name one of jobs/ with JOB=. Job files: digits.",
    ),
    Case(
        JOB_FILE,
        "a job file that does not exist",
        "make train JOB=digit",
        "There is no job file jobs/digit.toml.",
        "Did you mean JOB=digits? Job files: digits.",
    ),
    Case(
        JOB_FILE,
        "a variable that is neither yes nor no",
        "make train JOB=digits DRY_RUN=maybe",
        "DRY_RUN: 'maybe' is not a valid boolean. …",
        "Correct DRY_RUN, or leave it out.",
    ),
    Case(
        JOB_FILE,
        "a variable that is not a whole number",
        "make prove-resume KILLS=0",
        "KILLS: 0 is not in the range x>=1.",
        "Correct KILLS, or leave it out.",
    ),
    Case(
        JOB_FILE,
        "a new job file without a name or without code",
        "make new CODE=code-of-mine",
        "No name is given.",
        "For example: `make new NAME=my-job CODE=../my-project PROGRAM=train.py`.",
    ),
    Case(
        JOB_FILE,
        "a new job file with a name that cannot name a job",
        "make new NAME=my_job CODE=code-of-mine",
        "NAME=my_job cannot name a training job: a name has at most 42 letters, digits and hyphens.",
        "For example: NAME=my-job.",
    ),
    Case(
        JOB_FILE,
        "a new job file of a name that is taken",
        "make new NAME=digits CODE=code-of-mine",
        "jobs/digits.toml exists already.",
        "Choose another NAME, or delete the file.",
    ),
    Case(
        JOB_FILE,
        "a new job file for a script that is not Python",
        "make new NAME=mine CODE=code-of-mine",
        "code-of-mine/train.py, line 1 is not Python: '(' was never closed.",
        "Correct it, or name another program.",
        file("code-of-mine/train.py", "print(\n"),
    ),
    Case(
        JOB_FILE,
        "a file name that cannot name a job",
        "make train JOB=my_job",
        "jobs/my_job.toml cannot name a training job: a name has at most 42 letters, digits and hyphens.",
        "Rename the file, for example to my-job.toml.",
        file("jobs/my_job.toml", TRAINING),
    ),
    Case(
        JOB_FILE,
        "invalid TOML",
        TRAIN_MISTAKE,
        "jobs/mistake.toml is not valid TOML: Invalid value (at line 2, column 9).",
        "Correct that line; docs/jobs.md has an example.",
        file("jobs/mistake.toml", "spot = true\nprice = cheap\n"),
    ),
    Case(
        JOB_FILE,
        "a file that is not UTF-8",
        TRAIN_MISTAKE,
        "jobs/mistake.toml is not UTF-8 (byte 18).",
        "Save it as UTF-8.",
        file("jobs/mistake.toml", "# for the scanner \xfc\n".encode("latin-1")),
    ),
    mistake(
        "an unknown key",
        'instance_tipe = "ml.m5.large"',
        "instance_tipe is not a key of a job file.",
        "Did you mean instance_type? Allowed here: …",
    ),
    mistake("a wrong type", 'instance_count = "two"', "instance_count is 'two', and should be a valid integer."),
    mistake(
        "a number out of range",
        "max_runtime_seconds = 0",
        "max_runtime_seconds is 0, and should be greater than or equal to 1.",
    ),
    mistake(
        "a tag that AWS refuses",
        "",
        "tags.Team?: 'Team?' is not allowed: a tag has only letters, digits, spaces and _ . : / = + - @.",
        tables=TRAINING + "[tags]\n'Team?' = 'vision'\n",
    ),
    mistake(
        "an environment variable that SageMaker refuses",
        "",
        "environment.2ND: '2ND' is not allowed: a variable's name has only letters, digits and _.",
        tables=TRAINING + "[environment]\n2ND = 'x'\n",
    ),
    Case(
        JOB_FILE,
        "an instance type that SageMaker does not have",
        TRAIN_MISTAKE,
        "SageMaker has no instance type ml.g4dn.4xlrage for training.",
        "Did you mean ml.g4dn.4xlarge?",
        job('instance_type = "ml.g4dn.4xlrage"'),
        STACK,
    ),
    mistake(
        "spot without checkpoints",
        "spot = true\ncheckpoints = false",
        "spot = true needs checkpoints: without them, each interruption would lose the run.",
    ),
    mistake(
        "spot with a warm pool",
        "spot = true\nkeep_alive_seconds = 600",
        "keep_alive_seconds is refused with spot = true: SageMaker keeps no spot instances.",
    ),
    mistake(
        "a warm pool for more than an hour",
        "keep_alive_seconds = 7200",
        "keep_alive_seconds is 7200, and should be less than or equal to 3600.",
    ),
    mistake(
        "a key for a volume that does not exist",
        'instance_type = "ml.g4dn.xlarge"\nvolume_kms_key = "alias/ours"',
        "volume_kms_key is refused for ml.g4dn.xlarge: local NVMe disks are encrypted already.",
    ),
    mistake(
        "more than 100 hyperparameters",
        "",
        "hyperparameters has 101 entries, and SageMaker accepts at most 100.",
        tables=TRAINING + "[hyperparameters]\n" + "".join(f"h{number} = 1\n" for number in range(101)),
    ),
    mistake(
        "a network that is neither the stack's nor a table",
        'vpc = "mine"',
        "vpc is 'mine', but it must be \"stack\" or a table.",
        'Write the table [vpc] with subnets and security_groups, or vpc = "stack".',
    ),
    mistake(
        "a subnet that is not named by its id",
        'vpc = { subnets = ["private-a"], security_groups = ["sg-0a1b2c3d"] }',
        "vpc.subnets.0: 'private-a' is not allowed: a subnet is named by its id, such as subnet-0a1b2c3d.",
    ),
    mistake(
        "a security group that is not named by its id",
        'vpc = { subnets = ["subnet-0a1b2c3d"], security_groups = ["jobs"] }',
        "vpc.security_groups.0: 'jobs' is not allowed: a security group is named by its id, such as sg-0a1b2c3d.",
    ),
    mistake(
        "a network without security groups",
        'vpc = { subnets = ["subnet-0a1b2c3d"], security_groups = [] }',
        "vpc.security_groups is empty.",
    ),
    mistake(
        "an encryption that is not a boolean", "encrypt_between_instances = 1", "encrypt_between_instances is 1, and …"
    ),
    mistake("a health check that is not a boolean", 'infra_check = "yes"', "infra_check is 'yes', and …"),
    mistake(
        "an invalid output key",
        'output_kms_key = "my key"',
        "output_kms_key: 'my key' is not allowed: a key is named by its id or ARN.",
    ),
    mistake(
        "a compression that SageMaker does not have",
        'output_compression = "zip"',
        "output_compression is 'zip', and should be 'gzip' or 'none'.",
    ),
    mistake("more than 30 retries", "retries = 31", "retries is 31, and should be less than or equal to 30."),
    mistake("an entry point that is not a list", 'entrypoint = "python"', "entrypoint is 'python', and …"),
    mistake(
        "an entry point with a line break",
        'entrypoint = ["sh", "-c", "a\\nb"]',
        "entrypoint.2: 'a\\nb' is not allowed: SageMaker accepts no line break in it.",
    ),
    mistake("an argument that is not a string", 'arguments = ["train", 3]', "arguments.1 is 3, and …"),
    Case(
        JOB_FILE,
        "a program that does not exist",
        TRAIN_MISTAKE,
        "The program trainer/my_trian.py does not exist.",
        "Did you mean my_train.py?",
        given(job('program = "my_trian.py"'), file("trainer/my_train.py", "")),
    ),
    Case(
        JOB_FILE,
        "a program with the trainer's folder in its name",
        TRAIN_MISTAKE,
        'The job file names the program "trainer/odd.py", but the folder trainer/ is not part of a program\'s name.',
        'Write program = "odd.py".',
        given(job('program = "trainer/odd.py"'), file("trainer/odd.py", "")),
    ),
    Case(
        JOB_FILE,
        "a program that does not go into the image",
        TRAIN_MISTAKE,
        "The program trainer/secrets.py would not be in the image: trainer/.dockerignore excludes it.",
        "Rename the program, or change that rule.",
        given(job('program = "secrets.py"'), file("trainer/secrets.py", "")),
    ),
    _ignored(
        "a .dockerignore with a line that is not a pattern",
        b"*.csv\ndata/[z-a].png\n",
        ": data/[z-a].png is not a pattern: bad character range z-a.",
        "Correct that line.",
    ),
    _ignored("a .dockerignore that is not UTF-8", b"\xff\xfe*", " is not UTF-8 (byte 0).", "Save it as UTF-8."),
    mistake(
        "code without a program",
        'code = "../my-project"',
        "the key code needs the key program, the file in that folder that the job runs.",
    ),
    mistake(
        "a distribution without a program of your own",
        'distribution = "multi_worker_mirrored"',
        "the key distribution needs the key program; the trainer itself always uses all instances.",
    ),
    mistake(
        "a distribution that there is not",
        'program = "my_train.py"\ndistribution = "mpi"',
        "distribution is 'mpi', and should be 'multi_worker_mirrored'.",
    ),
    mistake(
        "a distribution that is named twice",
        'program = "my_train.py"\ndistribution = "multi_worker_mirrored"',
        "the key distribution sets hyperparameters.sagemaker_multi_worker_mirrored_strategy_enabled; remove it.",
        tables=TRAINING + "[hyperparameters]\nsagemaker_multi_worker_mirrored_strategy_enabled = true\n",
    ),
    mistake(
        "code that is not a folder",
        'code = "https://example.com/project.git"\nprogram = "train.py"',
        "code is 'https://example.com/project.git': a job's code is a folder of this machine.",
        "Name the folder; `make image` copies it into the image.",
    ),
    Case(
        JOB_FILE,
        "a program that does not exist in the job's code",
        TRAIN_MISTAKE,
        "The program code-of-mine/trian.py does not exist.",
        "Did you mean train.py?",
        given(job('code = "code-of-mine"\nprogram = "trian.py"'), file("code-of-mine/train.py", "")),
    ),
    Case(
        JOB_FILE,
        "a program whose name never goes into an image",
        TRAIN_MISTAKE,
        "The program code-of-mine/secrets.py would not be in the image: it has the name of credentials.",
        "Rename the program.",
        given(job('code = "code-of-mine"\nprogram = "secrets.py"'), file("code-of-mine/secrets.py", "")),
    ),
    _hp("HP without `=`", "epochs", "The hyperparameter 'epochs' is not name=value.", 'For example: HP="epochs=3".'),
    _hp(
        "HP with the same name twice",
        '"epochs=1 epochs=2"',
        "The hyperparameter epochs is set twice.",
        "Set it once.",
    ),
    _hp(
        "HP with an unknown name",
        "epoch=3",
        "The trainer has no hyperparameter epoch.",
        "Did you mean epochs? Its hyperparameters: …",
    ),
    _hp(
        "HP of a wrong type",
        "epochs=many",
        "epochs=many is not a whole number.",
        "Set a whole number from 1 to 10000.",
    ),
    _hp("HP out of range", "epochs=0", "epochs=0 is out of range.", "Set a whole number from 1 to 10000."),
    _hp("HP with an empty value", "epochs=", "epochs= is not a whole number.", "Set a whole number from 1 to 10000."),
    _hp(
        "HP with a value that is not allowed",
        "learning_rate_schedule=cosin",
        "learning_rate_schedule=cosin is not an allowed value.",
        "Did you mean cosine? Allowed: …",
    ),
    _hp(
        "HP with one quotation mark",
        '"note=\'open"',
        "HP=note='open cannot be split into words: No closing quotation.",
        "Add the missing quotation mark.",
    ),
)
