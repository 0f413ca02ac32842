"""Runs a job on several devices of one host. Here the devices are parts of the CPU."""

import subprocess

from tests.unit.trainer import forked
from tests.unit.trainer.trainer_runs import ROOT, Base, environment

SEVERAL_DEVICES = """
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import keras
import tensorflow as tf
from trainer.contract.folders import Folders
from trainer.contract.job import read_job
from trainyard.stop import Stop
from trainyard.hosts import cluster, link
from trainer.tasks import image_classification

devices = int(sys.argv[1])
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * devices)
job = read_job(Folders.of(os.environ), [], os.environ)
keras.utils.set_random_seed(job.hyperparameters.seed)
tf.config.experimental.enable_op_determinism()
strategy = tf.distribute.MirroredStrategy([f"CPU:{number}" for number in range(devices)])
team = cluster.Team(strategy, link.Link(["localhost"], 0, []))
image_classification.train_with(team, job, Stop())
"""


def train_on_devices(base: Base, devices: int) -> "subprocess.CompletedProcess[str]":
    """Run a training on this number of devices."""
    return forked.run(
        ["-c", SEVERAL_DEVICES, str(devices)], ROOT, environment(SAGEMAKER_BASE_DIR=str(base.root)), timeout=600
    )
