"""Different sets of images have different fingerprints, however hosts divide the files."""

from pathlib import Path
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from trainer.images.fingerprint import Fingerprint, combine, fingerprint
from trainer.images.listing import Images


def images(*paths: Path) -> Images:
    sizes = tuple(path.stat().st_size for path in paths)
    return Images(("a",), tuple(map(str, paths)), (0,) * len(paths), sizes)


def write(folder: Path, **sizes: int) -> list[Path]:
    (folder / "a").mkdir(parents=True)
    paths = [folder / "a" / name for name in sizes]
    for path, size in zip(paths, sizes.values(), strict=True):
        path.write_bytes(bytes(size))
    return paths


def test_names_sizes_and_the_number_of_files_change_the_fingerprint(tmp_path: Path) -> None:
    first = write(tmp_path / "first", x=1, y=2)
    original = combine([fingerprint(images(*first), tmp_path / "first")])
    assert original.startswith("2 (")
    elsewhere = write(tmp_path / "elsewhere", x=1, y=2)
    assert combine([fingerprint(images(*elsewhere), tmp_path / "elsewhere")]) == original
    for name, sizes in {"size": {"x": 1, "y": 3}, "name": {"x": 1, "z": 2}, "swapped": {"x": 2, "y": 1}}.items():
        other = write(tmp_path / name, **sizes)
        assert combine([fingerprint(images(*other), tmp_path / name)]) != original
    assert combine([fingerprint(images(first[0]), tmp_path / "first")]) != original


@given(st.lists(st.tuples(st.integers(0, 10), st.integers(0, 2**64 - 1)), min_size=1), st.randoms())
def test_the_fingerprint_is_the_same_however_hosts_divide_the_files(parts: list[Fingerprint], random: Random) -> None:
    shuffled = list(parts)
    random.shuffle(shuffled)
    assert combine(shuffled) == combine(parts)
    summed = (sum(count for count, _ in parts), sum(number for _, number in parts))
    assert combine([summed]) == combine(parts)
