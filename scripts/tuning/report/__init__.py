"""The report about a tuning job: one HTML file, a pure function of the ``Tuning`` and of what it is compared with."""
