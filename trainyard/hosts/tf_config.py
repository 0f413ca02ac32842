"""TF_CONFIG, with which TensorFlow's strategies find the workers of a job.

https://www.tensorflow.org/guide/distributed_training#setting_up_the_tf_config_environment_variable
"""

from collections.abc import Sequence
from typing import Any

from trainyard.hosts.link import address

PORT = 8890
"""TensorFlow's port on every host, the one of SageMaker's own TensorFlow containers.

https://github.com/aws/sagemaker-tensorflow-training-toolkit/blob/master/src/sagemaker_tensorflow_container/training.py
"""


def tf_config(hosts: Sequence[str], current: str) -> dict[str, Any]:
    """Return the value of TF_CONFIG on one host: every host is a worker, the first one the chief.

    Args:
        hosts: the hosts of the job in the order of SM_HOSTS; a host written ``name:port`` has its own port.
        current: the name of this host.
    """
    workers = ["{}:{}".format(*address(host, PORT)) for host in hosts]
    return {"cluster": {"worker": workers}, "task": {"type": "worker", "index": hosts.index(current)}}
