"""SageMaker's training contract: folders, arguments, hyperparameters, the failure file, SIGTERM, other programs."""
