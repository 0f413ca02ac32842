"""What `benchmarks.faults` draws, runs, judges and counts.

``draws`` decides what is run, ``yard`` is the place where it runs, ``judging`` says whether an ending is right.
``verbs``, ``kills``, ``stacks`` and ``soak`` are the kinds of runs. ``results`` adds them up in a file. ``page`` makes
docs/reliability.md from it.
"""
