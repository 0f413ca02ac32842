"""The images of a job, divided among its hosts and their devices.

A channel that every host has whole (FullyReplicated) is divided by sample: the batch of a step is the same images
whatever number of hosts trains. Of one that SageMaker has dealt out file by file (ShardedByS3Key) each host draws its
part of the batch from its own files.
"""

import dataclasses
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from trainer.contract.errors import JobError
from trainer.contract.folders import Folders
from trainer.contract.hyperparameters import Hyperparameters
from trainer.contract.job import Job
from trainer.hosts.cluster import Team
from trainer.images import fingerprint, folders, pipeline
from trainer.images.folders import Images


@dataclasses.dataclass(frozen=True)
class Input:
    """The images as one host has them.

    Args:
        settings: the job's.
        training: what this host draws from.
        share: its share of a batch.
        counts: training images of each host; one number where all have the same ones.
        steps_per_epoch: as many as it takes until every host's images have all been seen.
        validation: what this host scores; None where the job has no such channel.
        held_back: validation images of all hosts.
        validation_steps: batches of every device until all hosts have scored theirs.
        fingerprints: for each channel, what tells its images from others, however they are divided.
    """

    settings: Hyperparameters
    training: Images
    share: pipeline.Share
    counts: tuple[int, ...]
    steps_per_epoch: int
    validation: Images | None
    held_back: int
    validation_steps: int
    fingerprints: Mapping[str, Any]

    def batches(self, steps: range) -> tf.data.Dataset:
        """The training batches of these steps, as one device after the other takes them."""
        size, channels, seed = self.settings.image_size, self.settings.channels, self.settings.seed
        return pipeline.training_batches(self.training, size, channels, self.share, seed, steps)

    def validation_batches(self) -> tf.data.Dataset:
        """All validation images of this host, once; then empty batches without end, while other hosts have some left.

        Without a validation channel there is nothing but empty ones.
        """
        size, channels = self.settings.image_size, self.settings.channels
        images = self.validation or Images((), (), ())
        batches = pipeline.ordered_batches(images, size, channels, self.share.at_once)
        none = (tf.zeros([0, size, size, channels]), tf.zeros([0], tf.int32))
        return batches.concatenate(tf.data.Dataset.from_tensors(none).repeat())

    def files(self, steps: range) -> list[str]:
        """The files that this host draws in these steps."""
        paths = self.training.paths
        indices = pipeline.indices(len(paths), self.share, self.settings.seed, steps)
        return [paths[index] for index in indices.as_numpy_iterator()]

    def check_readable(self) -> None:
        """Find the image that TensorFlow could not decode: its own error names none.

        Raises:
            JobError: with its name.
        """
        for images in filter(None, (self.training, self.validation)):
            folders.check_readable(images, pipeline.undecodable(images, self.settings.channels), skip=False)


def read(job: Job, team: Team) -> Input:
    """List the job's images and divide them.

    Raises:
        JobError: they cannot be trained on, or the batch cannot be dealt out evenly.
    """
    settings, sharded = job.hyperparameters, _is_sharded("training", team)
    labels = _all_labels(job.training, team) if sharded else None
    images = _listed(job.training, settings, labels)
    share = _share(settings.batch_size, team, sharded)
    counts = tuple(team.link.exchange(len(images.paths))) if sharded else (len(images.paths),)
    if team.chief:
        folders.say_conversion(images, settings.image_size, settings.channels)

    own = fingerprint.part(images, job.training)
    # Where hosts have other files, results depend on which of them has which.
    parts = team.link.exchange(own) if sharded else [own]
    prints = {"images": ", ".join(fingerprint.told([each]) for each in parts)}
    validation, scored = None, [0]
    if job.validation:
        validation = _listed(job.validation, settings, images.labels)
        if not _is_sharded("validation", team):
            validation = _part(validation, team)
        parts = team.link.exchange(fingerprint.part(validation, job.validation))
        scored = [count for count, _ in parts]
        prints["validation images"] = fingerprint.told(parts)
    return Input(
        settings,
        images,
        share,
        counts,
        # Rounded up: an epoch sees every image, and the next one goes on where its last batch ended.
        steps_per_epoch=math.ceil(max(counts) / share.batch),
        validation=validation,
        held_back=sum(scored),
        validation_steps=math.ceil(max(scored) / (share.at_once * team.replicas // team.hosts)),
        fingerprints=prints,
    )


def _is_sharded(channel: str, team: Team) -> bool:
    """Whether each host has other files of a channel; one alone has all, whatever the job says."""
    channels = Folders.of(os.environ).read_config("inputdataconfig.json")
    return team.hosts > 1 and channels.get(channel, {}).get("S3DistributionType") == "ShardedByS3Key"


def _share(batch: int, team: Team, sharded: bool) -> pipeline.Share:
    at_once, own = team.per_replica(batch), batch // team.hosts
    if sharded:
        return pipeline.Share(own, first=0, count=own, at_once=at_once)
    return pipeline.Share(batch, first=team.index * own, count=own, at_once=at_once)


def _all_labels(folder: Path, team: Team) -> tuple[str, ...]:
    """The labels of all hosts: one that has few files may lack some."""
    here = [child.name for child in folder.iterdir() if child.is_dir() and not child.name.startswith(".")]
    labels = sorted({label for host in team.link.exchange(here) for label in host})
    if len(labels) < 2:
        raise JobError(f"All hosts together have images of {len(labels)} labels: there is nothing to tell apart.")
    return tuple(labels)


def _part(images: Images, team: Team) -> Images:
    """Every image is one host's; a host may be left with none."""
    mine = slice(team.index, None, team.hosts)
    return dataclasses.replace(images, paths=images.paths[mine], numbers=images.numbers[mine])


def _listed(folder: Path, settings: Hyperparameters, labels: Sequence[str] | None = None) -> Images:
    images = folders.list_images(folder, labels)
    skip = settings.unreadable == "skip"
    # Whoever goes on without some has to know all of them beforehand; else the first bytes will do, and what is
    # broken further on stops the training when it comes.
    broken = pipeline.undecodable(images, settings.channels) if skip else folders.no_images(images)
    return folders.check_readable(images, broken, skip)
