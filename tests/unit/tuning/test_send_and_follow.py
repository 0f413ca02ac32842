"""A tuning is sent once, followed and stopped, though answers get lost: by HTTP, on a virtual clock."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts import tuning
from scripts.core.errors import UserError
from scripts.runs import save_record
from scripts.training.submission import JobMayExistError, submit
from scripts.tuning import parents
from scripts.tuning.following import price_of
from scripts.tuning.listing import is_listed
from scripts.tuning.parents import check_parent
from scripts.tuning.reading import read_saved
from scripts.tuning.sending import TUNING
from tests.unit.faulty_aws import AFTER, BEFORE, EMPTY, HALF, NOW, Clock, Fault, FaultyAws, connected_to, error
from tests.unit.runs.test_find_runs import described
from tests.unit.tuning.test_build_request import build
from tests.unit.tuning.test_build_request import table as build_table

NAME = "digits-260101120000-abcd"
THROTTLED = error("ThrottlingException", "Rate exceeded")
EXPIRED = error("ExpiredTokenException", "The security token has expired")


class FaultyTunings(FaultyAws):
    """Answers for tunings. Each list of its trials ends the next of them; after the last one it is Completed."""

    trials = 2

    def answer(self, operation: str, sent: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        name = sent.get("HyperParameterTuningJobName", "")
        if operation == "CreateHyperParameterTuningJob":
            if name in self.jobs:
                return error("ResourceInUse", "A tuning job of this name exists")
            self.created += 1
            self.jobs[name] = sent | {"looks": 0, "status": "InProgress"}
            return 200, {"HyperParameterTuningJobArn": self.arn("hyper-parameter-tuning-job", name)}
        if operation == "DescribeTrainingJob":
            return 200, self.trial(int(sent["TrainingJobName"][-1]), ended=True) | {"BillableTimeInSeconds": 30}
        if operation in {"ListTags", "ListHyperParameterTuningJobs", "Search"}:
            return 200, self.listed(operation, sent)
        if name not in self.jobs:
            return error("ResourceNotFound", "Amazon SageMaker can't find a tuning job with that name.")
        if operation == "StopHyperParameterTuningJob":
            if self.jobs[name]["status"] == "Stopped":
                return error("ValidationException", "The tuning job has ended.")
            self.jobs[name]["status"] = "Stopped"
            return 200, {}
        if operation == "ListTrainingJobsForHyperParameterTuningJob":
            done = self.jobs[name]["looks"]
            self.jobs[name]["looks"] += 1
            return 200, {"TrainingJobSummaries": [self.trial(one, one < done) for one in range(self.trials)]}
        if self.jobs[name]["looks"] > self.trials:
            self.jobs[name]["status"] = "Completed"
        return 200, self.described(name)

    def listed(self, operation: str, sent: dict[str, Any]) -> dict[str, Any]:
        if operation == "ListTags":
            return {"Tags": self.jobs[sent["ResourceArn"].rpartition("/")[2]]["Tags"]}
        if operation == "Search":
            records = [{**self.described(name), "Tags": self.jobs[name]["Tags"]} for name in self.jobs]
            return {"Results": [{"HyperParameterTuningJob": record} for record in records]}
        return {"HyperParameterTuningJobSummaries": [self.described(name) for name in self.jobs]}

    def described(self, name: str) -> dict[str, Any]:
        job = self.jobs[name]
        best = {"BestTrainingJob": self.trial(min(job["looks"] - 2, self.trials - 1), True)} if job["looks"] > 1 else {}
        definition = dict(job["TrainingJobDefinition"])
        definition["StaticHyperParameters"] |= {"_tuning_objective_metric": "val_loss"}
        return {
            **{key: value for key, value in job.items() if key not in ("Tags", "looks", "status")},
            **best,
            "TrainingJobDefinition": definition,
            "HyperParameterTuningJobArn": self.arn("hyper-parameter-tuning-job", name),
            "HyperParameterTuningJobStatus": job["status"],
            "Strategy": job["HyperParameterTuningJobConfig"]["Strategy"],
            "ResourceLimits": job["HyperParameterTuningJobConfig"]["ResourceLimits"],
            "CreationTime": NOW,
            **({"HyperParameterTuningEndTime": NOW + 60} if job["status"] != "InProgress" else {}),
            "TrainingJobStatusCounters": {"Completed": self.trials},
            "ObjectiveStatusCounters": {},
        }

    def trial(self, number: int, ended: bool) -> dict[str, Any]:
        found: dict[str, Any] = {
            "TrainingJobName": f"{NAME}-00{number}",
            "TrainingJobArn": self.arn("training-job", f"{NAME}-00{number}"),
            "TrainingJobStatus": "Completed" if ended else "InProgress",
            "CreationTime": NOW + number,
            "TrainingStartTime": NOW + number,
            "TunedHyperParameters": {"learning_rate": f"0.0{number + 1}"},
        }
        if ended:
            found["TrainingEndTime"] = NOW + number + 30
            metric = {"MetricName": "val_loss", "Value": 0.5 - number / 10}
            found["FinalHyperParameterTuningJobObjectiveMetric"] = metric
        return found

    @staticmethod
    def arn(kind: str, name: str) -> str:
        return f"arn:aws:sagemaker:us-east-1:123456789012:{kind}/{name}"


@pytest.fixture(scope="module")
def connected() -> Iterator[tuple[FaultyTunings, Any]]:
    """The server, and a client of it: to make a client takes longer than any test here."""
    server = FaultyTunings()
    with connected_to(server) as client:
        yield server, client


@pytest.fixture
def server(connected: tuple[FaultyTunings, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FaultyTunings:
    monkeypatch.chdir(tmp_path)
    connected[0].reset()
    return connected[0]


@pytest.fixture
def client(connected: tuple[FaultyTunings, Any]) -> Any:
    return connected[1]


def send(client: Any) -> list[str]:
    clock, lines = Clock(), list[str]()
    submit(build(), lines.append, lambda _: client, clock.now, clock.sleep, TUNING)
    return lines


@pytest.mark.parametrize("faults", [[BEFORE], [AFTER], [HALF], [EMPTY], [THROTTLED, AFTER], [BEFORE, HALF]], ids=str)
def test_after_a_lost_answer_one_tuning_runs(faults: list[Fault], server: FaultyTunings, client: Any) -> None:
    server.fail("CreateHyperParameterTuningJob", *faults)
    server.fail("DescribeHyperParameterTuningJob", *faults)
    send(client)
    assert server.created == 1
    assert list(server.jobs) == [NAME]


def test_a_name_that_is_taken_and_a_silent_aws_name_the_tuning(server: FaultyTunings, client: Any) -> None:
    server.jobs[NAME] = build(max_jobs=9) | {"looks": 0, "status": "InProgress"}
    with pytest.raises(UserError) as taken:
        send(client)
    assert taken.value.problem == f"Another tuning has the name {NAME}, with another request."
    server.reset()
    for operation in ("CreateHyperParameterTuningJob", "DescribeHyperParameterTuningJob"):
        server.fail(operation, AFTER, forever=True)
    with pytest.raises(JobMayExistError) as unknown:
        send(client)
    assert f"`make stop TUNING={NAME}` stops it" in unknown.value.fix


def test_a_followed_tuning_prints_its_trials_and_its_best(
    server: FaultyTunings, client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    send(client)
    server.fail("ListTrainingJobsForHyperParameterTuningJob", None, BEFORE, THROTTLED)
    server.fail("DescribeHyperParameterTuningJob", None, BEFORE, HALF, *[BEFORE] * 3)
    clock = Clock(NOW)
    found = tuning.follow(NAME, lambda _: client, clock.now, clock.sleep)
    assert (found.status, found.best) == ("Completed", f"{NAME}-001")
    assert read_saved(NAME) == found
    assert price_of(client, NAME) is None
    server.jobs[NAME]["Tags"] += [{"Key": "PricePerHour", "Value": "3.6"}]
    assert price_of(client, NAME) == (3.6, "")
    server.fail("ListTags", error("AccessDeniedException", "no right"))
    assert price_of(client, NAME) is None
    shown = [line if line[2:3] != ":" else line[9:] for line in capsys.readouterr().out.splitlines()]
    assert [line for line in shown if "AWS" not in line and "Waiting" not in line] == [
        "000 InProgress: learning_rate=0.01",
        "001 InProgress: learning_rate=0.02",
        "000 Completed: val_loss 0.5, 30 s",
        "001 Completed: val_loss 0.4, 30 s",
        "Best so far: val_loss 0.5 of 000",
        "Best so far: val_loss 0.4 of 001",
    ]
    assert any("Waiting since" in line and "The tuning does not depend on it." in line for line in shown)
    tuning.print_end(found)
    assert capsys.readouterr().out.splitlines() == [
        f"{NAME}: Completed",
        "  trials   2 Completed",
        f"  best     val_loss 0.4 of {NAME}-001",
        "  values   learning_rate=0.02",
        "  time     1 min 0 s, 1 min 0 s of training in all trials: price unknown",
    ]
    assert server.calls["DescribeTrainingJob"] == 2  # once for each trial that ended


def test_stopping_reports_how_the_tuning_has_ended_if_the_answer_gets_lost(server: FaultyTunings, client: Any) -> None:
    send(client)
    assert tuning.stop(client, NAME) == "Stopping"
    assert tuning.stop(client, NAME) == "Stopped"
    server.jobs[NAME]["status"] = "InProgress"
    server.fail("StopHyperParameterTuningJob", AFTER)
    assert tuning.stop(client, NAME) == "Stopped"


def test_a_tuning_is_found_by_the_beginning_of_its_name(server: FaultyTunings, client: Any) -> None:
    send(client)
    server.jobs["other-260101120000-wxyz"] = server.jobs[NAME]
    assert tuning.find("digits", client) == NAME
    Path("runs/digits-260101120000-zzzz").mkdir(parents=True)
    Path("runs/digits-20260101-120000-abcd").mkdir()  # a job's
    assert tuning.find("digits", client) == "digits-260101120000-zzzz"
    assert tuning.find(NAME, client) == NAME
    with pytest.raises(UserError, match="There is no tuning nothing") as raised:
        tuning.find("nothing", client)
    assert "`make tunings` lists them." in raised.value.fix
    with pytest.raises(UserError, match="No tuning is named"):
        tuning.find("", client)
    with pytest.raises(UserError, match="SageMaker has no tuning"):
        tuning.describe(client, "digits-260101120000-zzzz")


def test_the_table_of_tunings(server: FaultyTunings, client: Any) -> None:
    send(client)
    server.jobs[NAME]["status"] = "Stopped"
    heading, row = tuning.tuning_table(tuning.list_tunings(client, "", pytest.fail))
    assert heading.split() == ["NAME", "STATUS", "STRATEGY", "TRIALS", "STARTED", "DURATION"]
    assert row.startswith(f"{NAME}  Stopped  Bayesian  2 of 4")
    assert row.endswith("1 min 0 s")
    assert tuning.list_tunings(client, "other", pytest.fail) == []
    said: list[str] = []
    server.fail("Search", error("AccessDeniedException", "not authorized to perform: sagemaker:Search on resource: *"))
    assert len(tuning.list_tunings(client, "digits", said.append)) == 1
    assert said == [
        "Not checked: which tunings have the tag Job (no right to sagemaker:Search). Those with such a name are listed."
    ]


@pytest.mark.parametrize(
    ("name", "tags", "job", "expected"),
    [
        (NAME, {NAME: "digits"}, "", True),
        (NAME, {NAME: "digits"}, "digits", True),
        (NAME, {NAME: "dig"}, "digits", False),
        (NAME, {NAME: None}, "", False),  # another program's, with such a name
        ("tensorflow-training-261130-1200", {}, "", False),
        (NAME, {}, "", True),  # Search does not know it yet
        (NAME, {}, "digits", True),
        (NAME, {}, "dig", False),
        ("long-job-files-260101120000-abcd", {}, "long-job-files-of-mine", True),
    ],
)
def test_what_make_tunings_lists(name: str, tags: dict[str, str | None], job: str, expected: bool) -> None:
    assert is_listed(name, tags, job) == expected


def test_a_trial_has_the_price_with_which_its_tuning_was_sent(server: FaultyTunings) -> None:
    tags = [{"Key": "PricePerHour", "Value": "3.6"}, {"Key": "PriceSource", "Value": "here"}]
    Path(f"runs/{NAME}").mkdir(parents=True)
    Path(f"runs/{NAME}/request.json").write_text(json.dumps({"Tags": tags}))
    job = described(TrainingJobName=f"{NAME}-001-0123abcd", BillableTimeInSeconds=10)
    assert save_record(job).cost_usd == pytest.approx(0.01)
    assert price_of(None, NAME) == (3.6, "here")


def test_a_warm_start_needs_ended_tunings_with_the_same_objective(server: FaultyTunings, client: Any) -> None:
    send(client)
    parent = server.described(NAME)
    with pytest.raises(UserError, match=f"names {NAME}, which is InProgress"):
        check_parent(parent, "val_loss")
    check_parent({**parent, "HyperParameterTuningJobStatus": "Stopped"}, "val_loss")
    with pytest.raises(UserError, match="objective is loss, and that of"):
        check_parent({**parent, "HyperParameterTuningJobStatus": "Completed"}, "loss")
    said: list[str] = []
    table = build_table(warm_start={"tunings": ["nobody-260101120000-aaaa"]})
    with pytest.raises(UserError, match="SageMaker has no tuning nobody-260101120000-aaaa"):
        parents.check(table, said.append)


def test_the_best_job_of_a_tuning_without_one_is_an_error(server: FaultyTunings, client: Any) -> None:
    send(client)
    with pytest.raises(UserError, match="none of its training jobs has a value"):
        tuning.best_job(server.described(NAME))
    server.jobs[NAME]["looks"] = 2
    assert tuning.best_job(server.described(NAME)) == f"{NAME}-000"
