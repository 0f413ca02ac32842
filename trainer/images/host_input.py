"""Divides the images of a job among its hosts and their devices.

If every host has the whole channel (FullyReplicated), the hosts divide each batch: a step then has the same images for
any number of hosts. If SageMaker gives each host its own files (ShardedByS3Key), each host draws its part of the batch
from them.
"""

import dataclasses
import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from trainer.contract.folders import Folders
from trainer.contract.hyperparameters import Hyperparameters
from trainer.contract.job import Job
from trainer.images import channel, decoding, folders, listing, memory, pipeline, splitting
from trainer.images.augmentation import Augmentation
from trainer.images.cache import Cache
from trainer.images.decoding import Form
from trainer.images.fingerprint import combine, fingerprint
from trainer.images.listing import Images
from trainer.images.memory import Budget
from trainyard.errors import JobError
from trainyard.hosts.cluster import Team

SHARE_WITHOUT_GPU, SHARE_WITH_GPU = 0.25, 0.5
"""The share of the free memory for decoded images. Without a GPU, the network needs memory of the machine too."""


@dataclasses.dataclass(frozen=True)
class Caches:
    """The decoded images of this host."""

    training: Cache
    validation: Cache


@dataclasses.dataclass(frozen=True)
class Input:
    """The images of one host.

    Args:
        settings: the hyperparameters of the job.
        training: the training images from which this host draws.
        share: this host's share of each part of a batch; with accumulate_steps=1, a batch has one part.
        counts: the number of training images of each host; one number if all hosts have the same images.
        steps_per_epoch: enough steps to use every training image of every host.
        validation: the validation images that this host scores; None if the job has no validation channel.
        validation_count: the number of validation images of all hosts.
        validation_steps: batches of every device until all hosts have scored all of theirs.
        fingerprints: a fingerprint of the images of each channel, independent of how hosts divide them.
        form: what the image files become.
        caches: keep the decoded images of the two channels in memory.
    """

    settings: Hyperparameters
    training: Images
    share: pipeline.Share
    counts: tuple[int, ...]
    steps_per_epoch: int
    validation: Images | None
    validation_count: int
    validation_steps: int
    fingerprints: Mapping[str, Any]
    form: Form
    caches: Caches

    def batches(self, steps: range) -> tf.data.Dataset:
        """Return the training batches of these steps; the devices of this host take them in turn."""
        chosen = Augmentation.of(self.settings)
        return pipeline.training_batches(
            self.training, self.form, self.share, chosen, self._parts(steps), self.caches.training
        )

    def validation_batches(self) -> tf.data.Dataset:
        """Return each validation image of this host once, then empty batches without end.

        The empty batches are for the steps in which only other hosts have images left. Without a validation channel,
        all batches are empty.
        """
        images = self.validation or Images((), (), (), ())
        batches = pipeline.ordered_batches(images, self.form, self.share.per_device, self.caches.validation)
        empty = (tf.zeros([0, *self.form.shape]), tf.zeros([0], tf.int32))
        return batches.concatenate(tf.data.Dataset.from_tensors(empty).repeat())

    def files(self, steps: range) -> list[str]:
        """Return the files that this host draws in these steps."""
        paths = self.training.paths
        drawn = pipeline.indices(len(paths), self.share, self.settings.seed, self._parts(steps))
        return [paths[index] for indices, _ in drawn.as_numpy_iterator() for index in indices]

    def counts_by_label(self, team: Team) -> list[int]:
        """Return the number of training images of each label, on all hosts."""
        counted = Counter(self.training.numbers)
        own = [counted[number] for number in range(len(self.training.labels))]
        hosts = team.link.exchange(own) if len(self.counts) > 1 else [own]
        return [sum(counts) for counts in zip(*hosts, strict=True)]

    def _parts(self, steps: range) -> range:
        """Return the parts of the batches of these steps."""
        return range(steps.start * self.settings.accumulate_steps, steps.stop * self.settings.accumulate_steps)

    def check_readable(self) -> None:
        """Find the images that TensorFlow cannot decode; its own error does not name them.

        Raises:
            JobError: it names them.
        """
        for images in filter(None, (self.training, self.validation)):
            folders.without_unreadable(images, decoding.find_undecodable(images.paths), skip=False)


def read(job: Job, settings: Hyperparameters, team: Team, upright: bool = True) -> Input:
    """List the images of the job and divide them.

    Args:
        job: names the folders.
        settings: the hyperparameters in effect.
        team: all devices.
        upright: whether to turn photos as their cameras say.

    Raises:
        JobError: the trainer cannot train on them, or the batch cannot be divided equally among the devices.
    """
    sharded = _is_sharded("training", team)
    labels = _all_labels(job.training, team) if sharded else None
    images = _read(job.training, settings, team, "training", labels)
    share = _share(settings, team, sharded)
    validation = None
    if job.validation:
        validation = _read(job.validation, settings, team, "validation", images.labels)
    elif settings.validation_split:
        images, validation = splitting.split(images, settings.validation_split, settings.seed)
        team.say(splitting.describe(images, validation))
    counts = tuple(team.link.exchange(len(images.paths))) if sharded else (len(images.paths),)
    drawn = share.batch * settings.accumulate_steps
    if note := note_on_few(max(counts), drawn):
        team.say(note)

    own_print = fingerprint(images, job.training)
    # If each host has its own files, the results depend on which host has which: one fingerprint per host.
    parts = team.link.exchange(own_print) if sharded else [own_print]
    fingerprints, validation_counts = {"images": ", ".join(combine([part]) for part in parts)}, [0]
    if validation:
        if not (_is_sharded("validation", team) if job.validation else sharded):
            validation = _own_part(validation, team)
        parts = team.link.exchange(fingerprint(validation, job.validation or job.training))
        validation_counts = [count for count, _ in parts]
        fingerprints["validation images"] = combine(parts)
    return Input(
        settings,
        images,
        share,
        counts,
        # Rounded up, so that an epoch uses every image. The next epoch starts where its last batch ended.
        steps_per_epoch=math.ceil(max(counts) / drawn),
        validation=validation,
        validation_count=sum(validation_counts),
        validation_steps=math.ceil(max(validation_counts) / (share.per_device * team.replicas // team.hosts)),
        fingerprints=fingerprints,
        form=pipeline.form(settings, upright),
        caches=_caches(team),
    )


def note_on_few(images: int, drawn: int) -> str | None:
    """A line for the log if there are fewer images than a step draws; None if there are not. Pure.

    Args:
        images: training images from which a batch is drawn.
        drawn: images in a step.
    """
    if images >= drawn:
        return None
    return (
        f"note: an epoch is one step, which draws {drawn} times from {images} training images, so each image about "
        f"{drawn / images:.2g} times; with a smaller batch_size an epoch has more steps"
    )


def _caches(team: Team) -> Caches:
    """Measure the free memory, and print how much of it may hold decoded images."""
    free = memory.free()
    share = SHARE_WITH_GPU if tf.config.list_physical_devices("GPU") else SHARE_WITHOUT_GPU
    budget = Budget(int(free * share))
    if free:
        gigabytes = f"{budget.size / 1e9:.1f} GB, {share:.0%} of the {free / 1e9:.1f} GB that are free"
        team.say(f"decoded images are kept in memory, up to {gigabytes}")
    return Caches(Cache(budget), Cache(budget))


def _read(folder: Path, settings: Hyperparameters, team: Team, name: str, labels: Sequence[str] | None) -> Images:
    """List the images of a channel, and print what is not trained on."""
    look: channel.Look = "headers"
    if settings.unreadable == "skip":
        look = "content"  # to skip files, all of them must be decoded first
    elif _settings_of(name).get("TrainingInputMode") == "FastFile":
        look = "names"  # each open goes to S3; a file that is not an image stops the training when it is drawn
    found = channel.read(folder, settings, labels, look, decoding.reads_webp())
    for note in found.notes:
        team.say(note)
    return found.images


def _is_sharded(name: str, team: Team) -> bool:
    """Whether each host has its own files of a channel. A single host always has all files."""
    return team.hosts > 1 and _settings_of(name).get("S3DistributionType") == "ShardedByS3Key"


def _settings_of(name: str) -> Mapping[str, str]:
    """What SageMaker says about a channel."""
    channels: Mapping[str, Mapping[str, str]] = Folders.of(os.environ).read_config("inputdataconfig.json")
    return channels.get(name, {})


def _share(settings: Hyperparameters, team: Team, sharded: bool) -> pipeline.Share:
    """Return this host's share of each part of a batch.

    Raises:
        JobError: the batch cannot be divided.
    """
    batch, parts, devices = settings.batch_size, settings.accumulate_steps, team.replicas
    multiple = parts * devices
    if parts > 1 and batch % multiple:
        raise JobError(
            f"batch_size={batch} cannot be divided into {parts} equal parts (accumulate_steps) on {devices} devices.",
            f"Set a multiple of {multiple}, such as {math.ceil(batch / multiple) * multiple}.",
        )
    per_device = team.per_replica(batch // parts)
    if settings.mixup and per_device % 2:
        raise JobError(
            f"mixup blends pairs of images, and each device gets {per_device} of a batch at a time.",
            f"Set batch_size to a multiple of {2 * multiple}, or mixup=0.",
        )
    per_host = batch // parts // team.hosts
    if sharded:
        return pipeline.Share(per_host, first=0, count=per_host, per_device=per_device)
    return pipeline.Share(batch // parts, first=team.index * per_host, count=per_host, per_device=per_device)


def _all_labels(folder: Path, team: Team) -> tuple[str, ...]:
    """Return the labels of all hosts; a host with few files may not have every label."""
    own_labels = listing.label_names(folder)
    labels = sorted({label for host in team.link.exchange(own_labels) for label in host})
    if len(labels) < 2:
        raise JobError(f"All hosts together have images of {len(labels)} labels only.", "Training needs at least two.")
    return tuple(labels)


def _own_part(images: Images, team: Team) -> Images:
    """Return this host's part of the images. Each image belongs to one host; a host may have none."""
    return images.take(range(team.index, len(images.paths), team.hosts))
