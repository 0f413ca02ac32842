"""Sets of images are told apart, however hosts have divided them."""

from pathlib import Path
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from trainer.images import fingerprint
from trainer.images.folders import Images


def images(*paths: Path) -> Images:
    return Images(("a",), tuple(map(str, paths)), (0,) * len(paths))


def written(folder: Path, **sizes: int) -> list[Path]:
    (folder / "a").mkdir(parents=True)
    paths = [folder / "a" / name for name in sizes]
    for path, size in zip(paths, sizes.values(), strict=True):
        path.write_bytes(bytes(size))
    return paths


def test_a_name_a_size_and_a_file_more_or_less_change_it(tmp_path: Path) -> None:
    first = written(tmp_path / "first", x=1, y=2)
    whole = fingerprint.told([fingerprint.part(images(*first), tmp_path / "first")])
    assert whole.startswith("2 (")
    elsewhere = written(tmp_path / "elsewhere", x=1, y=2)
    assert fingerprint.told([fingerprint.part(images(*elsewhere), tmp_path / "elsewhere")]) == whole
    for name, sizes in {"size": {"x": 1, "y": 3}, "name": {"x": 1, "z": 2}, "swapped": {"x": 2, "y": 1}}.items():
        other = written(tmp_path / name, **sizes)
        assert fingerprint.told([fingerprint.part(images(*other), tmp_path / name)]) != whole
    assert fingerprint.told([fingerprint.part(images(first[0]), tmp_path / "first")]) != whole


@given(st.lists(st.tuples(st.integers(0, 10), st.integers(0, 2**64 - 1)), min_size=1), st.randoms())
def test_it_does_not_depend_on_how_hosts_divide_the_files(parts: list[fingerprint.Part], chance: Random) -> None:
    shuffled = list(parts)
    chance.shuffle(shuffled)
    assert fingerprint.told(shuffled) == fingerprint.told(parts)
    summed = (sum(count for count, _ in parts), sum(number for _, number in parts))
    assert fingerprint.told([summed]) == fingerprint.told(parts)
