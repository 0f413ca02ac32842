"""A warm pool of two hosts in containers: what the next job finds of the job before."""

import json
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

TWO = {"InstanceType": "ml.t3.medium", "InstanceCount": 2, "VolumeSizeInGB": 1, "KeepAlivePeriodInSeconds": 600}
# Prints what an earlier job has left, and leaves something everywhere.
CODE = """
cache = pathlib.Path(os.environ["SAGEMAKER_MANAGED_WARMPOOL_CACHE_DIRECTORY"])
assert str(cache) == "/opt/ml/sagemaker/warmpoolcache"
places = [cache, base / "model", base / "output/data", base / "input/data", pathlib.Path("/scratch"), pathlib.Path("/")]
print(json.dumps({"mine": sorted(str(path) for place in places for path in place.glob("*.mine"))}))
for place in places:
    (place / f"{os.environ['TRAINING_JOB_NAME']}-{host}.mine").touch()
(cache / "pip").mkdir(mode=0o700, exist_ok=True)
(cache / "pip" / "wheel").write_text(host)
"""


def test_the_next_job_finds_the_cache_of_each_host_and_nothing_else(account: Any) -> None:
    first = account.run(CODE, ResourceConfig=TWO)["TrainingJobName"]
    assert account.describe(first)["WarmPoolStatus"] == {"Status": "Available"}
    second = account.run(CODE, ResourceConfig=TWO)
    name = second["TrainingJobName"]
    assert account.describe(first)["WarmPoolStatus"]["ReusedByJob"] == name
    for host in ("algo-1", "algo-2"):
        found = json.loads(account.lines(name, host)[0])["mine"]
        assert found == [f"/opt/ml/sagemaker/warmpoolcache/{first}-{host}.mine"]
    assert second["WarmPoolStatus"] == {"Status": "Available"}
    account.sagemaker.update_training_job(TrainingJobName=name, ResourceConfig={"KeepAlivePeriodInSeconds": 0})
    assert account.describe(name)["WarmPoolStatus"]["Status"] == "Terminated"
    assert not list((account.folder / "pools").iterdir())
