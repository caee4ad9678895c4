"""DeepSC: the paper's sizes, unit power, decoding with a cache equal to decoding without, learning."""

import pytest
import torch

from semcom_lib import seeds
from semcom_lib.l_deepsc.transceiver import DeepSC, DeepSCSizes, count_weights, from_checkpoint, to_checkpoint
from semcom_lib.learning.losses import sampled_cross_entropy
from semcom_lib.physical_layer import channels
from semcom_lib.physical_layer.constellation import FiniteConstellation
from semcom_lib.sources.text import END_ID, START_ID, Vocabulary

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
    assert count_weights(full) - full.embedding.weight.numel() == 2_004_992


@pytest.mark.parametrize("num_words", [4, 17, 30])
def test_a_word_is_eight_complex_symbols_and_each_sentence_has_unit_power(num_words):
    x = model().transmit(ids(3, num_words))
    assert x.shape == (3, 8 * num_words)
    assert x.dtype == torch.complex64
    torch.testing.assert_close(x.abs().square().mean(dim=1), torch.ones(3))


def test_greedy_decoding_with_the_cache_equals_decoding_from_scratch():
    deepsc = model().eval()
    with torch.inference_mode():
        x = deepsc.transmit(ids(5, 9))
        fast = deepsc.greedy(x)
        memory, words = deepsc.receive(x), torch.full((5, 1), START_ID)
        for _ in range(9):
            features = deepsc.predict(memory, words)[:, -1]
            words = torch.cat([words, (features @ deepsc.embedding.weight.T).argmax(1, keepdim=True)], dim=1)
    slow = words[:, 1:]
    ended = (slow == END_ID).cumsum(1) - (slow == END_ID).int() > 0
    assert torch.equal(fast, slow.masked_fill(ended, END_ID))


def test_a_sentence_is_received_alike_alone_and_in_a_batch():
    deepsc = model().eval()
    sent = ids(6, 7)
    with torch.inference_mode():
        together = deepsc.greedy(deepsc.transmit(sent))
        alone = torch.cat([deepsc.greedy(deepsc.transmit(row[None])) for row in sent])
    assert torch.equal(together, alone)


def test_the_decoder_cannot_see_the_words_to_come():
    deepsc = model().eval()
    with torch.inference_mode():
        memory = deepsc.receive(deepsc.transmit(ids(2, 6)))
        target = ids(2, 6)
        changed = target.clone()
        changed[:, 4:] = 5
        torch.testing.assert_close(deepsc.predict(memory, target)[:, :4], deepsc.predict(memory, changed)[:, :4])


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
        y = channels.awgn(deepsc.transmit(sent), 0.05, generator=seeds.torch_generator(3, "test"))
        assert float((deepsc.greedy(y) == sent).float().mean()) > 0.95


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
    deepsc.constellation = FiniteConstellation(4)
    plain = model()
    deepsc.constellation.calibrate(plain.transmit(ids(4, 6)))
    deepsc.eval()
    again = from_checkpoint(to_checkpoint(deepsc, vocabulary), vocabulary)
    with torch.inference_mode():
        assert torch.equal(again.transmit(ids(3, 8)), deepsc.transmit(ids(3, 8)))
    assert not again.training


def test_a_checkpoint_of_another_vocabulary_is_refused():
    checkpoint = to_checkpoint(model(), Vocabulary(WORDS))
    with pytest.raises(ValueError, match=r"awgn\.pt was trained with another vocabulary .* dvc repro l_deepsc_train"):
        from_checkpoint(checkpoint, Vocabulary(reversed(WORDS)), "awgn.pt")


def test_too_long_a_sentence_is_refused():
    with pytest.raises(ValueError, match=r"a sentence of 32 words; max_words = 30"):
        model().transmit(ids(1, 32))


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="heads = 5 must divide the width 32"):
        model(DeepSCSizes(width=32, heads=5))


def test_the_constellation_follows_the_symbols_in_training_only():
    with seeds.initialising(1, "constellation"):
        model = DeepSC(50, DeepSCSizes(layers=1))
    model.constellation = FiniteConstellation(4)
    ids = torch.arange(4, 24).reshape(2, 10)
    model.train().transmit(ids)
    calibrated = model.constellation.x_max.clone()
    assert calibrated.isfinite()
    model.channel_encoder[2].weight.data.neg_()
    model.eval().transmit(ids)
    assert torch.equal(model.constellation.x_max, calibrated)
    model.train().transmit(ids)
    assert not torch.equal(model.constellation.x_max, calibrated)


def test_sentences_padded_to_the_longest_are_decoded_as_if_each_came_alone():
    deepsc = model().eval()
    with torch.inference_mode():
        sent = [deepsc.transmit(ids(1, words)) for words in (3, 5, 8)]
        padded = torch.zeros(3, sent[-1].shape[1], dtype=torch.complex64)
        for row, x in zip(padded, sent, strict=True):
            row[: x.shape[1]] = x[0]
        words = deepsc.greedy(padded, torch.tensor([3, 5, 8]))
        for row, x, length in zip(words, sent, (3, 5, 8), strict=True):
            assert torch.equal(row[:length], deepsc.greedy(x)[0])
            assert (row[length:] == END_ID).all()
