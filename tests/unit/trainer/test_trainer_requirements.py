from tests.unit.trainer.trainer_runs import ROOT


def pins(path: str) -> set[str]:
    lines = (ROOT / path).read_text().splitlines()
    return {line.strip() for line in lines if line.strip() and not line.startswith("#")}


def test_the_image_pins_the_same_versions_as_requirements_in() -> None:
    assert pins("trainer/requirements.txt") <= pins("requirements.in")
