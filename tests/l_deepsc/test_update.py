"""The cloud's update: what it learns from, each sentence with its own features, zeros kept, published only where it is better."""

from dataclasses import replace

import pytest
import torch

from semcom_lib import paths, seeds
from semcom_lib.compression.packing import unpack
from semcom_lib.compression.pruning import apply_masks, magnitude_masks
from semcom_lib.l_deepsc.distributed import broadcast
from semcom_lib.l_deepsc.distributed.cloud import Cloud
from semcom_lib.l_deepsc.distributed.update import ReceivedFeatures, RoundTask, update
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
# For each agreed sentence symbols that say which it is.
RECEIVED = ReceivedFeatures(
    AGREED,
    [torch.full((8 * len(ids),), complex(i, 1)) for i, ids in enumerate(AGREED)],
    tokens_per_batch=60,
    seed=1,
    purpose=("tests", "received"),
)


def untrained():
    with seeds.initialising(1, "update"):
        return DeepSC(20, SIZES)


def task(*learned, number=3):
    return RoundTask(number, learned or (CORPUS,), CORPUS)


def test_each_sentence_is_drawn_with_its_own_symbols():
    seen = set()
    for step in range(40):
        ids, x_hat = RECEIVED.draw(seeds.numpy_generator(1, step))
        assert len(ids) == len(x_hat) == 60 // ids.shape[1]
        for row, x in zip(ids.tolist(), x_hat, strict=True):
            assert len(x) == 8 * len(row)
            assert AGREED[int(x[0].real)] == row
            seen.add(int(x[0].real))
    assert seen == {0, 1, 2}


def test_a_rounds_loss_is_the_sum_of_what_it_learns_from():
    model = untrained().eval()
    with torch.no_grad():
        alone = replace(CORPUS, purpose=("tests", "update", 3)).loss(model, 1)
        received = replace(RECEIVED, purpose=("tests", "received", 3)).loss(model, 1)
        torch.testing.assert_close(task(CORPUS, RECEIVED).loss(model, 1), alone + received)
        assert torch.equal(task().loss(model, 1), alone)
    assert min(alone, received) > 0


def test_batches_and_noise_are_the_rounds_own_and_validation_every_rounds():
    model = untrained().eval()
    with torch.no_grad():
        for learned in ((CORPUS,), (RECEIVED,)):
            assert not torch.equal(task(*learned, number=3).loss(model, 1), task(*learned, number=4).loss(model, 1))
    assert task(number=3).validate(model) == task(RECEIVED, number=4).validate(model) == CORPUS.validate(model)


def test_received_features_judge_by_every_sentence_as_it_came_in():
    """The mean over all words, of which no other symbols, batch or order is a part; others' symbols are another loss."""
    model = untrained().eval()
    judged = RoundTask(3, (CORPUS,), RECEIVED)
    loss = judged.validate(model)["validation_loss"]
    each = [replace(RECEIVED, sentences=[ids], x_hat=[x]) for ids, x in zip(AGREED, RECEIVED.x_hat, strict=True)]
    words = [len(ids) for ids in AGREED]
    alone = [one.validate(model)["validation_loss"] for one in each]
    assert loss == pytest.approx(sum(w * a for w, a in zip(words, alone, strict=True)) / sum(words), rel=1e-5)
    turned = replace(RECEIVED, x_hat=[-x for x in RECEIVED.x_hat])
    assert abs(turned.validate(model)["validation_loss"] - loss) > 1e-4
    assert replace(RECEIVED, seed=2).validate(model)["validation_loss"] == loss
    assert judged.purpose == RECEIVED.purpose


def test_received_features_teach_the_receiver_and_not_the_channel_encoder():
    model = untrained()
    with_features = torch.autograd.grad(task(CORPUS, RECEIVED).loss(model, 1), [*_encoder(model), *_decoder(model)])
    without = torch.autograd.grad(task().loss(model, 1), [*_encoder(model), *_decoder(model)])
    equal = [torch.allclose(a, b) for a, b in zip(with_features, without, strict=True)]
    assert all(equal[: len(_encoder(model))])
    assert not any(equal[len(_encoder(model)) :])


def _encoder(model):
    return list(model.transmitter.channel_encoder.parameters())


def _decoder(model):
    return [layer.weight for layer in (model.receiver.channel_decoder.dense_2, model.receiver.channel_decoder.dense_3)]


@pytest.fixture
def cloud(tmp_path, monkeypatch):
    """A cloud that has published an untrained model of half of its weights."""
    monkeypatch.setattr(paths, "CHECKPOINTS", tmp_path)
    model = untrained()
    masks = magnitude_masks(model, 0.5)
    apply_masks(model, masks)
    cloud = Cloud(model, masks, 8)
    cloud.publish()
    return cloud


@pytest.mark.parametrize("learned", [(CORPUS,), (CORPUS, RECEIVED)])
def test_an_update_that_is_better_is_published_as_it_was_judged(cloud, learned):
    first = cloud.published
    outcome = update(cloud, task(*learned), Plan(steps=20, learning_rate=0.01, validate_every=20), name="t")
    assert outcome.loss_after < outcome.loss_before
    assert cloud.newest == 2
    with torch.no_grad():
        assert outcome.loss_before == CORPUS.validate(first.transceiver)["validation_loss"]
        assert outcome.loss_after == CORPUS.validate(cloud.published.transceiver)["validation_loss"]
    assert broadcast.received(outcome.packet.to_bytes(), first.packed) == cloud.published.packed
    weights = dict(cloud.model.named_parameters())
    assert all((weights[name][~mask] == 0).all() for name, mask in cloud.masks.items())
    assert not torch.equal(cloud.model.transmitter.embedding.weight, first.weights["transmitter.embedding.weight"])


def test_an_update_that_is_worse_is_kept_back_and_leaves_no_trace(cloud):
    before = {name: tensor.clone() for name, tensor in cloud.model.state_dict().items()}
    outcome = update(cloud, task(), Plan(steps=3, learning_rate=5.0, validate_every=3), name="t")
    assert outcome.loss_after > outcome.loss_before
    assert outcome.packet is None
    assert cloud.newest == 1
    assert all(torch.equal(tensor, before[name]) for name, tensor in cloud.model.state_dict().items())


def test_what_is_judged_is_the_model_as_it_would_be_sent(cloud):
    """A change below a level of the weights is none: the transmitter that devices would have is the same."""
    cloud.publish()  # a second version, on the grid of the first
    outcome = update(cloud, task(), Plan(steps=1, learning_rate=1e-9, validate_every=1), name="t")
    weights = [unpack(version.packed).state["embedding.weight"] for version in (cloud.published, cloud.draft())]
    assert torch.equal(*weights)
    assert outcome.loss_after == pytest.approx(outcome.loss_before, abs=1e-6)
