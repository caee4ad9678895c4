"""The splicing rule: exact bit counts, half-step round trips, and an image from any bits whatever."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from semcom_lib import seeds
from semcom_lib.aesc_i.autoencoders import AUTOENCODERS, DigitAutoencoder
from semcom_lib.aesc_i.splicing import COPIES, LATENT_BOUND, WEIGHT_BOUND, SplicingRule
from semcom_lib.physical_layer import channels


def model(z_dims=5):
    with seeds.initialising(1, "splicing"):
        return DigitAutoencoder(z_dims)


def latents(num_images, *shape, seed=2):
    return torch.rand(num_images, *shape, generator=seeds.torch_generator(seed, "latents"))


def rule_and_stream(num_images=3, weight_bits=8, latent_bits=8):
    autoencoder = model()
    rule = SplicingRule.of(autoencoder.decoder, autoencoder.latent_shape, weight_bits, latent_bits)
    sent = latents(num_images, 5)
    return rule, rule.join(autoencoder.decoder.state_dict(), sent), autoencoder.decoder.state_dict(), sent


def test_the_counts_are_those_of_the_papers_sizes():
    """Z = 40: 40 x 64 + 64, twice 16 x 16 x 9 + 16, and 16 x 9 + 1 numbers of 8 bits; 8 tensors and the latents have a range."""
    rule, _, _, _ = rule_and_stream()
    assert rule.num_weights == 5 * 64 + 64 + 2 * (16 * 16 * 9 + 16) + 16 * 9 + 1
    assert rule.decoder_bits == 8 * rule.num_weights + 3 * 9 * 64
    assert rule.image_bits == 40
    forty = model(40)
    assert SplicingRule.of(forty.decoder, (40,), 8, 8).num_weights == 7409


@pytest.mark.parametrize(("weight_bits", "latent_bits"), [(16, 8), (8, 16), (8, 8)])
def test_weights_and_latents_have_bits_of_their_own(weight_bits, latent_bits):
    rule, stream, state, sent = rule_and_stream(3, weight_bits, latent_bits)
    assert rule.decoder_bits == weight_bits * rule.num_weights + 3 * 9 * 64
    assert rule.image_bits == 5 * latent_bits
    assert len(stream) == rule.decoder_bits + 3 * 5 * latent_bits
    received, got = rule.split(stream)
    for name, before in state.items():
        assert largest_error(before, received[name]) <= half_a_step(before, weight_bits)
    assert largest_error(sent, got) <= half_a_step(sent, latent_bits)
    assert largest_error(sent, got) > half_a_step(sent, latent_bits) / 20
    weights = state["0.weight"]
    assert largest_error(weights, received["0.weight"]) > half_a_step(weights, weight_bits) / 2


def test_the_ratios_of_pictures_are_eq_16_s_with_latents_of_8_bits():
    """Numbers and bits are then compressed alike, whatever the weights' bits: 32 x 32 x 3 over 6 x 6 x Z."""
    for z, ratio in ((32, 2.67), (12, 7.11), (8, 10.67)):
        rule = SplicingRule({}, (z, 6, 6), 16, 8)
        assert 8 * 32 * 32 * 3 / rule.image_bits == pytest.approx(ratio, abs=0.005)


def largest_error(before, after):
    return float((before.double() - after.double()).abs().max())


def half_a_step(values, bits):
    """Half of what two levels are apart, and float32's own rounding."""
    return float(values.max() - values.min()) / (2**bits - 1) * 0.5001 + 1e-7


@settings(deadline=None, max_examples=40)
@given(
    shapes=st.lists(st.lists(st.integers(1, 4), max_size=3).map(tuple), min_size=1, max_size=4),
    latent_shape=st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple),
    num_images=st.integers(1, 4),
    bits=st.tuples(st.integers(1, 16), st.integers(1, 16)),
    seed=st.integers(0, 99),
    scale=st.sampled_from([0.0, 1e-30, 1.0, WEIGHT_BOUND]),
    reach=st.sampled_from([0.0, 1.0, LATENT_BOUND]),
)
def test_a_round_trip_is_within_half_a_step(shapes, latent_shape, num_images, bits, seed, scale, reach):
    generator = seeds.torch_generator(seed, "round trip")
    state = {f"layer{i}": scale * (2 * torch.rand(shape, generator=generator) - 1) for i, shape in enumerate(shapes)}
    sent = reach * latents(num_images, *latent_shape, seed=seed)
    rule = SplicingRule({name: tuple(value.shape) for name, value in state.items()}, latent_shape, *bits)
    stream = rule.join(state, sent)
    assert stream.dtype == np.uint8
    assert len(stream) == rule.num_bits(num_images)
    received, got = rule.split(stream)
    assert list(received) == list(state)
    weights = ((state[name], received[name], bits[0]) for name in state)
    for before, after, number_bits in [*weights, (sent, got, bits[1])]:
        step = float(before.max() - before.min()) / (2**number_bits - 1)
        assert after.shape == before.shape
        torch.testing.assert_close(after, before, rtol=1e-6, atol=step * 0.5001)


def test_the_stream_is_the_ranges_the_weights_the_ranges_the_latents_and_the_ranges():
    """Written out for two weights, one bias, and two images of two latents; weights of 3 bits, latents of 4."""
    state = {"weight": torch.tensor([[-1.0, 2.5]]), "bias": torch.tensor([7.0])}
    sent = torch.tensor([[0.0, 15.0], [4.0, 3.0]])
    rule = SplicingRule({"weight": (1, 2), "bias": (1,)}, (2,), 3, 4)
    floats = [(0xBF800000, 0x40200000), (0x40E00000, 0x40E00000), (0x00000000, 0x41700000)]  # IEEE 754 of the ranges
    table = "".join(f"{end:032b}" for ends in floats for end in ends)
    expected = table + "000111" + "000" + table + "0000111101000011" + table
    stream = rule.join(state, sent)
    assert "".join(map(str, stream)) == expected
    received, got = rule.split(stream)
    assert {name: value.tolist() for name, value in received.items()} == {"weight": [[-1.0, 2.5]], "bias": [7.0]}
    assert got.tolist() == sent.tolist()


def test_sending_again_what_was_received_gives_the_same_bits():
    rule, stream, _, _ = rule_and_stream()
    assert np.array_equal(rule.join(*rule.split(stream)), stream)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10**6), ber=st.sampled_from([1e-3, 0.1, 0.5, 1.0]))
def test_corrupted_streams_always_give_finite_weights_and_an_image(seed, ber):
    rule, stream, _, _ = rule_and_stream()
    flipped = channels.bsc(torch.from_numpy(stream), ber, generator=seeds.torch_generator(seed)).numpy()
    state, received = rule.split(flipped)
    assert all(bool(value.isfinite().all()) and float(value.abs().max()) <= WEIGHT_BOUND for value in state.values())
    assert bool(received.isfinite().all())
    assert float(received.abs().max()) <= LATENT_BOUND
    image = model().received_decoder(state)(received)
    assert bool(((image >= 0) & (image <= 1)).all())


@pytest.mark.parametrize("kind", AUTOENCODERS)
def test_the_bounds_keep_the_largest_activations_finite(kind):
    autoencoder = AUTOENCODERS[kind](32).eval()
    worst = {name: torch.full_like(value, WEIGHT_BOUND) for name, value in autoencoder.decoder.state_dict().items()}
    images = torch.full((1, *autoencoder.latent_shape), LATENT_BOUND)
    decoder = autoencoder.received_decoder(worst)
    with torch.inference_mode():
        before = nn.Sequential(*list(decoder)[:-1])(images)
    assert bool(before.isfinite().all())


def copies(rule, stream):
    """Where the three copies of the ranges lie."""
    starts = (0, rule.decoder_bits - 2 * rule.table_bits, len(stream) - rule.table_bits)
    return [slice(start, start + rule.table_bits) for start in starts]


def with_ranges(rule, stream, change):
    """The stream with its ranges (num_tensors, 2) changed in all copies."""
    table = np.packbits(stream[copies(rule, stream)[0]]).view(">f4").reshape(-1, 2).copy()
    change(table)
    changed = stream.copy()
    for copy in copies(rule, stream):
        changed[copy] = np.unpackbits(table.view(np.uint8).ravel())
    return changed


@pytest.mark.parametrize("lost", range(3))
def test_one_lost_copy_of_the_ranges_is_repaired(lost):
    rule, stream, _, _ = rule_and_stream()
    damaged = stream.copy()
    damaged[copies(rule, stream)[lost]] ^= 1
    assert_alike(rule.split(damaged), rule.split(stream))


def test_the_majority_is_taken_bit_by_bit():
    """Each bit of the ranges may be wrong in one copy, whichever; where two copies are wrong, so is the bit."""
    rule, stream, _, _ = rule_and_stream()
    damaged = stream.copy()
    for place in range(rule.table_bits):
        damaged[copies(rule, stream)[place % 3].start + place] ^= 1
    assert_alike(rule.split(damaged), rule.split(stream))
    sign_of_last_low = rule.table_bits - 64
    for copy in copies(rule, stream)[1:]:
        stream[copy.start + sign_of_last_low + 1] ^= 1  # the exponent's highest bit: 2 or more instead of less
    assert float(rule.split(stream)[1].max()) >= 2


def assert_alike(split, expected):
    assert all(torch.equal(split[0][name], value) for name, value in expected[0].items())
    assert torch.equal(split[1], expected[1])


def test_ranges_that_arrive_in_the_wrong_order_are_put_in_order():
    rule, stream, _, _ = rule_and_stream()

    def swap(table):
        table[:] = table[:, ::-1].copy()

    assert_alike(rule.split(with_ranges(rule, stream, swap)), rule.split(stream))


def test_ranges_that_are_no_numbers_are_made_to_be_some():
    rule, stream, _, _ = rule_and_stream()

    def spoil(table):
        table[:] = np.nan
        table[1], table[2], table[3] = (np.inf, -np.inf), (1e30, 2e30), (0.5, -0.5)
        table.view(">u4")[0, 0] = 0x7FA00000  # a signalling NaN

    state, received = rule.split(with_ranges(rule, stream, spoil))
    values = list(state.values())
    assert not values[0].any()
    assert not received.any()
    assert float(values[1].abs().max()) == WEIGHT_BOUND
    assert float(values[2].min()) == float(values[2].max()) == WEIGHT_BOUND
    assert float(values[3].abs().max()) == 0.5


def test_the_spans_cover_the_stream_and_hold_what_they_say():
    rule, stream, _, sent = rule_and_stream()
    spans = rule.spans(len(sent))
    sizes = {name: sum(part.stop - part.start for part in parts) for name, parts in spans.items()}
    assert sizes == {"decoder": rule.decoder_bits, "latents": 3 * rule.image_bits}
    (state, latents), damaged = rule.split(stream), {name: stream.copy() for name in spans}
    for name, parts in spans.items():
        for part in parts:
            damaged[name][part] ^= 1
    assert all(torch.equal(value, state[name]) for name, value in rule.split(damaged["latents"])[0].items())
    assert not torch.equal(rule.split(damaged["latents"])[1], latents)
    received = rule.split(damaged["decoder"])[0]
    assert not any(torch.equal(value, state[name]) for name, value in received.items() if name.endswith("weight"))
    only_weights = stream.copy()
    only_weights[rule.table_bits : rule.decoder_bits - 2 * rule.table_bits] ^= 1
    assert torch.equal(rule.split(only_weights)[1], latents)


def test_the_rule_costs_three_copies_of_two_floats_a_range():
    rule, _, _, _ = rule_and_stream()
    assert COPIES * rule.table_bits == 3 * 2 * 32 * (len(rule.shapes) + 1)
    assert rule.num_bits(2) - rule.num_bits(1) == rule.image_bits


@pytest.mark.parametrize("change", [-1, 1, 39])
def test_a_stream_of_another_length_is_refused(change):
    rule, stream, _, _ = rule_and_stream()
    with pytest.raises(ValueError, match=r"the stream has \d+ bits; must be \d+ \+ n 40"):
        rule.split(np.resize(stream, len(stream) + change))
    with pytest.raises(ValueError, match="n > 0"):
        rule.split(stream[: rule.decoder_bits])


def test_what_cannot_be_sent_is_refused():
    rule, _, state, sent = rule_and_stream()
    name = next(iter(state))
    with pytest.raises(ValueError, match="another architecture"):
        rule.join(model(6).decoder.state_dict(), sent)
    with pytest.raises(ValueError, match=r"latents have shape \(3, 4\); must be \(n, 5,\)"):
        rule.join(state, sent[:, :4])
    with pytest.raises(ValueError, match="n > 0"):
        rule.join(state, sent[:0])
    for bad in (math.nan, math.inf, 65.0):
        with pytest.raises(ValueError, match=rf"{name} is in .* must be in -64\.\.64"):
            rule.join(state | {name: torch.full_like(state[name], bad)}, sent)
    with pytest.raises(ValueError, match=r"latents is in .* must be in -1024\.\.1024"):
        rule.join(state, sent + 2000)
    for bits in ((17, 8), (8, 17)):
        with pytest.raises(ValueError, match="bits = 17"):
            SplicingRule({}, (1,), *bits)
