"""The laws of the masks: exactly k symbols, unit power of what is sent, gradients to the scores, the price of the positions."""

import math
from fractions import Fraction
from itertools import combinations

import pytest
import torch
from scipy.stats import chisquare
from torch.nn import functional as F

from semcom_lib import seeds
from semcom_lib.mem_deepsc.masks import (
    ImportanceModel,
    keep_first,
    keep_most_important,
    keep_random,
    position_bits,
    position_channel_uses,
    send_masked,
    soft_top_k,
    straight_through_top_k,
)
from semcom_lib.physical_layer import channels

COUNTS = torch.tensor([1, 3, 7, 8])
SCORES = torch.tensor([[0.3, -1.2, 2.0, 0.9, -0.4, 1.7, 0.1, -2.2]]).expand(4, -1)


def generator(*purpose):
    return seeds.torch_generator(1, "test", *purpose)


def symbols(*shape, purpose="x"):
    """Symbols of unit mean power in each row."""
    x = channels.complex_normal(*shape, generator=generator(purpose))
    return x * x.abs().square().mean(dim=1, keepdim=True).rsqrt()


def unchanged(x):
    return x


def all_masks(scores, num_kept):
    """Each kind of mask, as 0 and 1."""
    masks = {
        "first": keep_first(num_kept, scores.shape[1]),
        "random": keep_random(num_kept, scores.shape[1], generator=generator("mask")),
        "importance": keep_most_important(scores, num_kept),
        "straight through": straight_through_top_k(scores, num_kept),
    }
    return {name: mask.float() for name, mask in masks.items()}


def test_masks_keep_exactly_as_many_as_each_row_asks_for():
    for name, mask in all_masks(SCORES, COUNTS).items():
        assert mask.sum(dim=1).tolist() == COUNTS.tolist(), name
        assert set(mask.unique().tolist()) == {0.0, 1.0}, name


def test_the_consecutive_mask_keeps_the_first():
    assert keep_first(torch.tensor([2, 4]), 4).tolist() == [[True, True, False, False], [True] * 4]


def test_the_importance_mask_keeps_the_greatest_scores():
    kept = keep_most_important(SCORES, COUNTS)
    assert [row.nonzero()[:, 0].tolist() for row in kept[:2]] == [[2], [2, 3, 5]]
    assert (~kept[2]).nonzero().tolist() == [[7]]
    for row, scores in zip(kept[:3], SCORES[:3], strict=True):
        assert scores[row].min() > scores[~row].max()


def test_of_equal_scores_the_first_are_kept():
    scores = torch.tensor([[1.0, 2.0, 1.0, 2.0, 1.0]]).repeat(3, 1)
    assert keep_most_important(scores, torch.tensor([1, 3, 4])).int().tolist() == [
        [0, 1, 0, 0, 0],
        [1, 1, 0, 1, 0],
        [1, 1, 1, 1, 0],
    ]
    equal = torch.zeros(1, 100)
    assert torch.equal(keep_most_important(equal, torch.tensor([40])), keep_first(torch.tensor([40]), 100))


def test_eq_18_as_printed_keeps_one_fewer():
    """Its threshold is the L_1-th greatest score, and what exceeds it is kept."""
    kappa = SCORES[0].sort(descending=True).values[3 - 1]
    assert int((SCORES[0] > kappa).sum()) == 3 - 1
    assert int(keep_most_important(SCORES[:1], torch.tensor([3])).sum()) == 3


def test_all_sets_are_equally_likely_in_the_random_mask_and_rows_are_independent():
    masks = keep_random(torch.full((12_000,), 2), 4, generator=generator("sets"))
    sets = dict.fromkeys(combinations(range(4), 2), 0)
    for place in masks.nonzero()[:, 1].view(-1, 2).tolist():
        sets[tuple(place)] += 1
    assert chisquare(list(sets.values())).pvalue > 1e-3
    repeated = (masks[:-1] == masks[1:]).all(dim=1).float().mean()
    assert float(repeated) == pytest.approx(1 / 6, abs=0.02)


def test_a_random_mask_of_fewer_symbols_is_part_of_that_of_more():
    few, more = (keep_random(torch.full((50,), k), 32, generator=generator("nested")) for k in (9, 20))
    assert bool((few <= more).all())
    again = keep_random(torch.full((50,), 9), 32, generator=generator("nested"))
    assert torch.equal(few, again)


@pytest.mark.parametrize("temperature", [0.05, 1.0, 20.0])
def test_the_soft_mask_sums_to_k_in_the_order_of_the_scores(temperature):
    scores = 3 * torch.randn(200, 32, generator=generator("scores"))
    num_kept = torch.arange(200) % 32 + 1
    soft = soft_top_k(scores, num_kept, temperature)
    torch.testing.assert_close(soft.sum(dim=1), num_kept.float(), rtol=1e-5, atol=1e-3)
    assert bool(((soft >= 0) & (soft <= 1)).all())
    ordered = soft.gather(1, scores.argsort(dim=1))
    assert bool((ordered.diff(dim=1) >= 0).all())


def test_equal_scores_share_the_soft_mask_equally():
    soft = soft_top_k(torch.full((4, 8), 5.0), COUNTS)
    torch.testing.assert_close(soft, (COUNTS / 8)[:, None].expand(4, 8), rtol=1e-5, atol=1e-5)


def test_the_soft_mask_approaches_the_hard_one_as_the_temperature_falls():
    hard = keep_most_important(SCORES, COUNTS).float()
    distances = [float((soft_top_k(SCORES, COUNTS, t) - hard).abs().max()) for t in (3.0, 1.0, 0.3, 0.1, 0.01)]
    assert distances == sorted(distances, reverse=True)
    assert distances[0] > 0.4
    assert distances[-1] < 1e-4


def test_the_soft_masks_gradient_is_its_derivative_and_moves_weight_from_symbol_to_symbol():
    scores = SCORES.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda s: soft_top_k(s[:3], COUNTS[:3], 0.7), scores, atol=1e-6)
    (soft_top_k(scores, COUNTS) * torch.arange(8.0)).sum().backward()
    torch.testing.assert_close(scores.grad.sum(dim=1), torch.zeros(4, dtype=torch.float64))  # the sum of m is fixed
    assert bool((scores.grad[:3].abs() > 1e-4).all())
    assert not scores.grad[3].any()  # everything is kept, whatever the scores


def test_straight_through_is_hard_forwards_and_soft_backwards():
    weight = torch.randn(4, 8, generator=generator("weight"))
    gradients = []
    for top_k in (straight_through_top_k, soft_top_k):
        scores = SCORES.clone().requires_grad_()
        mask = top_k(scores, COUNTS, 0.5)
        (mask * weight).sum().backward()
        gradients.append(scores.grad)
        if top_k is straight_through_top_k:
            assert torch.equal(mask, keep_most_important(SCORES, COUNTS).float())
    assert torch.equal(*gradients)


def test_what_is_sent_has_unit_mean_power_in_each_sentence():
    x, num_kept = symbols(64, 16), torch.arange(64) % 16 + 1
    scores = x.abs().square()  # the strongest symbols would gain the most
    for name, mask in all_masks(scores, num_kept).items():
        sent = send_masked(x, mask, unchanged)
        torch.testing.assert_close(sent.abs().square().sum(dim=1), num_kept.float(), msg=name)
        torch.testing.assert_close(sent / sent.abs().sum(dim=1, keepdim=True), _share(mask * x), msg=name)


def _share(x):
    return x / x.abs().sum(dim=1, keepdim=True)


def test_sending_everything_changes_nothing():
    x = symbols(5, 16)
    torch.testing.assert_close(send_masked(x, torch.ones(5, 16, dtype=torch.bool), unchanged), x)


def test_the_receiver_puts_zeros_for_what_was_not_sent_and_has_the_noise_of_what_was():
    x, mask = symbols(2000, 16), keep_first(torch.full((2000,), 6), 16)
    received = send_masked(x, mask, lambda x: channels.awgn(x, 0.5, generator=generator("noise")))
    assert not received[:, 6:].abs().any()
    noise = (received - send_masked(x, mask, unchanged))[:, :6]
    assert float(noise.abs().square().mean()) == pytest.approx(0.5, rel=0.03)


def test_masking_what_arrives_is_sending_the_kept_symbols_alone():
    x, mask = symbols(10, 16), keep_random(torch.full((10,), 5), 16, generator=generator("alone"))
    h = channels.rayleigh_gain(10, generator=generator("gain"))
    n = channels.complex_normal(10, 16, generator=generator("noise"))
    h_est = h + 0.1 * channels.complex_normal(10, 1, generator=generator("csi"))
    kept = x[mask].view(10, 5)
    kept = kept * kept.abs().square().mean(dim=1, keepdim=True).rsqrt()
    alone = channels.equalise(h * kept + n[mask].view(10, 5), h_est)
    grid = send_masked(x, mask, lambda x: channels.equalise(h * x + n, h_est))
    torch.testing.assert_close(grid[mask].view(10, 5), alone)


def test_a_sentence_of_zeros_stays_zero():
    sent = send_masked(torch.zeros(1, 4, dtype=torch.complex64), keep_first(torch.tensor([2]), 4), unchanged)
    assert sent.tolist() == [[0, 0, 0, 0]]


def test_a_symbol_that_was_not_sent_has_the_gradient_of_what_it_would_have_brought():
    """The loss is linear in x_hat: its derivative by a weight is that of the symbol, less what the others lose in power."""
    x = torch.polar(torch.ones(1, 4), torch.tensor([[0.1, 0.2, 2.0, 0.4]]))  # of equal power
    mask = torch.tensor([[1.0, 1.0, 0.0, 0.0]], requires_grad=True)
    send_masked(x, mask, unchanged).real.sum().backward()
    torch.testing.assert_close(mask.grad, x.real)


def model(num_symbols, **sizes):
    with seeds.initialising(1, "importance"):
        return ImportanceModel(num_symbols, **sizes)


def test_the_importance_model_is_one_layer_of_width_64():
    parameters = dict(model(32).named_parameters())
    assert parameters["place.weight"].shape == (32, 64)
    assert parameters["symbol.weight"].shape == (64, 2)
    assert sum("attention.query.weight" in name for name in parameters) == 1
    assert model(32)(symbols(3, 32)).shape == (3, 32)


def test_importance_depends_on_place_on_value_and_on_the_other_symbols():
    importance, x = model(8), symbols(1, 8)
    constant = importance(torch.ones(1, 8, dtype=torch.complex64))
    assert float(constant.detach().std()) > 0.01
    other = x.clone()
    other[0, 3] = 1j * other[0, 3]
    changed = (importance(x) - importance(other)).detach().abs()[0]
    assert bool((changed > 1e-5).all())


def test_gradients_reach_every_weight_of_the_importance_model():
    importance, x = model(8), symbols(16, 8)
    mask = straight_through_top_k(importance(x), torch.arange(16) % 7 + 1)
    send_masked(x, mask, unchanged).real.square().sum().backward()
    for name, parameter in importance.named_parameters():
        if name == "layer.attention.key_value.bias":  # a softmax does not see what is added to all keys
            assert parameter.grad[64:].abs().max() > 0
        elif name != "score.1.bias":  # nor does the top-k see what is added to all scores
            assert parameter.grad.abs().max() > 0, name


def train(importance, draw, steps=60):
    """Teach the model which three symbols a frozen receiver needs, which says the sum of their real parts; noise, 10 dB."""
    optimizer = torch.optim.Adam(importance.parameters(), lr=3e-3)
    for step in range(steps):
        x, bits, weight = draw(128, "train", step)
        mask = straight_through_top_k(importance(x), torch.full((128,), 3))
        received = send_masked(x, mask, lambda x: channels.awgn(x, 0.1, generator=generator("noise", step)))  # noqa: B023
        loss = F.binary_cross_entropy_with_logits((received.real * weight).sum(dim=1), bits)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def needed_by_place(sentences, *purpose):
    """Places 1, 4 and 6 carry a bit that the receiver looks for there; all symbols have unit power."""
    bits = torch.randint(2, (sentences,), generator=generator(*purpose, "bits")).float()
    phase = 2 * torch.pi * torch.rand(sentences, 8, generator=generator(*purpose, "phase"))
    x = torch.polar(torch.ones_like(phase), phase)
    weight = torch.zeros(8)
    weight[[1, 4, 6]] = 1.0
    return torch.where(weight > 0, (2 * bits - 1)[:, None].to(x.dtype), x), bits, weight


def needed_by_value(sentences, *purpose):
    """Three places, others in each sentence, carry a bit in their real part; the others are as strong and carry nothing."""
    bits = torch.randint(2, (sentences,), generator=generator(*purpose, "bits")).float()
    carries = keep_random(torch.full((sentences,), 3), 8, generator=generator(*purpose, "places"))
    value = (2 * bits - 1)[:, None].expand(sentences, 8)
    x = torch.where(carries, torch.complex(value, 0 * value), torch.complex(0 * value, value.abs()))
    return x, bits, torch.ones(8)


@pytest.mark.parametrize("draw", [needed_by_place, needed_by_value])
def test_the_importance_model_finds_the_symbols_that_the_task_needs(draw):
    importance = model(8)
    x, _, weight = draw(500, "fresh")
    needed = (weight > 0).expand(500, 8) if draw is needed_by_place else x.real.abs() > 0.5
    before = keep_most_important(importance(x).detach(), torch.full((500,), 3))
    train(importance, draw)
    after = keep_most_important(importance(x).detach(), torch.full((500,), 3))
    assert float((before & needed).sum() / needed.sum()) < 0.7
    assert float((after & needed).sum() / needed.sum()) > 0.97


def test_positions_cost_as_many_bits_as_number_the_sets():
    for num_symbols in (1, 2, 7, 32):
        for num_kept in range(1, num_symbols + 1):
            bits = position_bits(num_symbols, num_kept)
            assert 2**bits >= math.comb(num_symbols, num_kept) > 2 ** (bits - 1) or bits == 0
    assert position_bits(4, 1) == 2
    assert position_bits(32, 16) == 30
    assert position_bits(32, 32) == 0


def test_at_16_qam_and_rate_1_3_half_the_symbols_and_their_places_cost_more_than_all_symbols():
    assert position_channel_uses(32, 16, Fraction(4, 3)) == 23
    assert 16 + position_channel_uses(32, 16, Fraction(4, 3)) > 32
    assert position_channel_uses(32, 32, 0.5) == 0
    assert position_channel_uses(32, 31, 0.5) == 10
    assert position_channel_uses(1024, 1, Fraction(1, 3)) == 30


X = symbols(4, 8)
REFUSED = [
    (lambda: keep_first(torch.tensor([0, 3]), 8), r"num_kept lies in 0\.\.3: it must be in 1\.\.8"),
    (lambda: keep_first(torch.tensor([9]), 8), r"num_kept lies in 9\.\.9"),
    (lambda: keep_first(torch.tensor([2.0]), 8), "num_kept is a torch.float32 tensor .* integer torch tensor"),
    (lambda: keep_first(torch.tensor(2), 8), r"num_kept is a torch.int64 tensor \(\)"),
    (lambda: keep_first(COUNTS, 0), "num_symbols = 0"),
    (lambda: keep_random(COUNTS, 7, generator=generator()), r"must be in 1\.\.7"),
    (lambda: keep_most_important(SCORES, COUNTS[:3]), "num_kept has 3 entries: .* 4 sentences"),
    (lambda: keep_most_important(SCORES[0], COUNTS), r"importance is .* torch tensor \(sentences, num_symbols\)"),
    (lambda: keep_most_important(SCORES.log(), COUNTS), "importance holds scores that are not finite"),
    (lambda: soft_top_k(SCORES, COUNTS, 0.0), r"temperature = 0.0 must be a number in \(0, inf\)"),
    (lambda: straight_through_top_k(SCORES, COUNTS, -1.0), "temperature = -1.0"),
    (lambda: straight_through_top_k(SCORES.int(), COUNTS), "importance is a torch.int32 tensor"),
    (lambda: send_masked(X.real, SCORES > 0, unchanged), "x is a torch.float32 tensor"),
    (lambda: send_masked(X, SCORES[:2] > 0, unchanged), r"mask is a torch.bool tensor \(2, 8\): .* shape \(4, 8\)"),
    (lambda: send_masked(X, (SCORES > 0).int(), unchanged), "mask is a torch.int32 tensor"),
    (lambda: send_masked(X, [True], unchanged), "mask is of type list"),
    (lambda: ImportanceModel(0), "num_symbols = 0"),
    (lambda: ImportanceModel(8, heads=5), "heads = 5 must divide the width 64"),
    (lambda: ImportanceModel(8, feed_forward=0), "feed_forward = 0"),
    (lambda: model(8)(X[:, :4]), r"x has shape \(4, 4\): it must have 8 symbols a sentence"),
    (lambda: model(8)(X.real), "x is a torch.float32 tensor"),
    (lambda: position_bits(8, 9), r"num_kept = 9 must be an integer in 1\.\.8"),
    (lambda: position_channel_uses(8, 4, 0), "rate = 0 must be a number"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
