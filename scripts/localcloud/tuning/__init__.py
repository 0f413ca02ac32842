"""SageMaker's hyperparameter tuning: it chooses values, and runs a training job of the local SageMaker for each."""
