"""One file per kind of training: each takes a Job and leaves a model."""
