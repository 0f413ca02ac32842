"""From image files to the batches of a step: lists files, divides them among hosts, and decodes them."""
