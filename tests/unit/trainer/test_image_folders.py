"""Tests that need TensorFlow but no training: images, networks, export, evaluation."""

import dataclasses
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from trainer.contract.hyperparameters import APPLICATIONS, Hyperparameters
from trainyard.errors import JobError

pytestmark = pytest.mark.e2e
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

GREY = Hyperparameters(image_size=8, channels=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Images of several sizes, formats and colours in two labels."""
    kinds = {"a/1.png": "L", "a/2.JPG": "RGB", "a/3.jpeg": "L", "b/1.png": "RGBA", "b/2.png": "P", "b/3.png": "I;16"}
    for number, (name, mode) in enumerate(kinds.items()):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new(mode, (10 + number, 20), 100 if mode in {"L", "P", "I;16"} else (100,) * len(mode)).save(path)
    return tmp_path / "images"


def test_the_labels_are_the_sorted_folder_names(folder: Path) -> None:
    from trainer.images import folders

    (folder / "b" / "notes.txt").write_text("no image")
    (folder / "b" / ".hidden.png").write_text("no image")
    images = folders.list_images(folder)
    assert images.labels == ("a", "b")
    assert images.numbers == (0, 0, 0, 1, 1, 1)
    assert [Path(path).name for path in images.paths] == ["1.png", "2.JPG", "3.jpeg", "1.png", "2.png", "3.png"]


def test_fewer_images_than_a_step_draws_are_reported() -> None:
    from trainer.images import host_input

    assert host_input.note_on_few(64, 64) is None
    note = str(host_input.note_on_few(20, 64))
    assert "draws 64 times from 20 training images, so each image about 3.2 times" in note


def test_validation_images_get_the_numbers_of_the_training_labels(folder: Path) -> None:
    from trainer.images import folders

    shutil.rmtree(folder / "a")
    assert folders.list_images(folder, ("a", "b")).numbers == (1, 1, 1)
    with pytest.raises(JobError, match="labels that the training images do not have: b"):
        folders.list_images(folder, ("a", "c"))


def test_folders_without_images_or_with_one_label_are_refused(folder: Path, tmp_path: Path) -> None:
    from trainer.images import folders

    (tmp_path / "none").mkdir()
    with pytest.raises(JobError, match="contains no images"):
        folders.list_images(tmp_path / "none")
    shutil.rmtree(folder / "a")
    with pytest.raises(JobError, match=r"one label only \(b\)"):
        folders.list_images(folder)


@pytest.mark.parametrize("channels", [1, 3])
def test_images_of_every_format_get_the_same_shape(folder: Path, channels: int) -> None:
    from trainer.images import decoding, folders, pipeline

    (batch,) = pipeline.ordered_batches(folders.list_images(folder), decoding.Form(16, channels), 10)
    assert batch[0].shape == (6, 16, 16, channels)
    assert batch[0].dtype == "float32"
    assert batch[1].numpy().tolist() == [0, 0, 0, 1, 1, 1]


def order(folder: Path, seed: int, steps: range, host: int = 0, hosts: int = 1, devices: int = 1) -> list[list[int]]:
    """The images of each step, device by device."""
    from trainer.images import folders, pipeline
    from trainer.images.augmentation import Augmentation
    from trainer.images.decoding import Form

    images, plain = folders.list_images(folder), Augmentation("none", flip=False, mixup=0.0, seed=seed)
    # Every image gets its own label, so that the label identifies the image.
    single = dataclasses.replace(images, numbers=tuple(range(len(images.paths))))
    share = pipeline.Share(batch=4, first=host * 4 // hosts, count=4 // hosts, per_device=4 // hosts // devices)
    batches = pipeline.training_batches(single, Form(8, 1), share, plain, steps)
    return [numbers.numpy().tolist() for _, numbers in batches]


def test_the_order_is_a_pure_function_of_seed_and_step(folder: Path) -> None:
    whole = order(folder, 3, range(60))
    assert [order(folder, 3, range(start, 60)) == whole[start:] for start in (0, 1, 17, 59)] == [True] * 4
    assert order(folder, 4, range(60)) != whole
    positions = [position for batch in whole for position in batch]
    passes = [positions[start : start + 6] for start in range(0, len(positions), 6)]
    assert all(sorted(each) == list(range(6)) for each in passes)  # every pass has each image once
    assert len({tuple(each) for each in passes}) > 10  # and the order changes


def test_hosts_and_devices_take_consecutive_parts_of_the_same_batch(folder: Path) -> None:
    whole = order(folder, 3, range(7, 20))
    assert order(folder, 3, range(7, 20), devices=4) == [[image] for batch in whole for image in batch]
    shares = [order(folder, 3, range(7, 20), host, 2) for host in range(2)]
    assert [[batch[:2], batch[2:]] for batch in whole] == [list(parts) for parts in zip(*shares, strict=True)]
    assert order(folder, 3, range(7, 20), 1, 2, devices=2) == [[image] for batch in whole for image in batch[2:]]


def test_keras_has_every_listed_application() -> None:
    import keras

    assert [name for name in APPLICATIONS if not hasattr(keras.applications, name)] == []


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*_: Any) -> None:
        raise AssertionError("the test opened a network connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.parametrize(("name", "channels"), [("MobileNet", 3), ("VGG16", 1)])
def test_applications_start_from_the_weights_channel_and_keep_their_preprocessing(
    name: str, channels: int, tmp_path: Path, no_network: None
) -> None:
    """Each of two ways to prepare images, with the network of fewest layers. Grey images become RGB."""
    import keras

    from trainer.networks import architectures, export

    settings = Hyperparameters(model=name, image_size=32, channels=channels)
    keras.utils.set_random_seed(1)
    source = getattr(keras.applications, name)(include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg")
    source.save_weights(tmp_path / "backbone.weights.h5")
    model = architectures.build(settings, 3, tmp_path)
    backbone = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    image = np.random.default_rng(0).integers(0, 256, (2, 32, 32, channels), dtype=np.uint8)
    module = {"MobileNet": keras.applications.mobilenet, "VGG16": keras.applications.vgg16}[name]
    prepared = module.preprocess_input(np.repeat(image, 3 // channels, axis=-1).astype("float32"))
    features = keras.Model(model.input, model.get_layer("dropout").input)
    assert np.allclose(features(image.astype("float32")), source(prepared), atol=1e-4)
    assert backbone.count_params() == source.count_params()
    if channels == 1:  # as in checkpoints of before
        assert architectures.build(settings, 3, None, prepare_grey=False).input_shape[3] == 1

    export.export(model, ["x", "y", "z"], tmp_path / "model")
    again = keras.models.load_model(tmp_path / "model" / "model.keras")
    # Called as a user would, without training=False.
    assert np.allclose(again(image), keras.ops.softmax(model(image.astype("float32"))), atol=1e-5)


def test_small_cnn_halves_large_images_but_not_in_a_run_of_before(tmp_path: Path) -> None:
    from trainer.contract.folders import Folders
    from trainer.contract.job import read_job
    from trainer.networks import architectures
    from trainer.tasks import setup
    from trainyard.checkpoints.checkpoint import Checkpoint

    def pixels(size: int, stem: bool = True) -> int:
        """The largest height of a layer's results."""
        model = architectures.build(Hyperparameters(image_size=size), 3, None, stem=stem)
        shapes = [layer.output.shape for layer in architectures.backbone(model).layers[1:]]
        return max(int(shape[1]) for shape in shapes if len(shape) == 4)

    assert [pixels(size) for size in (127, 128, 224)] == [127, 64, 112]
    assert pixels(224, stem=False) == 224

    def chosen(identity: dict[str, str] | None) -> setup.Choices:
        about = {"identity": identity, "from_weights": False}
        newest = None if identity is None else Checkpoint(tmp_path, 1, about, "")
        return setup.choose(read_job(Folders(tmp_path), ["--training", str(tmp_path)], {}), newest, "float32")

    assert chosen(None).stem
    assert not chosen({"model": "small_cnn"}).stem
    assert chosen({"model": "small_cnn", "large images": "halved by a stem"}).stem


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    from trainer.networks import architectures

    with pytest.raises(JobError, match=r"must contain exactly one \.h5 or \.keras file; .* contains 0"):
        architectures.build(GREY, 2, tmp_path)
    architectures.build(GREY, 2, None).save_weights(tmp_path / "other.weights.h5")
    with pytest.raises(JobError, match="does not contain the weights of"):
        architectures.build(Hyperparameters(model="MobileNetV2", image_size=32), 2, tmp_path)


def test_an_image_size_too_small_for_the_network_is_refused() -> None:
    from trainer.networks import architectures

    with pytest.raises(JobError, match="Xception cannot be built for images of"):
        architectures.build(Hyperparameters(model="Xception", image_size=32), 2, None)


def test_the_savedmodel_gives_the_training_results_for_raw_images_of_any_size(folder: Path, tmp_path: Path) -> None:
    import keras
    import tensorflow as tf

    from trainer.images import decoding, folders, pipeline
    from trainer.networks import architectures, export

    model = architectures.build(GREY, 2, None)
    export.export(model, ["a", "b"], tmp_path / "model")
    loaded = tf.saved_model.load(str(tmp_path / "model" / "1"))
    assert set(loaded.signatures) == {"serve", "serving_default"}
    assert len(loaded.trainable_variables) == len(model.trainable_variables)
    served = loaded.signatures["serving_default"]
    images = folders.list_images(folder)
    (batch,) = pipeline.ordered_batches(images, decoding.Form(8, 1), 10)
    expected = keras.ops.softmax(model(batch[0], training=False)).numpy()
    for number, path in enumerate(images.paths):
        raw = decoding.decode(path, decoding.Form(8, 1))[tf.newaxis]
        assert raw.dtype == "uint8"
        assert np.allclose(served(raw)["output_0"].numpy()[0], expected[number], atol=1e-5)
    assert json.loads((tmp_path / "model" / "labels.json").read_text()) == ["a", "b"]
