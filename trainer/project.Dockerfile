# Builds the image of a project of your own: `make image` of a job file with the key `code` (docs/image.md).
# The context has the project in code/, in trainer/ what starts its program as SageMaker does, and trainyard/.
ARG BASE_IMAGE

# Installs the packages of requirements.txt, which were downloaded outside: no index and no password is in here.
FROM ${BASE_IMAGE} AS packages
COPY packages /tmp/packages
RUN mkdir /opt/packages && cd /tmp/packages && \
    python -m pip install --no-cache-dir --no-index --no-deps --no-build-isolation --disable-pip-version-check \
    --find-links . --target /opt/packages --requirement pins.txt

FROM ${BASE_IMAGE}

ENV SAGEMAKER_SUBMIT_DIRECTORY=/opt/ml/code \
    SM_MODEL_DIR=/opt/ml/model \
    SM_OUTPUT_DATA_DIR=/opt/ml/output/data \
    PYTHONPATH=/opt/trainyard:/opt/packages${PYTHONPATH:+:$PYTHONPATH} \
    PATH=$PATH:/opt/packages/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /opt/ml/code

# The code comes last: after an edit, only the last layer is sent again, a few kilobytes.
COPY --from=packages /opt/packages /opt/packages
COPY trainer /opt/trainyard/trainer
COPY trainyard /opt/trainyard/trainyard
COPY code ./

# The exec form makes Python the first process, so it gets SIGTERM and passes it on to the program.
ENTRYPOINT ["python", "-m", "trainer"]
