from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from scripts.channels.local import LocalFile
from scripts.channels.plan import RemoteObject, plan, same_size_pairs

KEYS = st.sampled_from(["a", "b", "c/d", "c/e", "ü +", "", "c/"])
LOCAL = st.dictionaries(KEYS.filter(lambda key: key and not key.endswith("/")), st.integers(0, 2))
REMOTE = st.dictionaries(KEYS, st.integers(0, 2))


def files(sizes: dict[str, int]) -> list[LocalFile]:
    return [LocalFile(key, Path(key), size, 0) for key, size in sizes.items()]


def objects(sizes: dict[str, int]) -> list[RemoteObject]:
    return [RemoteObject(key, size, "etag") for key, size in sizes.items()]


@given(LOCAL, REMOTE, st.data())
def test_the_plan_makes_the_prefix_equal_to_the_folder(
    local: dict[str, int], remote: dict[str, int], data: st.DataObject
) -> None:
    pairs = {file.key for file, _ in same_size_pairs(files(local), objects(remote))}
    same = data.draw(st.sets(st.sampled_from(sorted(pairs)))) if pairs else set()
    made = plan(files(local), objects(remote), same)
    after = (remote.keys() | {file.key for file in made.upload}) - set(made.delete)
    assert after == local.keys()
    assert {file.key for file in made.unchanged} == same
    assert {file.key for file in made.upload} == local.keys() - same
    # A file of another size never counts as unchanged, even if its contents were reported as equal.
    assert all(local[key] == remote[key] for key in pairs)
