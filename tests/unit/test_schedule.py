"""Which file of tests a worker takes next."""

from tests.schedule import next_file

FREE = ["tests/unit/trainer/test_a.py", "tests/e2e/test_account.py", "tests/unit/test_b.py"]
FILES = [*FREE, "tests/container/test_c.py", "tests/e2e/test_d.py", "tests/errors/test_e.py", "tests/faults/test_f.py"]


def test_a_worker_begins_with_a_file_that_is_anybody_s_while_its_stack_is_applied() -> None:
    assert [next_file(FILES, worker, is_first=True) for worker in range(3)] == [FREE[0]] * 3


def test_then_it_takes_the_files_of_its_stack() -> None:
    found = [next_file(FILES, worker, is_first=False) for worker in range(3)]
    assert found == ["tests/e2e/test_d.py", "tests/container/test_c.py", "tests/errors/test_e.py"]


def test_one_worker_takes_all_files_that_share_a_local_cloud() -> None:
    files = [*FREE, "tests/unit/localcloud/access/test_g.py"]
    assert [next_file(files, worker, is_first=False) for worker in range(3)] == [FREE[0], files[-1], FREE[0]]


def test_then_what_is_anybody_s_and_at_the_end_what_is_left() -> None:
    others = [*FREE, "tests/errors/test_e.py"]
    assert next_file(others, 0, is_first=False) == FREE[0]
    assert next_file(["tests/errors/test_e.py"], 0, is_first=False) == "tests/errors/test_e.py"
    assert next_file(["tests/errors/test_e.py"], 2, is_first=True) == "tests/errors/test_e.py"
