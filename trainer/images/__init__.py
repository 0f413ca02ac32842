"""Images on disk to batches of a step: which files there are, what a host reads, how they are decoded."""
