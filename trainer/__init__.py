"""The program in the container: it follows SageMaker's contract and trains a model.

Read it in this order: ``contract`` (folders, arguments, failure, SIGTERM), ``tasks/image_classification`` (one job from
its data to its model), ``trainyard/loop/training`` (the loop). It knows nothing else of this repository.
"""
