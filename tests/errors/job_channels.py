"""Errors in a job file's channels: their names, sources and manifests."""

from tests.errors.case import JOB_FILE, TRAIN_MISTAKE, TRAINING, Case, file, folder, given, job, mistake

WRITE = "Write the file: a path below the channel's source in each line."


def _list(title: str, text: bytes | None, problem: str, fix: str = "Name files below data/listed.") -> Case:
    channel = "[channels.training]\nsource = 'data/listed'\nmanifest = 'list.txt'\n"
    parts = [job('program = "my_train.py"', channel), file("trainer/my_train.py", ""), folder("data/listed", "b.png")]
    parts += [] if text is None else [file("list.txt", text)]
    where = "list.txt (channels.training.manifest of jobs/mistake.toml)"
    return Case(JOB_FILE, title, TRAIN_MISTAKE, f"{where} {problem}", fix, given(*parts))


def channels(count: int) -> str:
    """The tables of so many channels."""
    names = ["training", *(f"c{number}" for number in range(1, count))]
    return "".join(f'[channels.{name}]\nsource = "data/x"\n' for name in names)


CASES = (
    mistake(
        "an unknown table",
        "",
        "chanels is not a key of a job file.",
        "Did you mean channels? Allowed here: …",
        "[chanels.training]\nsource = 'data/digits/training'\n" + TRAINING,
    ),
    mistake(
        "an unknown key in a channel",
        "",
        "channels.training.sauce is not a key of a job file.",
        "Did you mean source? Allowed here: source, …",
        TRAINING + "sauce = 'x'\n",
    ),
    mistake(
        "no channel `training`",
        "",
        "the channel training is missing; its table is [channels.training].",
        tables="",
    ),
    mistake(
        "a channel that is not a table",
        "",
        "channels.training is 'data/digits/training', but it must be a table.",
        'Write the table [channels.training], and below it: source = "data/digits/training".',
        "[channels]\ntraining = 'data/digits/training'\n",
    ),
    mistake(
        "a source with ~ or a variable",
        "",
        "channels.training.source is '~/digits': nothing expands ~ and variables in a job file.",
        "Write the path itself, from / or from this folder.",
        "[channels.training]\nsource = '~/digits'\n",
    ),
    mistake(
        "a source that is a URL",
        "",
        "channels.training.source is 'file:///data/digits': a folder is named by its path, not by a URL.",
        'Write "/data/digits".',
        "[channels.training]\nsource = 'file:///data/digits'\n",
    ),
    mistake(
        "an S3 source in another form",
        "",
        "channels.training.source is 'S3://bucket/digits/': an S3 source is s3://bucket/prefix/.",
        'Write "s3://bucket/digits/".',
        "[channels.training]\nsource = 'S3://bucket/digits/'\n",
    ),
    mistake(
        "a channel's name that SageMaker refuses",
        "",
        "channels.second set: 'second set' is not allowed: a channel's name has only letters, digits and . - _.",
        tables=TRAINING + "[channels.'second set']\nsource = 'data/x'\n",
    ),
    mistake(
        "more than 20 channels", "", "channels has 21 entries, and SageMaker accepts at most 20.", tables=channels(21)
    ),
    mistake(
        "a channel without a source",
        "",
        "channels.training: the key source is missing, or manifest with a list in S3.",
        tables="[channels.training]\ninput_mode = 'File'\n",
    ),
    mistake(
        "a local list without a source",
        "",
        "channels.training: the key source is missing, below which the paths of manifest are.",
        tables="[channels.training]\nmanifest = 'list.txt'\n",
    ),
    mistake(
        "a manifest in S3 beside a source",
        "",
        "channels.training: a manifest in S3 has a prefix of its own; remove source, or name a local list.",
        tables=TRAINING + "manifest = 's3://bucket/list.manifest'\n",
    ),
    mistake(
        "a manifest that is a prefix",
        "",
        "channels.training.manifest: 's3://bucket/x/' is not allowed: a manifest in S3 is s3://bucket/key.",
        tables="[channels.training]\nmanifest = 's3://bucket/x/'\n",
    ),
    mistake(
        "a manifest for FastFile",
        "",
        'channels.training: SageMaker reads no manifest with input_mode = "FastFile"; choose "File" or "Pipe".',
        tables=TRAINING + "manifest = 'list.txt'\ninput_mode = 'FastFile'\n",
    ),
    _list("a local list that does not exist", None, "cannot be read: No such file or directory.", WRITE),
    _list("a local list that is not UTF-8", b"\xfc.png\n", "is not UTF-8 (byte 0).", "Save it as UTF-8."),
    _list("an empty list", b"\n", "names nothing.", "Write a path below the channel's source in each line."),
    _list("a list that leads out of its folder", b"../a.png", "names '../a.png', which leads out of the folder."),
    _list("a list with a path in another form", b"./a.png", "names './a.png', which is not written as a path, such …"),
    _list("a list with a file that is not there", b"a.png", "names 'a.png', which is no file in data/listed."),
    _list("a list with a hidden file", b".a.png", "names '.a.png', which is hidden, so it is not uploaded."),
    _list("a list with a file twice", b"b.png\nb.png\n", "names 'b.png' twice.", "Name each object once."),
    mistake(
        "a shuffle seed that is not a whole number",
        "",
        "channels.training.shuffle_seed is 'x', and should be a valid integer.",
        tables=TRAINING + "shuffle_seed = 'x'\n",
    ),
)
