"""A recognition model and an autoencoder that know a few digits by heart: untrained ones cannot tell whether decoding works."""

from typing import NamedTuple

import numpy as np
import pytest
import torch

from semcom_lib import seeds
from semcom_lib.aesc_i.autoencoders import Autoencoder
from semcom_lib.aesc_i.classifiers import DigitClassifier
from semcom_lib.aesc_i.task import AutoencoderTask, RecognitionTask, initialised
from semcom_lib.learning import training
from semcom_lib.sources.embedded_images import digits
from semcom_lib.sources.images import ShuffledBatches

NUM_KNOWN, Z_DIMS = 20, 16


class Trained(NamedTuple):
    """Models in evaluation mode, the digits uint8 (20, 28, 28) that both know, two of each class, and their labels."""

    classifier: DigitClassifier
    autoencoder: Autoencoder
    images: np.ndarray
    labels: np.ndarray
    histories: dict[str, list[dict[str, float]]]


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    """Layers as small as these only lose by more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Trained:
    """Trained for three seconds, by the tasks and the loop that the notebooks use."""
    images, labels = digits(600, 1, "train")
    known = np.concatenate([np.flatnonzero(labels == label)[: NUM_KNOWN // 10] for label in range(10)])
    resume = tmp_path_factory.mktemp("trained") / "resume.pt"

    with seeds.initialising(1, "tests"):
        classifier = DigitClassifier(4)
    recognition = RecognitionTask(
        "digits",
        (images, labels),
        (images[known], labels[known]),
        ShuffledBatches(len(images), 40, 1, "tests"),
        crop_margin=1,
        flip=False,
        label_smoothing=0.0,
        seed=1,
    )
    plan = training.Plan(steps=50, learning_rate=0.008, warmup_steps=5, validate_every=25)
    recognised = training.train(
        classifier, recognition.loss, plan, validate=recognition.validate, resume=resume, stage="tests"
    )
    classifier.requires_grad_(False)

    autoencoder = initialised("digits", Z_DIMS, seed=1)
    compression = AutoencoderTask(
        images[known],
        {"train": images[known][:10], "validation": images[known]},
        ShuffledBatches(NUM_KNOWN, NUM_KNOWN, 1, "tests"),
        classifier,
        gamma=0.1,
    )
    plan = training.Plan(steps=240, learning_rate=0.02, warmup_steps=10, validate_every=80)
    compressed = training.train(
        autoencoder, compression.loss, plan, validate=compression.validate, resume=resume, stage="tests"
    )
    histories = {"classifier": recognised, "autoencoder": compressed}
    return Trained(classifier, autoencoder, images[known], labels[known], histories)
