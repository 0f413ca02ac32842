"""One file for each kind of training: it takes a Job and writes a model."""
