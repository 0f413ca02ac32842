# Builds the image of a project of your own: `make image` of a job file with the key `code` (docs/image.md).
# The context has the project in code/ and, in trainer/, what starts its program as SageMaker does.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}

ENV SAGEMAKER_SUBMIT_DIRECTORY=/opt/ml/code \
    SM_MODEL_DIR=/opt/ml/model \
    SM_OUTPUT_DATA_DIR=/opt/ml/output/data \
    PYTHONPATH=/opt/trainyard${PYTHONPATH:+:$PYTHONPATH} \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /opt/ml/code

# The code comes last: after an edit, only the last layer is sent again, a few kilobytes.
COPY trainer /opt/trainyard/trainer
COPY code ./

# The exec form makes Python the first process, so it gets SIGTERM and passes it on to the program.
ENTRYPOINT ["python", "-m", "trainer"]
