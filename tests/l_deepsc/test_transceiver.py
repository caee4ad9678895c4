"""DeepSC: the paper's sizes, unit power, decoding with a cache equal to decoding without, learning."""

import copy
from dataclasses import replace

import pytest
import torch

from semcom_lib import seeds
from semcom_lib.l_deepsc.transceiver import (
    DeepSC,
    DeepSCSizes,
    Transmitter,
    count_weights,
    from_checkpoint,
    to_checkpoint,
)
from semcom_lib.learning.blocks import KeyValue
from semcom_lib.learning.losses import sampled_cross_entropy
from semcom_lib.physical_layer import channels
from semcom_lib.physical_layer.constellation import FiniteConstellation
from semcom_lib.sources.text import END_ID, START_ID, Vocabulary

from .conftest import SIZES, VOCABULARY

SMALL = DeepSCSizes(width=32, heads=4, layers=2, feed_forward=64, channel_encoder=32, channel_decoder=64)
WORDS = [f"word{i}" for i in range(40)]


def model(sizes=SMALL, vocabulary_size=44):
    with seeds.initialising(1, "test"):
        return DeepSC(vocabulary_size, sizes)


def ids(*shape):
    return torch.randint(4, 44, shape, generator=seeds.torch_generator(2, *shape))


def test_the_papers_number_of_weights():
    """3,333,120 weights, 2,004,992 of them outside the embedding  [l_deepsc Table III]."""
    full = model(DeepSCSizes(), 10_376)
    assert count_weights(full) == 3_333_120
    assert count_weights(full) - full.transmitter.embedding.weight.numel() == 2_004_992


@pytest.mark.parametrize("num_words", [4, 17, 30])
def test_a_word_is_eight_complex_symbols_and_each_sentence_has_unit_power(num_words):
    x = model().transmitter(ids(3, num_words))
    assert x.shape == (3, 8 * num_words)
    assert x.dtype == torch.complex64
    torch.testing.assert_close(x.abs().square().mean(dim=1), torch.ones(3))


def test_the_embedding_has_unit_vectors_and_weights_of_the_size_of_a_dense_layers():
    embedding = model(DeepSCSizes(), 2_000).transmitter.embedding
    with torch.no_grad():
        assert float(embedding(ids(40, 30)).std()) == pytest.approx(1, rel=0.02)
        assert float(embedding.weight.std()) == pytest.approx(128**-0.5, rel=0.02)


@pytest.mark.parametrize("position_bias", [True, False])
def test_only_the_position_bias_tells_the_receiver_where_a_feature_stands(position_bias):
    """Without it, attention to what was received does not care for its order: sender's positions are in the features alone."""
    receiver = model(replace(SMALL, position_bias=position_bias)).eval().receiver
    words = torch.randn(2, 6, 8, dtype=torch.complex64, generator=seeds.torch_generator(3))
    with torch.inference_mode():
        forth, back = (receiver.predict(receiver.receive(w.flatten(1)), ids(2, 6)) for w in (words, words.flip(1)))
    assert torch.allclose(forth, back, atol=1e-4) is not position_bias


def from_scratch(deepsc, x_hat, num_words):
    """Greedy decoding as it is defined: every word from all words before it, nothing kept, sentence by sentence."""
    memory, words = deepsc.receiver.receive(x_hat), torch.full((1, 1), START_ID)
    for _ in range(num_words):
        features = deepsc.receiver.predict(memory, words)[:, -1]
        words = torch.cat([words, (features @ deepsc.transmitter.embedding.weight.T).argmax(1, keepdim=True)], dim=1)
    ended = (words[:, 1:] == END_ID).cumsum(1) > 0
    return words[:, 1:].masked_fill(ended, END_ID)


def noisy(deepsc, sentences, n0=0.5):
    """What the receiver has of each sentence, with enough noise that words before decide on words after."""
    for i, sentence in enumerate(sentences):
        x = deepsc.transmitter(torch.tensor([sentence]))
        yield channels.awgn(x, n0, generator=seeds.torch_generator(5, "noisy", i))


def test_greedy_decoding_with_the_cache_equals_decoding_from_scratch(trained, sentences):
    with torch.inference_mode():
        for x_hat, sentence in zip(noisy(trained, sentences), sentences, strict=True):
            assert torch.equal(trained.receiver.greedy(x_hat), from_scratch(trained, x_hat, len(sentence)))


def test_the_step_by_step_features_are_those_of_the_whole_sentence(trained, sentences):
    """Not their largest entries alone, which a robust decoder gets right from wrong features."""
    longest = max(sentences, key=len)
    given = torch.tensor([[START_ID, *longest]])
    with torch.inference_mode():
        memory = trained.receiver.receive(trained.transmitter(torch.tensor([longest])))
        whole = trained.receiver.predict(memory, given)
        past = [KeyValue(layer.keys[:, :, :0], layer.values[:, :, :0]) for layer in memory]
        for position in range(given.shape[1]):
            embedded = trained.receiver.embedding(given[:, position, None]) + trained.receiver.positions[position]
            features, past = trained.receiver.semantic_decoder(embedded, memory, past)
            torch.testing.assert_close(features[:, 0], whole[:, position], atol=1e-4, rtol=1e-4)


def test_a_sentence_is_received_alike_alone_and_among_longer_ones(trained, sentences):
    with torch.inference_mode():
        x_hat = [x[0] for x in noisy(trained, sentences)]
        padded = torch.nn.utils.rnn.pad_sequence(x_hat, batch_first=True)
        # what lies behind a sentence's end is somebody else's: it must not be listened to
        for row, x in zip(padded, x_hat, strict=True):
            row[len(x) :] = 3.0
        together = trained.receiver.greedy(padded, torch.tensor([len(ids) for ids in sentences]))
        for row, x, ids in zip(together, x_hat, sentences, strict=True):
            assert torch.equal(row[: len(ids)], trained.receiver.greedy(x[None])[0])
            assert (row[len(ids) :] == END_ID).all()


def test_the_decoder_cannot_see_the_words_to_come(trained):
    with torch.inference_mode():
        memory = trained.receiver.receive(trained.transmitter(torch.tensor([[4, 5, 6, 7, 8, 9]])))
        target = torch.tensor([[4, 5, 6, 7, 8, 9]])
        changed = target.clone()
        changed[:, 4:] = 10
        before, after = (trained.receiver.predict(memory, words) for words in (target, changed))
        torch.testing.assert_close(before[:, :4], after[:, :4])
        assert not torch.allclose(before[:, 4:], after[:, 4:])


def test_the_receiver_shares_the_transmitters_embedding_and_does_not_own_it(trained):
    assert trained.receiver.embedding is trained.transmitter.embedding
    assert not any("embedding" in name for name in trained.receiver.state_dict())
    again = copy.deepcopy(trained)
    assert again.receiver.embedding is again.transmitter.embedding
    assert again.receiver.embedding is not trained.receiver.embedding


def test_a_device_needs_the_transmitter_alone(trained):
    alone = Transmitter(len(VOCABULARY), SIZES).eval()
    alone.load_state_dict(trained.transmitter.state_dict())
    ids = torch.tensor([[4, 5, 6]])
    with torch.inference_mode():
        assert torch.equal(alone(ids), trained.transmitter(ids))


def test_it_learns_to_repeat_what_was_sent():
    deepsc = model()
    optimizer = torch.optim.Adam(deepsc.parameters(), lr=3e-3)
    sent = ids(16, 5)
    for step in range(120):
        generator = seeds.torch_generator(3, step)
        loss = deepsc.loss(sent, channels.awgn, torch.full((16, 1), 0.05), num_negatives=None, generator=generator)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    deepsc.eval()
    with torch.inference_mode():
        y = channels.awgn(deepsc.transmitter(sent), 0.05, generator=seeds.torch_generator(3, "test"))
        assert float((deepsc.receiver.greedy(y) == sent).float().mean()) > 0.95


def test_gradients_reach_every_parameter():
    deepsc = model()
    generator = seeds.torch_generator(1)
    deepsc.loss(ids(4, 6), channels.awgn, torch.full((4, 1), 0.1), num_negatives=None, generator=generator).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in deepsc.parameters())


def test_sampling_the_whole_vocabulary_is_the_full_cross_entropy():
    features, targets, weight = torch.randn(30, 8), torch.randint(0, 50, (30,)), torch.randn(50, 8)
    sampled = sampled_cross_entropy(features, targets, weight, 5_000, generator=seeds.torch_generator(1))
    full = torch.nn.functional.cross_entropy(features @ weight.T, targets)
    torch.testing.assert_close(sampled, full)


def test_the_sampled_normaliser_is_unbiased():
    """The mean over many draws of the estimated sum of exp(logits) is the sum over the vocabulary."""
    features, targets, weight = torch.randn(1, 4) * 0.3, torch.tensor([3]), torch.randn(60, 4) * 0.3
    losses = torch.stack(
        [
            sampled_cross_entropy(features, targets, weight, 20, generator=seeds.torch_generator(1, i))
            for i in range(3_000)
        ]
    )
    logits = (features @ weight.T)[0]
    normalisers = (losses + logits[3]).exp()
    assert abs(float(normalisers.mean() - logits.exp().sum())) < 4 * float(normalisers.std()) / 3_000**0.5


def test_a_checkpoint_brings_back_the_same_model(tmp_path):
    vocabulary = Vocabulary(WORDS)
    deepsc = model()
    deepsc.transmitter.constellation = FiniteConstellation(4)
    plain = model()
    deepsc.transmitter.constellation.calibrate(plain.transmitter(ids(4, 6)))
    deepsc.eval()
    again = from_checkpoint(to_checkpoint(deepsc, vocabulary), vocabulary)
    with torch.inference_mode():
        assert torch.equal(again.transmitter(ids(3, 8)), deepsc.transmitter(ids(3, 8)))
    assert not again.training


def test_a_checkpoint_of_another_vocabulary_is_refused():
    checkpoint = to_checkpoint(model(), Vocabulary(WORDS))
    with pytest.raises(ValueError, match=r"awgn\.pt was trained with another vocabulary .* dvc repro l_deepsc_train"):
        from_checkpoint(checkpoint, Vocabulary(reversed(WORDS)), "awgn.pt")


def test_too_long_a_sentence_is_refused():
    with pytest.raises(ValueError, match=r"a sentence of 32 words; max_words = 30"):
        model().transmitter(ids(1, 32))


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="heads = 5 must divide the width 32"):
        model(DeepSCSizes(width=32, heads=5))


def test_the_constellation_follows_the_symbols_in_training_only():
    with seeds.initialising(1, "constellation"):
        model = DeepSC(50, DeepSCSizes(layers=1))
    model.transmitter.constellation = FiniteConstellation(4)
    ids = torch.arange(4, 24).reshape(2, 10)
    model.train().transmitter(ids)
    calibrated = model.transmitter.constellation.x_max.clone()
    assert calibrated.isfinite()
    model.transmitter.channel_encoder[2].weight.data.neg_()
    model.eval().transmitter(ids)
    assert torch.equal(model.transmitter.constellation.x_max, calibrated)
    model.train().transmitter(ids)
    assert not torch.equal(model.transmitter.constellation.x_max, calibrated)
