"""The cloud's update: corpus and received features together, the features with their own sentences, zeros kept."""

from dataclasses import replace

import pytest
import torch

from semcom_lib import paths, seeds
from semcom_lib.compression.pruning import magnitude_masks
from semcom_lib.l_deepsc.distributed.cloud import Cloud
from semcom_lib.l_deepsc.distributed.update import UpdateTask, update
from semcom_lib.l_deepsc.task import TransceiverTask
from semcom_lib.l_deepsc.transceiver import DeepSC, DeepSCSizes
from semcom_lib.learning.training import Plan
from semcom_lib.physical_layer import channels
from semcom_lib.sources.text import LengthBuckets

SIZES = DeepSCSizes(width=16, heads=2, layers=1, feed_forward=16, channel_encoder=16, channel_decoder=16)
SENTENCES = [[4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14, 15, 16], [17, 4, 9, 12, 5]]
AGREED = [[4, 9, 6], [4, 5, 6, 7], [12, 9, 7]]
CORPUS = TransceiverTask(
    LengthBuckets(SENTENCES, 12), SENTENCES, channels.awgn, 1, ("tests", "update"), snr_low_db=0.0, snr_high_db=9.0
)


def untrained():
    with seeds.initialising(1, "update"):
        return DeepSC(20, SIZES)


def labelled(upload):
    """For each agreed sentence symbols that say which it is, and whose."""
    return tuple(torch.full((8 * len(ids),), complex(i, upload)) for i, ids in enumerate(AGREED))


def make(uploads=2, number=3):
    return UpdateTask(CORPUS, AGREED, [labelled(u) for u in range(uploads)], number=number, tokens_per_batch=60)


def test_each_sentence_is_drawn_with_its_own_symbols_of_some_device():
    seen = set()
    for step in range(40):
        ids, x_hat = make().draw(seeds.numpy_generator(1, step))
        assert len(ids) == len(x_hat) == 60 // ids.shape[1]
        for row, x in zip(ids.tolist(), x_hat, strict=True):
            assert len(x) == 8 * len(row)
            assert AGREED[int(x[0].real)] == row
            seen.add((int(x[0].real), int(x[0].imag)))
    assert seen == {(i, u) for i in range(3) for u in range(2)}


def test_without_uploads_the_corpus_is_all_that_is_learned():
    with torch.no_grad():
        alone, together = make(0).loss(untrained(), 1), make(2).loss(untrained(), 1)
        here = replace(CORPUS, purpose=("tests", "update", 3)).loss(untrained(), 1)
    assert together > alone > 0
    assert torch.equal(alone, here)


def test_batches_and_noise_are_the_rounds_own_and_validation_every_rounds():
    model = untrained().eval()
    with torch.no_grad():
        assert not torch.equal(make(number=3).loss(model, 1), make(number=4).loss(model, 1))
    assert make(number=3).validate(model) == make(number=4).validate(model) == CORPUS.validate(model)


def test_received_features_teach_the_receiver_and_not_the_channel_encoder():
    model = untrained()
    with_features = torch.autograd.grad(make().loss(model, 1), [*_encoder(model), *_decoder(model)])
    without = torch.autograd.grad(make(0).loss(model, 1), [*_encoder(model), *_decoder(model)])
    equal = [torch.allclose(a, b) for a, b in zip(with_features, without, strict=True)]
    assert all(equal[: len(_encoder(model))])
    assert not any(equal[len(_encoder(model)) :])


def _encoder(model):
    return list(model.transmitter.channel_encoder.parameters())


def _decoder(model):
    return [layer.weight for layer in (model.receiver.channel_decoder.dense_2, model.receiver.channel_decoder.dense_3)]


@pytest.mark.parametrize("uploads", [0, 2])
def test_an_update_moves_the_model_and_keeps_its_zeros(uploads, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CHECKPOINTS", tmp_path)
    model = untrained()
    before = model.transmitter.embedding.weight.detach().clone()
    cloud = Cloud(model, magnitude_masks(model, 0.5), 8)
    plan = Plan(steps=2, learning_rate=0.01, validate_every=2)
    last = update(cloud, make(uploads), plan)
    assert last == CORPUS.validate(model.eval())["validation_loss"]
    weights = dict(model.named_parameters())
    assert all((weights[name][~mask] == 0).all() for name, mask in cloud.masks.items())
    assert not torch.equal(model.transmitter.embedding.weight, before)
