"""What runs in the container: SageMaker's contract on the outside, training on the inside.

Read in this order: ``contract`` (folders, arguments, failure, SIGTERM), ``tasks/image_classification`` (one job
from its data to its model), ``training`` (the loop). Nothing here knows who started it.
"""
