"""SageMaker's Python SDK 2: jobs of this stack's image, and jobs whose code the SDK sends."""

from pathlib import Path
from typing import Any

import sagemaker
from sagemaker.analytics import TrainingJobAnalytics
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.tensorflow import TensorFlow
from sagemaker.tuner import ContinuousParameter, HyperparameterTuner, WarmStartConfig, WarmStartTypes

from .report import LOSS, call, check, new_name, place, request, static_hyperparameters

CODE = Path(__file__).with_name("code")


def main() -> None:
    """Make the calls."""
    asked = request()
    output = asked["OutputDataConfig"]["S3OutputPath"]
    session = sagemaker.Session(default_bucket=place(output)[0])
    common: dict[str, Any] = {
        "image_uri": asked["AlgorithmSpecification"]["TrainingImage"],
        "role": asked["RoleArn"],
        "instance_count": 1,
        "instance_type": "ml.m5.xlarge",
        "sagemaker_session": session,
        "output_path": output,
        "base_job_name": "client-sdk2",
    }
    inputs = {
        channel["ChannelName"]: TrainingInput(channel["DataSource"]["S3DataSource"]["S3Uri"])
        for channel in asked["InputDataConfig"]
    }
    losses = [{"Name": "loss", "Regex": LOSS}]
    name = new_name("sdk2")
    with call("`Estimator.fit` of the stack's image, with its log; `model_data`"):
        estimator = Estimator(**common, hyperparameters=asked["HyperParameters"], metric_definitions=losses)
        estimator.fit(inputs, job_name=name)
        check(estimator.model_data, f"{output.rstrip('/')}/{name}/output/model.tar.gz")
    with call("`Estimator.attach`"):
        check(Estimator.attach(name, sagemaker_session=session).model_data, estimator.model_data)
    with call("`TrainingJobAnalytics`"):
        check(len(TrainingJobAnalytics(name, ["loss"], sagemaker_session=session).dataframe()) > 0, True)
    with call("`Estimator.fit` without `base_job_name`"):
        without = {key: value for key, value in common.items() if key != "base_job_name"}
        Estimator(**without, hyperparameters=asked["HyperParameters"]).fit(inputs, wait=False)
    with call("`fit` with `file://` inputs"):
        Estimator(**common, hyperparameters=asked["HyperParameters"]).fit(f"file://{CODE}")
    data = place(asked["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"])[0]  # The role may read it.
    sends = {**common, "entry_point": "train.py", "source_dir": str(CODE), "code_location": f"s3://{data}/code"}
    with call("`Estimator(entry_point=, source_dir=, code_location=)`: the program reads its code from S3"):
        Estimator(**sends).fit(inputs, job_name=new_name("sdk2"))
    with call("`TensorFlow(entry_point=, source_dir=)`: the same"):
        TensorFlow(**sends, model_dir=False).fit(inputs, job_name=new_name("sdk2"))
    with call("`Estimator(entry_point=)` with `enable_network_isolation`: its code comes in a channel"):
        Estimator(**sends, enable_network_isolation=True).fit(inputs, job_name=new_name("sdk2"))
    with call("`Estimator(keep_alive_period_in_seconds=)`, twice; `Session.update_training_job(resource_config=)`"):
        pools = [new_name("sdk2"), new_name("sdk2")]
        for name in pools:
            kept = Estimator(**common, hyperparameters=asked["HyperParameters"], keep_alive_period_in_seconds=600)
            kept.fit(inputs, job_name=name)
        session.update_training_job(pools[1], resource_config={"KeepAlivePeriodInSeconds": 0})
        status = [session.describe_training_job(name)["WarmPoolStatus"]["Status"] for name in pools]
        check(status, ["Reused", "Terminated"])
    search(session, common, inputs, static_hyperparameters(asked))


def search(session: Any, common: dict[str, Any], inputs: dict[str, TrainingInput], static: dict[str, str]) -> None:
    """Run tunings by `HyperparameterTuner`."""

    def tuner(**more: Any) -> HyperparameterTuner:
        return HyperparameterTuner(
            Estimator(**common, hyperparameters=static),
            "loss",
            {"learning_rate": ContinuousParameter(0.0001, 0.01, scaling_type="Logarithmic")},
            metric_definitions=[{"Name": "loss", "Regex": LOSS}],
            objective_type="Minimize",
            max_jobs=2,
            base_tuning_job_name="client-sdk2",
            **more,
        )

    name = new_name("sdk2")
    with call("`HyperparameterTuner.fit`, `describe`, `best_training_job`, `analytics().dataframe()`"):
        first = tuner()
        first.fit(inputs, job_name=name)
        check(first.describe()["HyperParameterTuningJobStatus"], "Completed")
        frame = first.analytics().dataframe()
        check(len(frame), 2)
        check(frame.sort_values("FinalObjectiveValue").iloc[0]["TrainingJobName"], first.best_training_job())
    with call("`HyperparameterTuner.attach`; `best_estimator().model_data`"):
        attached = HyperparameterTuner.attach(name, sagemaker_session=session)
        check(attached.best_training_job(), first.best_training_job())
        model = attached.best_estimator().model_data
        check(model, f"{common['output_path'].rstrip('/')}/{first.best_training_job()}/output/model.tar.gz")
    with call("`HyperparameterTuner(warm_start_config=)`, with `early_stopping_type` and `random_seed`"):
        parents = WarmStartConfig(WarmStartTypes.IDENTICAL_DATA_AND_ALGORITHM, parents={name})
        warm = tuner(warm_start_config=parents, early_stopping_type="Auto", random_seed=1)
        warm.fit(inputs)
        check("OverallBestTrainingJob" in warm.describe(), True)
    with call("`HyperparameterTuner.fit(wait=False)`, `stop_tuning_job`"):
        stopped = tuner()
        # Two tunings of the same minute get the same name from the SDK.
        stopped.fit(inputs, wait=False, job_name=new_name("sdk2"))
        stopped.stop_tuning_job()
        stopped.wait()
        check(stopped.describe()["HyperParameterTuningJobStatus"], "Stopped")


if __name__ == "__main__":
    main()
