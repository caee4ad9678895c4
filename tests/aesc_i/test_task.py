"""The training tasks: the losses of the papers on a step's own images, and networks that learn from them."""

import pytest
import torch
from torch.nn import functional as F

from semcom_lib.aesc_i.autoencoders import AUTOENCODERS
from semcom_lib.aesc_i.classifiers import DigitClassifier
from semcom_lib.aesc_i.task import AutoencoderTask, RecognitionTask, initialised
from semcom_lib.sources.images import ShuffledBatches, to_tensor


def recognition(trained, **changed):
    settings = {"crop_margin": 0, "flip": False, "label_smoothing": 0.0, "seed": 3} | changed
    known = trained.images, trained.labels
    return RecognitionTask("digits", known, known, ShuffledBatches(20, 8, 3), **settings)


def compression(trained, gamma=0.1):
    held_out = {"train": trained.images[:10], "validation": trained.images}
    return AutoencoderTask(trained.images, held_out, ShuffledBatches(20, 8, 3), trained.classifier, 0.5, gamma)


def test_both_models_have_learned_what_the_tasks_teach(trained):
    """The fixture's digits: all recognised, and their images' loss far below that of the first weights."""
    with torch.inference_mode():
        guessed = trained.classifier(to_tensor(trained.images)).argmax(dim=1)
    assert guessed.tolist() == trained.labels.tolist()
    first, *_, last = trained.histories["classifier"]
    assert last["validation_loss"] < 0.5 * first["validation_loss"] < 1.2
    untrained = compression(trained).validate(initialised("digits", 16, seed=1))
    *_, last = trained.histories["autoencoder"]
    for part in ("validation_loss", "validation_pixel", "validation_semantic", "train_pixel"):
        assert last[part] < 0.5 * untrained[part]


def test_the_recognition_loss_is_the_cross_entropy_of_the_step_s_own_images(trained):
    chosen = ShuffledBatches(20, 8, 3).at(2)
    with torch.inference_mode():
        log_p = trained.classifier(to_tensor(trained.images[chosen])).log_softmax(dim=1)
        loss = float(recognition(trained).loss(trained.classifier, 2))
        smoothed = float(recognition(trained, label_smoothing=0.2).loss(trained.classifier, 2))
    of_labels = -log_p[torch.arange(8), torch.from_numpy(trained.labels[chosen]).long()].mean()
    assert loss == pytest.approx(float(of_labels), rel=1e-4)
    assert smoothed == pytest.approx(float(0.8 * of_labels - 0.2 * log_p.mean()), rel=1e-4)


@pytest.mark.parametrize("changed", [{"crop_margin": 3}, {"flip": True}])
def test_training_images_are_changed_anew_in_each_step_and_validation_s_never(trained, changed):
    """What the model is given: the step's images, shifted or mirrored, from the seed and the step alone."""
    given = []

    class Seen(DigitClassifier):
        def forward(self, x):
            given.append(x)
            return super().forward(x)

    model = Seen(4).eval()
    task = recognition(trained, **changed)
    for step in (1, 1):
        task.loss(model, step)
    plain = to_tensor(trained.images[ShuffledBatches(20, 8, 3).at(1)])
    assert torch.equal(given[0], given[1])
    assert not torch.equal(given[0], plain)
    torch.testing.assert_close(given[0].sum(), plain.sum(), rtol=0.1, atol=0)
    recognition(trained, **changed, seed=4).loss(model, 1)
    assert not torch.equal(given[2], given[0])
    task.validate(model)
    assert torch.equal(given[3], to_tensor(trained.images))


def test_validation_is_the_mean_over_all_images_whatever_the_batches(trained, monkeypatch):
    together = recognition(trained).validate(trained.classifier)
    of_images = compression(trained).validate(trained.autoencoder)
    monkeypatch.setattr("semcom_lib.aesc_i.task.RECOGNISED_AT_ONCE", 7)
    monkeypatch.setattr("semcom_lib.aesc_i.task.COMPRESSED_AT_ONCE", 7)
    assert recognition(trained).validate(trained.classifier) == pytest.approx(together, rel=1e-4)
    assert compression(trained).validate(trained.autoencoder) == pytest.approx(of_images, rel=1e-4)
    with torch.inference_mode():
        x, labels = to_tensor(trained.images), torch.from_numpy(trained.labels).long()
        assert together["validation_loss"] == pytest.approx(
            float(F.cross_entropy(trained.classifier(x), labels)), rel=1e-4
        )


def test_what_is_validated_are_the_parts_of_the_loss_on_both_splits(trained):
    with torch.inference_mode():
        parts = {
            split: trained.autoencoder.loss(to_tensor(images), trained.classifier, 0.1, 0.5)
            for split, images in (("train", trained.images[:10]), ("validation", trained.images))
        }
    measured = compression(trained).validate(trained.autoencoder)
    assert list(measured) == [
        *("validation_loss", "train_pixel", "validation_pixel", "train_semantic", "validation_semantic"),
    ]
    expected = [
        parts["validation"].total,
        *(parts[split].pixel for split in parts),
        *(parts[split].semantic for split in parts),
    ]
    assert list(measured.values()) == pytest.approx([float(part) for part in expected], rel=1e-4)


def test_the_autoencoder_s_loss_is_that_of_the_step_s_own_images(trained):
    x = to_tensor(trained.images[ShuffledBatches(20, 8, 3).at(5)])
    with torch.inference_mode():
        expected = trained.autoencoder.loss(x, trained.classifier, 0.4, 0.5).total
        assert float(compression(trained, 0.4).loss(trained.autoencoder, 5)) == pytest.approx(float(expected), rel=1e-5)


def test_without_a_semantic_part_the_loss_is_that_of_pixels_and_m_is_not_asked(trained, monkeypatch):
    x = to_tensor(trained.images[ShuffledBatches(20, 8, 3).at(5)])
    task = compression(trained, 0.0)
    with torch.inference_mode():
        expected = float(trained.autoencoder.loss(x, trained.classifier, 0.0, 0.5).total)
        monkeypatch.setattr("semcom_lib.aesc_i.classifiers._Classifier.features", None)
        assert float(task.loss(trained.autoencoder, 5)) == pytest.approx(expected, rel=1e-6)


def test_a_classifier_in_training_mode_is_refused(trained):
    with pytest.raises(ValueError, match="classifier is in training mode; it must be in evaluation mode"):
        AutoencoderTask(trained.images, {}, ShuffledBatches(20, 8, 3), DigitClassifier(4), 1.0, 0.1)


@pytest.mark.parametrize("kind", AUTOENCODERS)
def test_first_weights_are_drawn_from_the_seed(kind):
    first, again, other = (initialised(kind, 8, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    weights = [name for name in first if name.endswith("weight")]
    assert not any(torch.equal(first[name], other[name]) for name in weights)


def test_pictures_start_as_a_linear_network():
    """Channels of their autoencoder in pairs, a signal and its negative."""
    weight = initialised("pictures", 8, seed=1).encoder[2].weight
    assert torch.equal(weight[0::2], -weight[1::2])
