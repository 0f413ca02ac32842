"""SageMaker's Python SDK 3: jobs of this stack's image, and jobs whose code the SDK sends."""

import os
from pathlib import Path
from typing import Any

import sagemaker.core.helper.session_helper as helper
from sagemaker.core.parameter import ContinuousParameter
from sagemaker.core.resources import TrainingJob
from sagemaker.core.training.configs import Compute, InputData, OutputDataConfig, SourceCode
from sagemaker.train import ModelTrainer
from sagemaker.train.tuner import HyperparameterTuner

from .report import LOSS, call, check, new_name, place, request, static_hyperparameters

CODE = Path(__file__).with_name("code")


def main() -> None:
    """Make the calls."""
    asked = request()
    output = asked["OutputDataConfig"]["S3OutputPath"]
    data = place(asked["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"])[0]
    # The SDK puts code there only if the role may write there too; the job reads it.
    session = helper.Session(default_bucket=data.replace("-data-", "-checkpoints-"))
    common: dict[str, Any] = {
        "training_image": asked["AlgorithmSpecification"]["TrainingImage"],
        "role": asked["RoleArn"],
        "sagemaker_session": session,
        "compute": Compute(instance_type="ml.m5.xlarge", instance_count=1),
        "output_data_config": OutputDataConfig(s3_output_path=output),
    }
    inputs = [
        InputData(
            channel_name=channel["ChannelName"],
            data_source=channel["DataSource"]["S3DataSource"]["S3Uri"],
        )
        for channel in asked["InputDataConfig"]
    ]
    with call("`ModelTrainer(…)`, with its check of the role's rights"):
        ModelTrainer(**common, base_job_name=new_name("sdk3"))
    os.environ["SAGEMAKER_VALIDATE_ROLE"] = "false"
    trainer = ModelTrainer(**common, base_job_name=new_name("sdk3"), hyperparameters=asked["HyperParameters"])
    with call("SAGEMAKER_VALIDATE_ROLE=false, `ModelTrainer.train` of the stack's image, with its log"):
        trainer.train(input_data_config=inputs)
    job = trainer._latest_training_job
    with call("`TrainingJob.refresh`"):
        job.refresh()
        check(job.training_job_status, "Completed")
    with call("`TrainingJob.get`, `get_all`"):
        check(TrainingJob.get(job.training_job_name).training_job_status, "Completed")
        check(job.training_job_name in [found.training_job_name for found in TrainingJob.get_all()], True)
    with call("`ModelTrainer(source_code=)`: its code comes in a channel, and the SDK's own entry point starts it"):
        source = SourceCode(source_dir=str(CODE), entry_script="train.py")
        ModelTrainer(**common, base_job_name=new_name("sdk3"), source_code=source).train(input_data_config=inputs)
    with call("`TrainingJob.delete`"):
        job.delete()
    with call("`HyperparameterTuner.tune`, `describe`, `best_training_job`, `analytics().dataframe()`"):
        static = static_hyperparameters(asked)
        tuner = HyperparameterTuner(
            ModelTrainer(**common, base_job_name=new_name("sdk3"), hyperparameters=static),
            "loss",
            {"learning_rate": ContinuousParameter(0.0001, 0.01, scaling_type="Logarithmic")},
            metric_definitions=[{"Name": "loss", "Regex": LOSS}],
            objective_type="Minimize",
            max_jobs=2,
        )
        tuner.tune(inputs, job_name=new_name("sdk3"))
        check(tuner.describe().hyper_parameter_tuning_job_status, "Completed")
        frame = tuner.analytics().dataframe()
        check(len(frame), 2)
        check(frame.sort_values("FinalObjectiveValue").iloc[0]["TrainingJobName"], tuner.best_training_job())


if __name__ == "__main__":
    main()
