"""Errors in a job file's table [request], and in the instances that it may list."""

from tests.errors.case import JOB_FILE, KEYS_DESCRIBED, TRAIN_MISTAKE, TRAINING, Case, file, mistake
from tests.errors.job_channels import channels

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
    mistake(
        "a member of the request that has a key of its own",
        "",
        "request.ResourceConfig.InstanceType has a key of its own.",
        "Set instance_type in the job file.",
        tables=TRAINING + "[request.ResourceConfig]\nInstanceType = 'ml.m5.large'\n",
    ),
    mistake(
        "a member of the request that the tool sets",
        "",
        "request.RoleArn cannot be set: it is the stack's role.",
        "Remove it.",
        tables=TRAINING + "[request]\nRoleArn = 'arn:aws:iam::123456789012:role/mine'\n",
    ),
    mistake(
        "a member of the request that SageMaker does not have",
        "",
        "request.RemoteDebugConfg is not a member of CreateTrainingJob.",
        "Did you mean RemoteDebugConfig? Allowed: …",
        tables=TRAINING + "[request.RemoteDebugConfg]\nEnableRemoteDebug = true\n",
    ),
    mistake(
        "a member of the request that is missing",
        "",
        "request.TensorBoardOutputConfig.S3OutputPath is missing.",
        REFERENCE,
        tables=TRAINING + "[request.TensorBoardOutputConfig]\nLocalPath = '/opt/ml/output/tensorboard'\n",
    ),
    mistake(
        "a member of the request of a wrong type",
        "",
        "request.RemoteDebugConfig.EnableRemoteDebug is 'yes', but it must be a boolean.",
        REFERENCE,
        tables=TRAINING + "[request.RemoteDebugConfig]\nEnableRemoteDebug = 'yes'\n",
    ),
    mistake(
        "a member of the request with a value that SageMaker refuses",
        "",
        "request.StoppingCondition.MaxPendingTimeInSeconds is 60: it must have value greater than or equal to 1800.",
        REFERENCE,
        tables=TRAINING + "[request.StoppingCondition]\nMaxPendingTimeInSeconds = 60\n",
    ),
    mistake(
        "a choice in the request that SageMaker does not have",
        "",
        "request.ProfilerRuleConfigurations.InstanceType is 'ml.m5.lrge', which SageMaker does not have.",
        "Did you mean ml.m5.large?",
        tables=TRAINING + RULE,
    ),
    mistake(
        "a channel that the request has twice",
        "",
        "request.InputDataConfig has the channel training twice.",
        "Merge the two.",
        tables=TRAINING + "[[request.InputDataConfig]]\nChannelName = 'training'\n" * 2,
    ),
    mistake(
        "more than 20 channels with those of the request",
        "",
        "there are 21 channels, and SageMaker accepts at most 20.",
        "Remove some.",
        tables=channels(20) + FILE_SYSTEM,
    ),
    mistake(
        "a list of instances beside instance_type",
        "",
        "request.ResourceConfig lists instances in place of instance_type; remove one of the two.",
        tables=TRAINING + INSTANCE_GROUP,
    ),
    Case(
        JOB_FILE,
        "two lists of instances",
        TRAIN_MISTAKE,
        "jobs/mistake.toml: request.ResourceConfig has InstanceGroups and InstancePreferences; SageMaker accepts one …",
        KEYS_DESCRIBED,
        file("jobs/mistake.toml", TRAINING + INSTANCE_GROUP + PREFERENCE),
    ),
    Case(
        JOB_FILE,
        "preferred instances that are spot",
        TRAIN_MISTAKE,
        "jobs/mistake.toml: request.ResourceConfig.InstancePreferences is refused with spot = true.",
        KEYS_DESCRIBED,
        file("jobs/mistake.toml", "spot = true\n" + TRAINING + PREFERENCE),
    ),
    Case(
        JOB_FILE,
        "INSTANCES for a job with a list of instances",
        f"{TRAIN_MISTAKE} INSTANCES=2",
        "INSTANCES=2 is for one type of instances, and request.ResourceConfig of the job file has a list.",
        "Change the counts in that list.",
        file("jobs/mistake.toml", TRAINING + INSTANCE_GROUP),
    ),
)
