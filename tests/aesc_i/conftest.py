"""A recognition model and an autoencoder that know a few digits by heart: untrained ones cannot tell whether decoding works."""

from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from semcom_lib import seeds
from semcom_lib.aesc_i import reports
from semcom_lib.aesc_i.autoencoders import Autoencoder
from semcom_lib.aesc_i.classifiers import DigitClassifier, feature_variance
from semcom_lib.aesc_i.task import AutoencoderTask, RecognitionTask, initialised
from semcom_lib.draws import interval
from semcom_lib.learning import training
from semcom_lib.ledger.paired import Paired
from semcom_lib.ledger.reference import load_reference
from semcom_lib.sources.embedded_images import digits
from semcom_lib.sources.images import ShuffledBatches

NUM_KNOWN, Z_DIMS = 20, 16


class Trained(NamedTuple):
    """Models in evaluation mode, the digits uint8 (20, 28, 28) that all know, two of each class, and their labels.

    No model has learned from the ``judge``.
    """

    classifier: DigitClassifier
    autoencoder: Autoencoder
    images: np.ndarray
    labels: np.ndarray
    judge: DigitClassifier
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
    """Trained for four seconds, by the tasks and the loop that the notebooks use."""
    images, labels = digits(600, 1, "train")
    known = np.concatenate([np.flatnonzero(labels == label)[: NUM_KNOWN // 10] for label in range(10)])
    resume = tmp_path_factory.mktemp("trained") / "resume.pt"

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
    classifiers, recognised = {}, {}
    for seed in (1, 2):
        with seeds.initialising(seed, "tests"):
            classifiers[seed] = DigitClassifier(4)
        recognised[seed] = training.train(
            classifiers[seed], recognition.loss, plan, validate=recognition.validate, resume=resume, stage="tests"
        )
        classifiers[seed].requires_grad_(False)
    classifier = classifiers[1]

    autoencoder = initialised("digits", Z_DIMS, seed=1)
    compression = AutoencoderTask(
        images[known],
        {"train": images[known][:10], "validation": images[known]},
        ShuffledBatches(NUM_KNOWN, NUM_KNOWN, 1, "tests"),
        classifier,
        feature_variance(classifier, images),
        gamma=0.1,
    )
    plan = training.Plan(steps=240, learning_rate=0.02, warmup_steps=10, validate_every=80)
    compressed = training.train(
        autoencoder, compression.loss, plan, validate=compression.validate, resume=resume, stage="tests"
    )
    histories = {"classifier": recognised[1], "autoencoder": compressed}
    return Trained(classifier, autoencoder, images[known], labels[known], classifiers[2], histories)


class Measured:
    """Made-up tables of the reports: ``level(table, key, metric, at)`` is what a system, part or setting ``key`` has at a point.

    Draws share their noise: paired differences are known ten times as well as values.
    """

    METRICS = ("recognition_ratio", "recognition_ratio_m", "ssim", "psnr", "perceptual")

    def __init__(self, images, ratios, trials, level):
        self.images, self.ratios, self.trials, self.level = images, ratios, trials, level
        self._rng = np.random.default_rng(7)
        self._common = self._rng.standard_normal(200)

    def paired(self, table, keys, points=(None,), along=None, metrics=METRICS):
        """Rows of ``keys`` (a dict of columns each) at each point, and their draws."""
        rows, drawn = [], []
        for key in keys:
            for point in points:
                for metric in metrics:
                    value = float(self.level(table, key, metric, point))
                    noise = 0.01 * (self._common + 0.1 * self._rng.standard_normal(200))
                    drawn.append(value + noise)
                    at = {along: point} if along else {}
                    rows.append({**key, **at, "metric": metric, "value": value})
        low, high = interval(np.array(drawn))
        about = {"trials": self.trials, "images": 500, "perceptual": "feature_distance"}
        return Paired(pd.DataFrame(rows).assign(low=low, high=high, **about), np.array(drawn))

    @property
    def systems(self):
        """AESC-I and JPEG at all ratios, and direct transmission."""
        return [{"system": s, "ratio": r} for r in self.ratios for s in ("aesc", "jpeg")] + [
            {"system": "direct", "ratio": 1}
        ]


def _level(table, key, metric, at):
    """Curves as they may be measured: a cliff, and what is left without errors."""
    system, ratio = key.get("system", "aesc"), key.get("ratio", 20)
    if system in ("mean_image", "black_image"):
        ends = {"recognition_ratio": 0.1, "recognition_ratio_m": 0.1, "ssim": 0.2, "psnr": 11.0, "perceptual": 0.4}
        return ends[metric] * (1.02 if system == "black_image" else 1.0)
    best = {"direct": 1.0, "jpeg": 1.0 - 0.01 * ratio}.get(system, 0.99 - 0.005 * ratio)
    if table == "quality":
        best = {"jpeg": 0.6 + 0.4 * (1 - np.exp(-(key["bits"] / 300)))}.get(system, best)
    if table == "gammas":
        best = 0.8 + 0.2 * key["gamma"] - 0.2 * key["gamma"] ** 2
    if table == "precision":
        best -= 0.0 if key["weight_bits"] == 0 else 0.02 / key["weight_bits"]
    if at is None:
        arrived = 1.0
    elif table == "transmission":
        cliff = {"aesc": 1.3, "jpeg": 1.0, "direct": 1.1}[system] - 0.4 * (key["spread"] == "session")
        scale = {"awgn": 0.12, "rayleigh": 5.0, "delay_line": 1.0}[key["channel"]]
        middle = {"awgn": cliff, "rayleigh": 8 + cliff, "delay_line": 4 + cliff}[key["channel"]]
        arrived = 1 / (1 + np.exp(-(at - middle) / scale))
    else:
        fragile = {"decoder": 1e-4, "latents": 3e-3, "scans": 1e-3}.get(
            key.get("part"), {"aesc": 3e-4, "direct": 3e-2}.get(system, 2e-3)
        )
        arrived = 1 / (1 + (at / fragile) ** 1.5)
    value = 0.1 + (best - 0.1) * arrived
    return {"psnr": 10 + 22 * value, "perceptual": 0.42 * (1 - value), "ssim": 0.9 * value}.get(metric, value)


def make_up(images="digits", ratios=(4, 8, 20), trials=20, level=_level, awgn=None):
    """:class:`semcom_lib.aesc_i.reports.Results` of made-up tables."""
    made = Measured(images, ratios, trials, level)
    awgn = awgn or (-6.0, -2.0, 0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5)
    highest = {"aesc": ratios[-1], "direct": 1, "jpeg": ratios[-1]}
    channels = [("awgn", made.systems, awgn), ("rayleigh", made.systems, (0.0, 4.0, 8.0, 12.0, 16.0, 20.0, 24.0))]
    channels.append(("delay_line", [{"system": s, "ratio": r} for s, r in highest.items()], (0.0, 4.0, 8.0, 12.0)))
    parts = [
        made.paired("transmission", [{"channel": c, "spread": s, **key} for key in keys], points, "snr_db")
        for c, keys, points in channels
        for s in ("blocks", "session")
    ]
    transmission = Paired(
        pd.concat([part.table for part in parts], ignore_index=True), np.concatenate([p.draws for p in parts])
    )
    rates = (1e-6, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 1e-1)
    alone = [{"system": "pixels", "ratio": ratios[-1]}] + [
        {"system": s, "ratio": 0} for s in ("mean_image", "black_image")
    ]
    pixel_bits = 6272 if images == "digits" else 24576
    sizes = {("aesc", r, "image"): pixel_bits / r for r in ratios} | {
        ("aesc", r, "decoder"): 50000.0 + 1000 * r for r in ratios
    }
    sizes |= {("jpeg", r, "image"): 1.1 * pixel_bits / r for r in ratios} | {("direct", 1, "image"): float(pixel_bits)}
    uses = [{"system": s, "ratio": r, "part": p, "bits": b, "channel_uses": b} for (s, r, p), b in sizes.items()]
    coded = {"fixed": 1.0, "entropy": 0.8}
    sent = [("aesc", r) for r in ratios] + [("pixels", ratios[-1])]
    settings = [
        {"system": s, "setting": f"ratio {r}", "ratio": r, "quality": np.nan, "code": c, "bits": share * pixel_bits / r}
        | {"decoder_bits": 50000.0 + 1000 * r}
        for c, share in coded.items()
        for s, r in sent
    ]
    settings += [
        {"system": "jpeg", "setting": f"quality {q}", "ratio": np.nan, "quality": q, "code": c, "decoder_bits": 0.0}
        | {"bits": share * (150 + 15 * q)}
        for c, share in coded.items()
        for q in (0, 5, 10, 20, 40, 60, 80)
    ]
    gamma = 0.5
    start = 3.0 if images == "pictures" else 0.0
    training = []
    for z in (196, 98, 40)[-len(ratios) :]:
        for step in range(100, 1001, 100):
            of_run = {"z_dims": z, "gamma": gamma, "images_per_epoch": 55000, "start_epochs": start}
            train = 0.1 + np.exp(-step / 200)
            losses = {f"train_{part}": train for part in ("pixel", "semantic")}
            losses |= {f"validation_{part}": 1.1 * train for part in ("pixel", "semantic")}
            training.append(of_run | {"epoch": start + step / 100, "step": step} | losses)
    side = (28, 28) if images == "digits" else (32, 32, 3)
    strips = {"sent": made._rng.integers(0, 256, (2, *side), dtype=np.uint8)}
    for channel, snrs_db in (("awgn", (0.0, 1.0, 2.5)), ("rayleigh", (0.0, 2.0, 4.0))):
        strips[f"{channel}_snrs_db"] = np.array(snrs_db)
        for system in ("aesc", "jpeg"):
            strips[f"{channel}_{system}"] = made._rng.integers(0, 256, (2, 3, *side), dtype=np.uint8)
    bits = ((0, 0), (8, 8), (16, 8), (16, 16))
    precisions = [{"ratio": r, "weight_bits": w, "latent_bits": m} for r in ratios for w, m in bits]
    subsampling = [
        {"subsampling": colours, "quality": 98, "ratio": r, "bits": 100.0, "in_bits": r + 0.5 * i}
        for i, colours in enumerate(("4:4:4", "4:2:2", "4:2:0"))
        for r in ratios
    ]
    gammas = [{"gamma": g} for g in (0.0, 0.25, gamma, 0.9)]
    errors = [{"part": part} for part in ("decoder", "latents", "scans")]
    return reports.Results(
        images=images,
        data=f"made-up {images}",
        transmission=transmission,
        bsc=made.paired("bsc", made.systems, rates, "ber"),
        decoder_errors=made.paired("decoder_errors", errors, rates, "ber"),
        clean=made.paired("no_channel", made.systems + alone),
        precision=made.paired("precision", precisions),
        gammas=made.paired("gammas", gammas),
        gammas_validation=made.paired("gammas", gammas[1:]),
        uses=pd.DataFrame(uses).assign(code="5G LDPC 1024 -> 2048", modulation="qpsk"),
        quality=made.paired("quality", settings).table,
        training=pd.DataFrame(training),
        strips=strips,
        names=load_reference("aesc_i").names,
        subsampling=pd.DataFrame(subsampling) if images == "pictures" else None,
    )


@pytest.fixture
def made_up():
    """Results of made-up tables: ``made_up(images, ratios, trials, level, awgn)``."""
    plt.switch_backend("agg")
    yield make_up
    plt.close("all")
