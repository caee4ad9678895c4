"""Masks send as many symbols as the SNR asks for, through the same fades and noise, and learn what they are to learn."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from semcom_lib import seeds
from semcom_lib.mem_deepsc.asked import by_memory
from semcom_lib.mem_deepsc.masked import KINDS, Lengths, Masked
from semcom_lib.mem_deepsc.model import Sending
from semcom_lib.physical_layer import channels
from semcom_lib.physical_layer.channels import snr_to_n0
from semcom_lib.physical_layer.equalised_link import EqualisedLink
from semcom_lib.physical_layer.fading import Rician

from .conftest import SIZES

LENGTHS = Lengths(mu_max=1.0, sigma_m2=1.44, minimum=3.5, shortest=4, longest=7)
SNRS_DB = torch.arange(-6.0, 19.0, 1.5)
LINK = EqualisedLink(Rician(2.0))


def symbols(number):
    """Symbols of unit mean power in each row."""
    x = channels.complex_normal(number, SIZES.num_symbols, generator=seeds.torch_generator(1, "x"))
    return x * x.abs().square().mean(dim=1, keepdim=True).rsqrt()


def sending(snrs_db, channel=LINK, seed=1):
    return Sending(channel, snr_to_n0(snrs_db)[:, None], seeds.torch_generator(seed, "channel"))


def identity(x, n0, *, generator):
    return x


@pytest.fixture
def make_masked(make_model):
    """make_masked(kind) is a masked system in evaluation mode."""

    def made(kind, lengths=LENGTHS):
        with seeds.initialising(1, "mask"):
            return Masked(make_model(), kind, lengths).eval()

    return made


@pytest.fixture
def groups(questions):
    asked = questions[1]["test"]
    return [batch for _, batch in by_memory(asked, np.arange(0, len(asked), 5), (3,))]


@pytest.fixture
def ids(questions):
    return questions[0].ids


def eq_15(snr_db):
    """[mem_deepsc eq. 15], rounded up and kept within its limits."""
    n0 = 10 ** (-snr_db / 10)
    return min(7, max(4, math.ceil(3.5 * math.log(1 + 1 / 1.44) / math.log(1 + 1 / (1.44 + n0)))))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("training", [False, True])
def test_as_many_symbols_arrive_as_eq_15_asks_for_at_each_snr(make_masked, kind, training):
    send = make_masked(kind).train(training).masking(sending(SNRS_DB))
    num_sent = (send(symbols(len(SNRS_DB))) != 0).sum(dim=1)
    assert num_sent.tolist() == [eq_15(snr_db) for snr_db in SNRS_DB.tolist()]
    assert set(num_sent.tolist()) == {4, 5, 6, 7}


@pytest.mark.parametrize("kind", KINDS)
def test_masks_leave_the_fades_and_the_noise_as_they_are(make_masked, kind):
    """What a symbol that is sent arrives with beside itself is what it arrives with where all are sent."""
    x = symbols(len(SNRS_DB))
    masked = make_masked(kind)
    sent = masked.masking(sending(SNRS_DB, identity))(x)
    arrived = masked.masking(sending(SNRS_DB))(x)
    whole = sending(SNRS_DB)(x) - x
    is_sent = sent != 0
    torch.testing.assert_close((arrived - sent)[is_sent], whole[is_sent], atol=1e-5, rtol=1e-4)
    assert not arrived[~is_sent].any()
    power = sent.abs().square().sum(dim=1) / is_sent.sum(dim=1)
    torch.testing.assert_close(power, torch.ones(len(x)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("training", [False, True])
def test_a_mask_that_keeps_everything_changes_nothing(make_masked, ids, groups, kind, training):
    masked = make_masked(kind, Lengths(1.0, 1.44, 8.0, SIZES.num_symbols, SIZES.num_symbols)).train(training)
    snrs_db = torch.full((len(masked.transmissions(groups)),), 6.0)
    with torch.no_grad():
        torch.testing.assert_close(masked(ids, groups, sending(snrs_db)), masked.system(ids, groups, sending(snrs_db)))
    assert torch.equal(masked.transmissions(groups), masked.system.transmissions(groups))


def test_the_consecutive_mask_keeps_the_first_and_the_importance_mask_the_most_important(make_masked):
    x = symbols(len(SNRS_DB))
    counts = [eq_15(snr_db) for snr_db in SNRS_DB.tolist()]
    masks = {kind: make_masked(kind) for kind in KINDS}
    sent = {kind: masked.masking(sending(SNRS_DB, identity))(x) != 0 for kind, masked in masks.items()}
    assert sent["consecutive"].tolist() == [[place < count for place in range(SIZES.num_symbols)] for count in counts]
    with torch.no_grad():
        order = masks["importance"].importance(x).argsort(dim=1, descending=True)
    for row, count, is_sent in zip(order, counts, sent["importance"], strict=True):
        assert set(row[:count].tolist()) == set(is_sent.nonzero()[:, 0].tolist())
    assert not torch.equal(sent["importance"], sent["consecutive"])


def test_the_importance_mask_sends_the_same_in_training_and_learns_from_it_there_alone(make_masked):
    x, masked = symbols(len(SNRS_DB)), make_masked("importance")
    evaluated, trained = (masked.train(mode).masking(sending(SNRS_DB))(x) for mode in (False, True))
    torch.testing.assert_close(trained, evaluated)
    assert trained.requires_grad
    assert not evaluated.requires_grad


def test_the_random_mask_is_that_of_the_transmissions_generator(make_masked):
    x, masked = symbols(200), make_masked("random")
    draw = partial(sending, torch.full((200,), 6.0), identity)
    one, again, other = (masked.masking(draw(seed))(x) != 0 for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    share = one.float().mean(dim=0)  # of each symbol
    assert float((share - share.mean()).abs().max()) < 4 * 0.5 / 200**0.5


def trained_parts(masked, ids, groups):
    """The parts of a system that a step of its training moves."""
    snrs_db = torch.linspace(0, 18, len(masked.transmissions(groups)))
    masked.train()
    logits = masked(ids, groups, sending(snrs_db))
    F.cross_entropy(logits, torch.cat([batch.answers for batch in groups]), ignore_index=-1).backward()
    moved = [name for name, weight in masked.named_parameters() if weight.grad is not None and weight.grad.any()]
    return {".".join(name.split(".")[: 1 + name.startswith("system")]) for name in moved}


SYSTEM = {f"system.{part}" for part in ("semantic_encoder", "channel_encoder", "channel_decoder", "semantic_decoder")}


@pytest.mark.parametrize(
    ("kind", "parts"), [("importance", {"importance"}), ("consecutive", SYSTEM), ("random", SYSTEM)]
)
def test_an_importance_mask_trains_its_model_alone_and_others_the_system(make_masked, ids, groups, kind, parts):
    masked = make_masked(kind)
    assert trained_parts(masked, ids, groups) == parts
    trainable = {name.split(".")[0] for name, weight in masked.named_parameters() if weight.requires_grad}
    assert trainable == {next(iter(parts)).split(".")[0]}


def test_training_moves_scores_towards_what_the_task_needs(make_masked):
    """Where one symbol carries all, its score rises: the straight-through gradient has the right sign."""
    masked, x = make_masked("importance").train(), symbols(60)
    optimizer = torch.optim.Adam(masked.importance.parameters(), lr=0.01)
    snrs_db = torch.full((60,), 18.0)

    def kept(place):
        return float((masked.masking(sending(snrs_db, identity))(x)[:, place] != 0).float().mean())

    before = [kept(place) for place in range(SIZES.num_symbols)]
    rarest = int(np.argmin(before))
    for _ in range(15):
        y = masked.masking(sending(snrs_db, identity))(x)
        optimizer.zero_grad()
        (y - x).abs().square()[:, rarest].mean().backward()
        optimizer.step()
    assert before[rarest] < 0.6
    assert kept(rarest) > 0.95


def test_an_unknown_kind_is_refused(make_model):
    with pytest.raises(ValueError, match=r"^kind = 'top' is unknown; one of: importance, consecutive, random$"):
        Masked(make_model(), "top", LENGTHS)
