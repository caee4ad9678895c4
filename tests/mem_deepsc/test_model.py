"""Mem-DeepSC: what each question's answer depends on, and on nothing else; what is sent, in which order, at which power."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from semcom_lib import seeds
from semcom_lib.mem_deepsc.asked import EMPTY, Batch, by_memory
from semcom_lib.mem_deepsc.model import Sending

from .conftest import SIZES

CLOSE = {"atol": 1e-5, "rtol": 1e-5}


class Recorded:
    """A channel without noise that keeps what it is given."""

    def __call__(self, x, n0, *, generator):
        self.x, self.n0, self.generator = x, n0, generator
        return x


def sending(number, channel):
    return Sending(channel, torch.arange(float(number))[:, None], seeds.torch_generator(1))


@pytest.fixture
def ids(questions):
    return questions[0].ids


@pytest.fixture
def asked(questions):
    return questions[1]["test"]


@pytest.fixture
def groups(asked):
    """Questions of all tasks in groups, as a step of a training has them."""
    return [batch for _, batch in by_memory(asked, np.arange(0, len(asked), 3), (2, 4))]


def alone(batch):
    """Each question of a batch as a batch of its own, without slots that are empty."""
    for context, question, answer in zip(*batch, strict=True):
        yield Batch(context[context != EMPTY][None], question[None], answer[None])


def of_batch(model, ids, contexts, questions):
    batch = Batch(torch.tensor(contexts), torch.tensor(questions), torch.zeros(len(questions), dtype=torch.int64))
    with torch.inference_mode():
        return model(ids, [batch])


@pytest.mark.parametrize("has_memory", [True, False])
@pytest.mark.parametrize("channel", [None, Recorded()])
def test_a_question_is_answered_alike_alone_and_among_others(make_model, ids, groups, has_memory, channel):
    model = make_model(has_memory=has_memory)

    def logits(batches):
        send = None if channel is None else sending(len(model.transmissions(batches)), channel)
        with torch.inference_mode():
            return model(ids, batches, send)

    expected = torch.cat([logits([one]) for batch in groups for one in alone(batch)])
    assert len(groups) > 1
    assert float(expected.std(dim=0).min()) > 1e-3
    torch.testing.assert_close(logits(groups), expected, **CLOSE)


def test_empty_slots_have_no_influence_wherever_they_are(make_model, ids):
    model = make_model()
    expected = of_batch(model, ids, [[3, 5]], [9])
    torch.testing.assert_close(of_batch(model, ids, [[3, 5, EMPTY, EMPTY]], [9]), expected, **CLOSE)
    torch.testing.assert_close(of_batch(model, ids, [[3, 5, EMPTY], [1, 2, 4]], [9, 8])[:1], expected, **CLOSE)
    nothing = of_batch(model, ids, [[EMPTY, EMPTY]], [9])
    torch.testing.assert_close(nothing, of_batch(make_model(has_memory=False), ids, [[3, 5]], [9]), **CLOSE)
    with torch.inference_mode():
        z = model.encode(ids[:10])
        slots, question = torch.tensor([[3, 5, EMPTY]]), torch.tensor([9])
        for row in (0, 9 - 10, 4):  # of which an empty slot might be taken for one
            other = z.clone()
            other[row] += 10 * (row != -1)
            torch.testing.assert_close(model.answer(other, slots, question), expected, **CLOSE)


def test_the_age_of_a_sentence_counts_and_its_code_alone_tells_it(make_model, ids):
    model = make_model()
    order, other, gap = [[3, 5, 1]], [[5, 1, 3]], [[3, EMPTY, 5, 1]]
    expected = of_batch(model, ids, order, [9])
    assert not torch.allclose(of_batch(model, ids, other, [9]), expected, atol=1e-2)
    assert not torch.allclose(of_batch(model, ids, gap, [9]), expected, atol=1e-3)
    model.semantic_decoder.of_age.zero_()
    expected = of_batch(model, ids, order, [9])
    torch.testing.assert_close(of_batch(model, ids, other, [9]), expected, **CLOSE)
    torch.testing.assert_close(of_batch(model, ids, gap, [9]), expected, **CLOSE)


def test_the_codes_of_words_and_steps_are_small_beside_the_words(make_model):
    """Else they outweigh what is said, in the sum over the words and after several steps, and training stands still."""
    model = make_model()
    for part in (model.semantic_encoder, model.semantic_encoder.transformer, model.semantic_decoder.transformer):
        (code,) = (buffer for name, buffer in part.named_buffers(recurse=False) if name in ("of_position", "of_step"))
        assert float(code.abs().max()) == pytest.approx(0.1, rel=1e-3)


def test_the_question_is_told_from_a_sentence(make_model, ids):
    model = make_model()
    assert not torch.allclose(of_batch(model, ids, [[3]], [9]), of_batch(model, ids, [[9]], [3]), atol=1e-2)


def test_without_the_memory_contexts_do_not_matter_and_are_not_sent(make_model, ids, groups):
    model = make_model(has_memory=False)
    expected = of_batch(model, ids, [[3, 5]], [9])
    assert torch.equal(of_batch(model, ids, [[1, 2]], [9]), expected)
    assert not torch.allclose(of_batch(model, ids, [[3, 5]], [8]), expected, atol=1e-3)
    assert model.transmissions(groups).tolist() == list(range(sum(len(batch.questions) for batch in groups)))
    assert not torch.allclose(of_batch(make_model(), ids, [[3, 5]], [9]), expected, atol=1e-3)


def test_each_sentence_has_symbols_of_unit_mean_power(make_model, ids):
    model = make_model()
    with torch.inference_mode():
        x = model.channel_encoder(100 * model.encode(ids))
    assert x.shape == (len(ids), SIZES.num_symbols)
    assert x.dtype == torch.complex64
    torch.testing.assert_close(x.abs().square().mean(dim=1), torch.ones(len(ids)))


@pytest.mark.parametrize("has_memory", [True, False])
def test_transmissions_are_those_of_the_questions_that_they_are_said_to_be(make_model, ids, groups, has_memory):
    model, channel = make_model(has_memory=has_memory), Recorded()
    of_question = model.transmissions(groups)
    send = sending(len(of_question), channel)
    with torch.inference_mode():
        model(ids, groups, send)
        x = model.channel_encoder(model.encode(ids))
    assert channel.n0 is send.n0
    assert channel.generator is send.generator
    for number, one in enumerate(one for batch in groups for one in alone(batch)):
        sent = [*one.contexts[0].tolist()] * has_memory + [int(one.questions)]
        torch.testing.assert_close(channel.x[of_question == number], x[sent], **CLOSE)
    assert int(of_question[-1]) == number  # the last transmission is the last question


@pytest.mark.parametrize("has_memory", [True, False])
def test_each_distinct_sentence_is_encoded_once(make_model, ids, groups, has_memory):
    model, encoded = make_model(has_memory=has_memory), []
    model.semantic_encoder.register_forward_hook(lambda _, inputs, output: encoded.extend(inputs[0].tolist()))
    with torch.inference_mode():
        model(ids, groups)
    parts = [part for batch in groups for part in (batch.contexts, batch.questions)[not has_memory :]]
    heard = {i for part in parts for i in part.flatten().tolist()}
    assert len(heard) < sum(part.numel() for part in parts)
    expected = [ids[i][ids[i] > 0].tolist() for i in sorted(heard - {EMPTY})]
    assert sorted(encoded) == sorted(expected)


def test_a_sentence_is_encoded_alike_alone_among_longer_ones_and_with_more_padding(make_model, ids):
    model = make_model()
    with torch.inference_mode():
        z = model.encode(ids)
        torch.testing.assert_close(model.encode(nn.functional.pad(ids, (0, 3))), z, **CLOSE)
        torch.testing.assert_close(model.semantic_encoder(ids), z, **CLOSE)
        for i in range(0, len(ids), 7):
            torch.testing.assert_close(model.encode(ids[i : i + 1, : int((ids[i] > 0).sum())])[0], z[i], **CLOSE)
        backwards = model.encode(ids[:1, : int((ids[0] > 0).sum())].flip(1))
    assert not torch.allclose(backwards[0], z[0], atol=1e-2)  # the order of the words counts


def test_features_of_short_and_of_long_sentences_are_of_one_size(make_model, ids):
    model = make_model()
    norm = model.semantic_encoder.norm
    with torch.inference_mode():
        z = (model.encode(ids) - norm.bias) / norm.weight
    assert len((ids > 0).sum(dim=1).unique()) > 2
    torch.testing.assert_close(z.mean(dim=1), torch.zeros(len(ids)), atol=1e-4, rtol=0)
    torch.testing.assert_close(z.square().mean(dim=1), torch.ones(len(ids)), atol=1e-3, rtol=0)


def test_the_receiver_does_not_mind_the_size_of_what_arrives(make_model, ids):
    model, contexts, questions = make_model(), torch.tensor([[3, 5, 1]]), torch.tensor([9])
    with torch.inference_mode():
        z = model.encode(ids)
        size = torch.linspace(0.5, 5, len(z))[:, None]
        once, again = (model.answer(z_hat, contexts, questions) for z_hat in (z, size * z))
    torch.testing.assert_close(once, again, atol=1e-3, rtol=1e-3)


def test_gradients_reach_all_parts_through_the_channel(make_model, ids, groups):
    model = make_model()
    send = sending(len(model.transmissions(groups)), Recorded())
    logits = model(ids, groups, send)
    nn.functional.cross_entropy(logits, torch.cat([batch.answers for batch in groups]), ignore_index=-1).backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().sum() > 0, name
    assert {name.split(".")[0] for name, _ in model.named_parameters()} == {
        "semantic_encoder", "channel_encoder", "channel_decoder", "semantic_decoder",
    }  # fmt: skip


def test_a_new_channel_codec_has_other_symbols_and_all_else_stays(make_model, ids):
    model, before = make_model(), make_model().state_dict()
    model.renew_channel_codec(3)
    assert model.sizes == replace(SIZES, num_symbols=3)
    after = model.state_dict()
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"channel_encoder", "channel_decoder"}
    channel = Recorded()
    with torch.inference_mode():
        z_hat = model.transfer(model.encode(ids), torch.arange(4), sending(4, channel))
    assert channel.x.shape == (4, 3)
    assert z_hat.shape == (4, SIZES.width)


def test_attention_is_shared_among_the_question_and_the_slots_that_are_filled(make_model, ids):
    contexts, questions = torch.tensor([[3, 5, 1], [2, EMPTY, EMPTY]]), torch.tensor([9, 8])
    with torch.inference_mode():
        weights, without = (
            model.attention(model.encode(ids), contexts, questions)
            for model in (make_model(), make_model(has_memory=False))
        )
    assert weights.shape == (SIZES.decoder_steps, 2, 3)
    assert torch.equal(weights > 0, (contexts != EMPTY).expand(SIZES.decoder_steps, 2, 3))
    assert (weights.sum(dim=2) < 1).all()
    assert without.shape == (SIZES.decoder_steps, 2, 0)
