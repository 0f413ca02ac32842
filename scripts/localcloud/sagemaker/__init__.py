"""The local SageMaker: it really runs training jobs, in containers or as processes of this machine."""
