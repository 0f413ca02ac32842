"""Errors in the table [tuning] of a job file, and in what it searches."""

from tests.errors.case import KEYS_DESCRIBED, TRAINING, Case, file, given, job
from tests.errors.scene import Given

GROUP = "Tunings"
TUNE = "make tune JOB=mistake"
KEYS = 'objective = "val_loss"\nmax_jobs = 4\n'
RATE = "[tuning.ranges.learning_rate]\n"
RANGE = f"{RATE}min = 0.001\nmax = 0.1\n"
OPTIMIZER = '[tuning.ranges.optimizer]\nvalues = ["adamw", "sgd"]\n'


def tuned(keys: str = KEYS, ranges: str = RANGE, head: str = "", tables: str = TRAINING) -> Given:
    """The file jobs/mistake.toml with a table [tuning]."""
    return job(head, f"{tables}[tuning]\n{keys}{ranges}")


def own_program(tables: str, keys: str = "", training: str = TRAINING) -> Given:
    """A job file for a program of one's own, with a table [tuning] and more tables."""
    search = f'[tuning]\nobjective = "loss"\ndirection = "Minimize"\nmax_jobs = 4\n{keys}'
    return given(
        job('program = "own.py"', f'{training}[metrics]\nloss = "loss=(.*)"\n{search}{tables}'),
        file("trainer/own.py", "print('loss=1')"),
    )


def case(title: str, problem: str, fix: str, prepared: Given, typed: str = TUNE, on: bool = False) -> Case:
    return Case(GROUP, title, typed, problem, fix, prepared, on)


def _file(title: str, problem: str, fix: str, prepared: Given) -> Case:
    return case(title, f"jobs/mistake.toml: {problem}", fix, prepared)


def _rate(title: str, problem: str, keys: str) -> Case:
    """An error in the table of the hyperparameter learning_rate, which has these keys."""
    prepared = tuned(ranges=f"{RATE}{keys}\n")
    return _file(title, f"tuning.ranges.learning_rate: {problem}", KEYS_DESCRIBED, prepared)


OF_THE_FILE = (
    case(
        "a job file without a table [tuning]",
        "jobs/mistake.toml has no table [tuning], which says what to search.",
        'Add it: [tuning], and below it objective = "val_loss" and max_jobs = 10 (docs/tuning.md).',
        job(),
    ),
    _file(
        "an unknown key",
        "tuning.max_job is not a key of a job file.",
        "Did you mean max_jobs? Allowed here: objective, direction, …",
        tuned('objective = "val_loss"\nmax_job = 4\n'),
    ),
    _file(
        "an unknown key of a range",
        "tuning.ranges.learning_rate.minimum is not a key of a job file.",
        "Did you mean min? Allowed here: min, max, scaling, values.",
        tuned(ranges=f"{RATE}minimum = 1\nmax = 2\n"),
    ),
    _file(
        "a tuning without max_jobs",
        "tuning.max_jobs is missing.",
        "Write max_jobs = 10: it decides what the tuning costs.",
        tuned('objective = "val_loss"\n'),
    ),
    _file(
        "more jobs at a time than in all",
        "tuning.parallel_jobs is 5, and max_jobs is 4.",
        "Lower parallel_jobs: no more jobs can run at the same time.",
        tuned(KEYS + "parallel_jobs = 5\n"),
    ),
    _file(
        "Hyperband with early stopping",
        "tuning.early_stopping is refused with strategy Hyperband, which stops training jobs by its own rule.",
        "Remove early_stopping.",
        tuned(KEYS + 'strategy = "Hyperband"\nearly_stopping = true\n'),
    ),
    _file(
        "a grid with a range",
        "tuning.ranges.learning_rate has min and max, and strategy Grid tries lists of values.",
        "Write values = […] under [tuning.ranges.learning_rate], or choose another strategy.",
        tuned('objective = "val_loss"\nstrategy = "Grid"\n'),
    ),
    _rate("a range without its end", "the key max is missing, or values with a list of values.", "min = 1"),
    _rate("a range that is empty", "min is 1 and max is 1; min must be less than max.", "min = 1\nmax = 1"),
    _rate("a list and a range", "values excludes min; remove one of the two.", "min = 1\nvalues = [1]"),
    _rate("a limit that is not a number", "min is '1', but it must be a number.", 'min = "1"\nmax = 2'),
    _rate(
        "Logarithmic scaling from 0",
        "min is 0, and Logarithmic scaling needs a min above 0.",
        'min = 0\nmax = 2\nscaling = "Logarithmic"',
    ),
    _rate(
        "ReverseLogarithmic scaling beyond 1",
        "ReverseLogarithmic scaling needs a range within 0 and 1, without 1 itself.",
        'min = 0\nmax = 1\nscaling = "ReverseLogarithmic"',
    ),
)

OF_THE_SEARCH = (
    case(
        "an objective that the job does not print",
        "tuning.objective is val_los, and the job prints no such metric.",
        "Did you mean val_loss? The job's metrics: loss, accuracy, val_loss, …",
        tuned('objective = "val_los"\nmax_jobs = 4\n'),
    ),
    case(
        "an objective without a direction",
        "tuning.objective is seconds, and nobody says which of its values are better.",
        'Write direction = "Minimize" or direction = "Maximize" under [tuning].',
        tuned('objective = "seconds"\nmax_jobs = 4\n'),
    ),
    case(
        "a range of a hyperparameter that the trainer does not have",
        "tuning.ranges.learningrate: The trainer has no hyperparameter learningrate.",
        "Did you mean learning_rate? Its hyperparameters: …",
        tuned(ranges="[tuning.ranges.learningrate]\nmin = 0.1\nmax = 0.2\n"),
    ),
    case(
        "a range beyond what the trainer allows",
        "tuning.ranges.learning_rate: learning_rate=20 is out of range.",
        "Set a number from 1e-08 to 10.",
        tuned(ranges=f"{RATE}min = 0.1\nmax = 20\n"),
    ),
    case(
        "a range of a hyperparameter that is not a number",
        "tuning.ranges.optimizer has min and max, and optimizer is not a number.",
        "Write values = […] under [tuning.ranges.optimizer].",
        tuned(ranges="[tuning.ranges.optimizer]\nmin = 1\nmax = 2\n"),
    ),
    case(
        "a list with a value twice",
        "tuning.ranges.optimizer.values has sgd twice.",
        "Remove one.",
        tuned(ranges='[tuning.ranges.optimizer]\nvalues = ["sgd", "sgd"]\n'),
    ),
    case(
        "a list with a long value",
        "tuning.ranges.text.values has a value of 300 characters; SageMaker accepts 256.",
        "Put a long value into a file of a channel.",
        own_program(f'[tuning.ranges.text]\nvalues = ["{"x" * 300}"]\n'),
    ),
    case(
        "a hyperparameter that is typed and searched",
        "HP sets learning_rate, and [tuning.ranges.learning_rate] lets the tuning choose it.",
        "Leave learning_rate out of HP, or remove that table.",
        tuned(),
        f'{TUNE} HP="learning_rate=0.1"',
    ),
    case(
        "nothing to search",
        "The tuning has nothing to search: the job file has no [tuning.ranges], and the program suggests none.",
        "Add a table such as [tuning.ranges.learning_rate] with min and max.",
        own_program(""),
    ),
    case(
        "more jobs than SageMaker accepts",
        "The tuning has 1000 jobs; SageMaker accepts 750 with strategy Bayesian.",
        "Lower tuning.max_jobs.",
        tuned('objective = "val_loss"\nmax_jobs = 1000\n'),
    ),
    case(
        "more hyperparameters than SageMaker searches",
        "The tuning searches 31 hyperparameters and values of lists; SageMaker accepts 30.",
        "Remove values or tables of [tuning.ranges].",
        own_program("[tuning.ranges.a]\nvalues = [1, 2, 3]\n[tuning.ranges.b]\n" + f"values = {list(range(28))}\n"),
    ),
    case(
        "more hyperparameters than a job may have",
        "There are 101 hyperparameters, with those that are searched; SageMaker accepts 100.",
        "Remove some.",
        own_program(
            "[tuning.ranges.x]\nmin = 1\nmax = 2\n[hyperparameters]\n" + "".join(f"h{n} = 1\n" for n in range(100))
        ),
    ),
    case(
        "more metrics than a tuning may have",
        "There are 27 metrics, with those of the trainer; a tuning has at most 20.",
        "Remove some from [metrics].",
        tuned(tables=TRAINING + "[metrics]\n" + "".join(f'm{number} = "(.)"\n' for number in range(20))),
    ),
    case(
        "a grid with another number of jobs",
        "tuning.max_jobs is 4, and the grid has 2 combinations: SageMaker runs all of them.",
        "Remove max_jobs, or write max_jobs = 2.",
        tuned(KEYS + 'strategy = "Grid"\n', OPTIMIZER),
    ),
    case(
        "more jobs at a time than a grid has",
        "tuning.parallel_jobs is 3, and the grid has 2 combinations.",
        "Lower parallel_jobs: no more jobs can run at the same time.",
        tuned('objective = "val_loss"\nstrategy = "Grid"\nparallel_jobs = 3\n', OPTIMIZER),
    ),
    case(
        "a grid, and ranges of the trainer",
        "Strategy Grid tries lists of values, and batch_size has a range.",
        "Write values = […] under [tuning.ranges.batch_size], or choose another strategy.",
        tuned('objective = "val_loss"\nstrategy = "Grid"\n', ""),
    ),
    case(
        "Hyperband without a number of epochs",
        "Strategy Hyperband shares out epochs, and no hyperparameter says how many a job has at most.",
        "Set one of epochs, numepochs, n-epochs, n_epochs, num_epochs to one value in [hyperparameters], or choose "
        "another strategy.",
        tuned(KEYS + 'strategy = "Hyperband"\n'),
    ),
    case(
        "Hyperband with an invalid number of epochs",
        "epochs=many is not a number of epochs for strategy Hyperband.",
        "Set a whole number from 1 to 20000.",
        own_program(
            '[tuning.ranges.x]\nmin = 1\nmax = 2\n[hyperparameters]\nepochs = "many"\n', 'strategy = "Hyperband"\n'
        ),
    ),
)

CASES = (*OF_THE_FILE, *OF_THE_SEARCH)
