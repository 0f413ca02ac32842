"""Errors in a job file, and in the hyperparameters of the command line."""

from tests.errors.case import STACK, Case, file, folder, given, job

GROUP = "Job file"
TRAIN = "make train JOB=mistake"
DESCRIBED = "docs/jobs.md describes each key."

WRITE = "Write the file: a path below the channel's source in each line."


def _case(title: str, head: str, problem: str, fix: str = DESCRIBED, tables: str | None = None) -> Case:
    prepared = job(head) if tables is None else job(head, tables)
    return Case(GROUP, title, TRAIN, f"jobs/mistake.toml: {problem}", fix, prepared)


def _list(title: str, text: bytes | None, problem: str, fix: str = "Name files below data/listed.") -> Case:
    channel = "[channels.training]\nsource = 'data/listed'\nmanifest = 'list.txt'\n"
    parts = [job('program = "my_train.py"', channel), file("trainer/my_train.py", ""), folder("data/listed", "b.png")]
    parts += [] if text is None else [file("list.txt", text)]
    where = "list.txt (channels.training.manifest of jobs/mistake.toml)"
    return Case(GROUP, title, TRAIN, f"{where} {problem}", fix, given(*parts))


def _hp(title: str, typed: str, problem: str, fix: str) -> Case:
    return Case(GROUP, title, f"make train JOB=digits HP={typed}", problem, fix)


def _channels(count: int) -> str:
    names = ["training", *(f"c{number}" for number in range(1, count))]
    return "".join(f'[channels.{name}]\nsource = "data/x"\n' for name in names)


TABLE = "[channels.training]\nsource = 'data/digits/training'\n"
REFERENCE = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html describes it."
RULE = "[[request.ProfilerRuleConfigurations]]\n" + "".join(
    f"{name} = '{value}'\n"
    for name, value in {
        "RuleConfigurationName": "a",
        "RuleEvaluatorImage": "x",
        "InstanceType": "ml.m5.lrge",
    }.items()
)
FILE_SYSTEM = """[[request.InputDataConfig]]
ChannelName = "more"
[request.InputDataConfig.DataSource.FileSystemDataSource]
FileSystemId = "fs-0123456789abcdef0"
FileSystemType = "EFS"
FileSystemAccessMode = "ro"
DirectoryPath = "/x"
"""
INSTANCE_GROUP = """[[request.ResourceConfig.InstanceGroups]]
InstanceType = "ml.m5.large"
InstanceCount = 1
InstanceGroupName = "all"
"""
PREFERENCE = """[[request.ResourceConfig.InstancePreferences]]
InstanceType = "ml.m5.large"
InstanceCount = 1
"""

CASES = (
    Case(
        GROUP,
        "no job named",
        "make train",
        "No job is named.",
        "Name one of jobs/ with JOB=. Job files: digits.",
    ),
    Case(
        GROUP,
        "a job file that does not exist",
        "make train JOB=digit",
        "There is no job file jobs/digit.toml.",
        "Did you mean JOB=digits? Job files: digits.",
    ),
    Case(
        GROUP,
        "a new job file without a name or without code",
        "make new CODE=code-of-mine",
        "No name is given.",
        "For example: `make new NAME=my-job CODE=../my-project PROGRAM=train.py`.",
    ),
    Case(
        GROUP,
        "a new job file with a name that cannot name a job",
        "make new NAME=my_job CODE=code-of-mine",
        "NAME=my_job cannot name a training job: a name has at most 42 letters, digits and hyphens.",
        "For example: NAME=my-job.",
    ),
    Case(
        GROUP,
        "a new job file of a name that is taken",
        "make new NAME=digits CODE=code-of-mine",
        "jobs/digits.toml exists already.",
        "Choose another NAME, or delete the file.",
    ),
    Case(
        GROUP,
        "a new job file for a script that is not Python",
        "make new NAME=mine CODE=code-of-mine",
        "code-of-mine/train.py, line 1 is not Python: '(' was never closed.",
        "Correct it, or name another program.",
        file("code-of-mine/train.py", "print(\n"),
    ),
    Case(
        GROUP,
        "a file name that cannot name a job",
        "make train JOB=my_job",
        "jobs/my_job.toml cannot name a training job: a name has at most 42 letters, digits and hyphens.",
        "Rename the file, for example to my-job.toml.",
        file("jobs/my_job.toml", TABLE),
    ),
    Case(
        GROUP,
        "invalid TOML",
        TRAIN,
        "jobs/mistake.toml is not valid TOML: Invalid value (at line 2, column 9).",
        "Correct that line; docs/jobs.md has an example.",
        file("jobs/mistake.toml", "spot = true\nprice = cheap\n"),
    ),
    Case(
        GROUP,
        "a file that is not UTF-8",
        TRAIN,
        "jobs/mistake.toml is not UTF-8 (byte 18).",
        "Save it as UTF-8.",
        file("jobs/mistake.toml", "# for the scanner \xfc\n".encode("latin-1")),
    ),
    _case(
        "an unknown key",
        'instance_tipe = "ml.m5.large"',
        "instance_tipe is not a key of a job file.",
        "Did you mean instance_type? Allowed here: …",
    ),
    _case(
        "an unknown table",
        "",
        "chanels is not a key of a job file.",
        "Did you mean channels? Allowed here: …",
        "[chanels.training]\nsource = 'data/digits/training'\n" + TABLE,
    ),
    _case(
        "an unknown key in a channel",
        "",
        "channels.training.sauce is not a key of a job file.",
        "Did you mean source? Allowed here: source, …",
        TABLE + "sauce = 'x'\n",
    ),
    _case(
        "no channel `training`",
        "",
        "the channel training is missing; its table is [channels.training].",
        tables="",
    ),
    _case(
        "a channel that is no table",
        "",
        "channels.training is 'data/digits/training', but it must be a table.",
        'Write the table [channels.training], and below it: source = "data/digits/training".',
        "[channels]\ntraining = 'data/digits/training'\n",
    ),
    _case(
        "a source with ~ or a variable",
        "",
        "channels.training.source is '~/digits': nothing expands ~ and variables in a job file.",
        "Write the path itself, from / or from this folder.",
        "[channels.training]\nsource = '~/digits'\n",
    ),
    _case(
        "a source that is a URL",
        "",
        "channels.training.source is 'file:///data/digits': a folder is named by its path, not by a URL.",
        'Write "/data/digits".',
        "[channels.training]\nsource = 'file:///data/digits'\n",
    ),
    _case(
        "an S3 source in another form",
        "",
        "channels.training.source is 'S3://bucket/digits/': an S3 source is s3://bucket/prefix/.",
        'Write "s3://bucket/digits/".',
        "[channels.training]\nsource = 'S3://bucket/digits/'\n",
    ),
    _case("a wrong type", 'instance_count = "two"', "instance_count is 'two', and should be a valid integer."),
    _case(
        "a number out of range",
        "max_runtime_seconds = 0",
        "max_runtime_seconds is 0, and should be greater than or equal to 1.",
    ),
    _case(
        "a channel's name that SageMaker refuses",
        "",
        "channels.second set: 'second set' is not allowed: a channel's name has only letters, digits and . - _.",
        tables=TABLE + "[channels.'second set']\nsource = 'data/x'\n",
    ),
    _case(
        "a tag that AWS refuses",
        "",
        "tags.Team?: 'Team?' is not allowed: a tag has only letters, digits, spaces and _ . : / = + - @.",
        tables=TABLE + "[tags]\n'Team?' = 'vision'\n",
    ),
    _case(
        "an environment variable that SageMaker refuses",
        "",
        "environment.2ND: '2ND' is not allowed: a variable's name has only letters, digits and _.",
        tables=TABLE + "[environment]\n2ND = 'x'\n",
    ),
    Case(
        GROUP,
        "an instance type that SageMaker does not have",
        TRAIN,
        "SageMaker has no instance type ml.g4dn.4xlrage for training.",
        "Did you mean ml.g4dn.4xlarge?",
        job('instance_type = "ml.g4dn.4xlrage"'),
        STACK,
    ),
    _case(
        "spot without checkpoints",
        "spot = true\ncheckpoints = false",
        "spot = true needs checkpoints: without them, each interruption would lose the run.",
    ),
    _case(
        "spot with a warm pool",
        "spot = true\nkeep_alive_seconds = 600",
        "keep_alive_seconds is refused with spot = true: SageMaker keeps no spot instances.",
    ),
    _case(
        "a warm pool for more than an hour",
        "keep_alive_seconds = 7200",
        "keep_alive_seconds is 7200, and should be less than or equal to 3600.",
    ),
    _case(
        "a key for a volume that does not exist",
        'instance_type = "ml.g4dn.xlarge"\nvolume_kms_key = "alias/ours"',
        "volume_kms_key is refused for ml.g4dn.xlarge: local NVMe disks are encrypted already.",
    ),
    _case(
        "more than 20 channels", "", "channels has 21 entries, and SageMaker accepts at most 20.", tables=_channels(21)
    ),
    _case(
        "more than 100 hyperparameters",
        "",
        "hyperparameters has 101 entries, and SageMaker accepts at most 100.",
        tables=TABLE + "[hyperparameters]\n" + "".join(f"h{number} = 1\n" for number in range(101)),
    ),
    _case(
        "a network that is neither the stack's nor a table",
        'vpc = "mine"',
        "vpc is 'mine', but it must be \"stack\" or a table.",
        'Write the table [vpc] with subnets and security_groups, or vpc = "stack".',
    ),
    _case(
        "a subnet that is not named by its id",
        'vpc = { subnets = ["private-a"], security_groups = ["sg-0a1b2c3d"] }',
        "vpc.subnets.0: 'private-a' is not allowed: a subnet is named by its id, such as subnet-0a1b2c3d.",
    ),
    _case(
        "a security group that is not named by its id",
        'vpc = { subnets = ["subnet-0a1b2c3d"], security_groups = ["jobs"] }',
        "vpc.security_groups.0: 'jobs' is not allowed: a security group is named by its id, such as sg-0a1b2c3d.",
    ),
    _case(
        "a network without security groups",
        'vpc = { subnets = ["subnet-0a1b2c3d"], security_groups = [] }',
        "vpc.security_groups is empty.",
    ),
    _case("an encryption that is no boolean", "encrypt_between_instances = 1", "encrypt_between_instances is 1, and …"),
    _case("a health check that is no boolean", 'infra_check = "yes"', "infra_check is 'yes', and …"),
    _case(
        "an output key that is no key",
        'output_kms_key = "my key"',
        "output_kms_key: 'my key' is not allowed: a key is named by its id or ARN.",
    ),
    _case(
        "a compression that SageMaker does not have",
        'output_compression = "zip"',
        "output_compression is 'zip', and should be 'gzip' or 'none'.",
    ),
    _case("more than 30 retries", "retries = 31", "retries is 31, and should be less than or equal to 30."),
    _case("an entry point that is no list", 'entrypoint = "python"', "entrypoint is 'python', and …"),
    _case(
        "an entry point with a line break",
        'entrypoint = ["sh", "-c", "a\\nb"]',
        "entrypoint.2: 'a\\nb' is not allowed: SageMaker accepts no line break in it.",
    ),
    _case("an argument that is no string", 'arguments = ["train", 3]', "arguments.1 is 3, and …"),
    _case(
        "a channel without a source",
        "",
        "channels.training: the key source is missing, or manifest with a list in S3.",
        tables="[channels.training]\ninput_mode = 'File'\n",
    ),
    _case(
        "a local list without a source",
        "",
        "channels.training: the key source is missing, below which the paths of manifest are.",
        tables="[channels.training]\nmanifest = 'list.txt'\n",
    ),
    _case(
        "a manifest in S3 beside a source",
        "",
        "channels.training: a manifest in S3 has a prefix of its own; remove source, or name a local list.",
        tables=TABLE + "manifest = 's3://bucket/list.manifest'\n",
    ),
    _case(
        "a manifest that is a prefix",
        "",
        "channels.training.manifest: 's3://bucket/x/' is not allowed: a manifest in S3 is s3://bucket/key.",
        tables="[channels.training]\nmanifest = 's3://bucket/x/'\n",
    ),
    _case(
        "a manifest for FastFile",
        "",
        'channels.training: SageMaker reads no manifest with input_mode = "FastFile"; choose "File" or "Pipe".',
        tables=TABLE + "manifest = 'list.txt'\ninput_mode = 'FastFile'\n",
    ),
    _list("a local list that does not exist", None, "cannot be read: No such file or directory.", WRITE),
    _list("a local list that is not UTF-8", b"\xfc.png\n", "is not UTF-8 (byte 0).", "Save it as UTF-8."),
    _list("an empty list", b"\n", "names nothing.", "Write a path below the channel's source in each line."),
    _list("a list that leads out of its folder", b"../a.png", "names '../a.png', which leads out of the folder."),
    _list("a list with a path in another form", b"./a.png", "names './a.png', which is not written as a path, such …"),
    _list("a list with a file that is not there", b"a.png", "names 'a.png', which is no file in data/listed."),
    _list("a list with a hidden file", b".a.png", "names '.a.png', which is hidden, so it is not uploaded."),
    _list("a list with a file twice", b"b.png\nb.png\n", "names 'b.png' twice.", "Name each object once."),
    _case(
        "a shuffle seed that is no whole number",
        "",
        "channels.training.shuffle_seed is 'x', and should be a valid integer.",
        tables=TABLE + "shuffle_seed = 'x'\n",
    ),
    _case(
        "a member of the request that has a key of its own",
        "",
        "request.ResourceConfig.InstanceType has a key of its own.",
        "Set instance_type in the job file.",
        tables=TABLE + "[request.ResourceConfig]\nInstanceType = 'ml.m5.large'\n",
    ),
    _case(
        "a member of the request that the tool sets",
        "",
        "request.RoleArn cannot be set: it is the stack's role.",
        "Remove it.",
        tables=TABLE + "[request]\nRoleArn = 'arn:aws:iam::123456789012:role/mine'\n",
    ),
    _case(
        "a member of the request that SageMaker does not have",
        "",
        "request.RemoteDebugConfg is not a member of CreateTrainingJob.",
        "Did you mean RemoteDebugConfig? Allowed: …",
        tables=TABLE + "[request.RemoteDebugConfg]\nEnableRemoteDebug = true\n",
    ),
    _case(
        "a member of the request that is missing",
        "",
        "request.TensorBoardOutputConfig.S3OutputPath is missing.",
        REFERENCE,
        tables=TABLE + "[request.TensorBoardOutputConfig]\nLocalPath = '/opt/ml/output/tensorboard'\n",
    ),
    _case(
        "a member of the request of a wrong type",
        "",
        "request.RemoteDebugConfig.EnableRemoteDebug is 'yes', but it must be a boolean.",
        REFERENCE,
        tables=TABLE + "[request.RemoteDebugConfig]\nEnableRemoteDebug = 'yes'\n",
    ),
    _case(
        "a member of the request with a value that SageMaker refuses",
        "",
        "request.StoppingCondition.MaxPendingTimeInSeconds is 60: it must have value greater than or equal to 1800.",
        REFERENCE,
        tables=TABLE + "[request.StoppingCondition]\nMaxPendingTimeInSeconds = 60\n",
    ),
    _case(
        "a choice in the request that SageMaker does not have",
        "",
        "request.ProfilerRuleConfigurations.InstanceType is 'ml.m5.lrge', which SageMaker does not have.",
        "Did you mean ml.m5.large?",
        tables=TABLE + RULE,
    ),
    _case(
        "a channel that the request has twice",
        "",
        "request.InputDataConfig has the channel training twice.",
        "Merge the two.",
        tables=TABLE + "[[request.InputDataConfig]]\nChannelName = 'training'\n" * 2,
    ),
    _case(
        "more than 20 channels with those of the request",
        "",
        "there are 21 channels, and SageMaker accepts at most 20.",
        "Remove some.",
        tables=_channels(20) + FILE_SYSTEM,
    ),
    _case(
        "a list of instances beside instance_type",
        "",
        "request.ResourceConfig lists instances in place of instance_type; remove one of the two.",
        tables=TABLE + INSTANCE_GROUP,
    ),
    Case(
        GROUP,
        "two lists of instances",
        TRAIN,
        "jobs/mistake.toml: request.ResourceConfig has InstanceGroups and InstancePreferences; SageMaker accepts one …",
        DESCRIBED,
        file("jobs/mistake.toml", TABLE + INSTANCE_GROUP + PREFERENCE),
    ),
    Case(
        GROUP,
        "preferred instances that are spot",
        TRAIN,
        "jobs/mistake.toml: request.ResourceConfig.InstancePreferences is refused with spot = true.",
        DESCRIBED,
        file("jobs/mistake.toml", "spot = true\n" + TABLE + PREFERENCE),
    ),
    Case(
        GROUP,
        "INSTANCES for a job with a list of instances",
        f"{TRAIN} INSTANCES=2",
        "INSTANCES=2 is for one type of instances, and request.ResourceConfig of the job file has a list.",
        "Change the counts in that list.",
        file("jobs/mistake.toml", TABLE + INSTANCE_GROUP),
    ),
    Case(
        GROUP,
        "a program that does not exist",
        TRAIN,
        "The program trainer/my_trian.py does not exist.",
        "Did you mean my_train.py?",
        given(job('program = "my_trian.py"'), file("trainer/my_train.py", "")),
    ),
    Case(
        GROUP,
        "a program with the trainer's folder in its name",
        TRAIN,
        'The job file names the program "trainer/odd.py", but the folder trainer/ is not part of a program\'s name.',
        'Write program = "odd.py".',
        given(job('program = "trainer/odd.py"'), file("trainer/odd.py", "")),
    ),
    Case(
        GROUP,
        "a program that does not go into the image",
        TRAIN,
        "The program trainer/secrets.py would not be in the image: trainer/.dockerignore excludes it.",
        "Rename the program, or change that rule.",
        given(job('program = "secrets.py"'), file("trainer/secrets.py", "")),
    ),
    _case(
        "code without a program",
        'code = "../my-project"',
        "the key code needs the key program, the file in that folder that the job runs.",
    ),
    _case(
        "a distribution without a program of your own",
        'distribution = "multi_worker_mirrored"',
        "the key distribution needs the key program; the trainer itself always uses all instances.",
    ),
    _case(
        "a distribution that there is not",
        'program = "my_train.py"\ndistribution = "mpi"',
        "distribution is 'mpi', and should be 'multi_worker_mirrored'.",
    ),
    _case(
        "a distribution that is named twice",
        'program = "my_train.py"\ndistribution = "multi_worker_mirrored"',
        "the key distribution sets hyperparameters.sagemaker_multi_worker_mirrored_strategy_enabled; remove it.",
        tables=TABLE + "[hyperparameters]\nsagemaker_multi_worker_mirrored_strategy_enabled = true\n",
    ),
    _case(
        "code that is no folder",
        'code = "https://example.com/project.git"\nprogram = "train.py"',
        "code is 'https://example.com/project.git': a job's code is a folder of this machine.",
        "Name the folder; `make image` copies it into the image.",
    ),
    Case(
        GROUP,
        "a program that does not exist in the job's code",
        TRAIN,
        "The program code-of-mine/trian.py does not exist.",
        "Did you mean train.py?",
        given(job('code = "code-of-mine"\nprogram = "trian.py"'), file("code-of-mine/train.py", "")),
    ),
    Case(
        GROUP,
        "a program whose name never goes into an image",
        TRAIN,
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
