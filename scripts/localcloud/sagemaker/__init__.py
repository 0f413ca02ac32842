"""The local SageMaker: training jobs that really run, in processes of this machine."""
