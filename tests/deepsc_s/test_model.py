"""The networks are the paper's: their shapes, layers and symbols; convolutions that do not care how long a clip is."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from semcom_lib import seeds
from semcom_lib.deepsc_s import model as module
from semcom_lib.deepsc_s.link import SpeechLink
from semcom_lib.deepsc_s.model import (
    KINDS,
    MULTIMEDIA,
    TELEPHONE,
    DeepScS,
    SeResNet,
    SpeechSizes,
    SqueezeExcitation,
    from_checkpoint,
    from_frames,
    load_model,
    new_model,
    to_checkpoint,
    to_frames,
)
from semcom_lib.learning.checkpoints import save_checkpoint
from semcom_lib.physical_layer.fading import Awgn, Rayleigh, Received

from .conftest import NUM_SAMPLES


def generator():
    return seeds.torch_generator(1, "channel")


def layers(part):
    return [
        (layer.in_channels, layer.out_channels, layer.kernel_size[0])
        for layer in part.modules()
        if type(layer) is nn.Conv2d
    ]


def test_deepsc_s_has_the_layers_of_table_i():
    """Six modules (5x5 in 2 x 16 filters, 1x1) each side, a channel convolution of 8 filters each, the last of one."""
    model, module_of = DeepScS(TELEPHONE), [(32, 32, 5), (32, 32, 1)]
    assert layers(model.encoder) == [(1, 32, 5), (32, 32, 1), (1, 32, 1), *(5 * module_of), (32, 8, 5)]
    assert layers(model.decoder) == [(8, 8, 5), (8, 32, 5), (32, 32, 1), (8, 32, 1), *(5 * module_of), (32, 1, 5)]
    assert [
        sum(isinstance(m, SqueezeExcitation) for m in part.modules()) for part in (model.encoder, model.decoder)
    ] == [6, 6]
    wide = DeepScS(MULTIMEDIA)
    assert (layers(wide.encoder)[-1], layers(wide.decoder)[0]) == ((32, 16, 5), (16, 16, 5))


def test_the_cnn_system_has_convolutions_of_32_filters_in_place_of_the_modules():
    model = DeepScS(SpeechSizes("cnn"))
    assert layers(model.encoder) == [(1, 32, 5), *(5 * [(32, 32, 5)]), (32, 8, 5)]
    assert layers(model.decoder) == [(8, 8, 5), (8, 32, 5), *(5 * [(32, 32, 5)]), (32, 1, 5)]
    resnet = DeepScS(SpeechSizes("resnet"))
    assert layers(resnet.encoder) == layers(DeepScS(TELEPHONE).encoder)
    assert not any(isinstance(m, SqueezeExcitation) for m in resnet.modules())


@pytest.mark.parametrize(("sizes", "num_symbols"), [(TELEPHONE, 65_536), (MULTIMEDIA, 131_072)])
def test_a_clip_takes_as_many_symbols_as_pcm_at_rate_1_3_and_64_qam(sizes, num_symbols):
    bits = {8: 8, 16: 16}[sizes.channel_filters]
    assert sizes.num_symbols(16_384) == num_symbols == 16_384 * bits * 3 // 6
    with torch.device("meta"):
        x = DeepScS(sizes).transmit(torch.empty(2, 16_384))
    assert x.shape == (2, num_symbols)
    assert x.dtype == torch.complex64


@pytest.mark.parametrize("kind", KINDS)
def test_each_clip_is_sent_with_unit_mean_power_and_comes_back_in_its_shape(make_model, clips, kind):
    model, s = make_model(kind=kind), torch.from_numpy(clips[:3]) * torch.tensor([[1.0], [0.1], [0.0]])
    with torch.inference_mode():
        x = model.transmit(s)
        s_hat = model(s, SpeechLink(Awgn()), 0.1, generator=generator())
    assert x.shape == (3, NUM_SAMPLES * 4)
    torch.testing.assert_close(x[:2].abs().square().mean(dim=1), torch.ones(2))
    assert not x[2].any()  # biases begin as zeros: of silence nothing comes
    assert s_hat.shape == s.shape
    assert s_hat.isfinite().all()


def test_the_symbols_are_the_features_frame_by_frame_in_pairs(make_model, clips):
    model, s = make_model(), torch.from_numpy(clips[:2])
    with torch.inference_mode():
        u, x = model.encoder(to_frames(s / model.level, 128)), model.transmit(s)
    scale = x[1, 0].real / u[1, 0, 0, 0]
    for symbol, frame, place, feature in ((0, 0, 0, 0), (1, 0, 0, 2), (4, 0, 1, 0), (512 * 3 + 4 * 5 + 1, 3, 5, 2)):
        torch.testing.assert_close(x[1, symbol].real, scale * u[1, feature, frame, place])
        torch.testing.assert_close(x[1, symbol].imag, scale * u[1, feature + 1, frame, place])


def test_the_receiver_reads_symbols_as_the_transmitter_wrote_them(make_model):
    """With the decoder left out, what comes is the picture of features that was sent."""
    model = make_model()
    u = torch.randn(2, 8, 16, 128, generator=generator())
    x = torch.view_as_complex(u.permute(0, 2, 3, 1).reshape(2, -1, 2).contiguous())
    seen = []
    model.decoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    model.receive(Received(x, torch.zeros(x.shape)))
    torch.testing.assert_close(seen[0], u)


def test_what_the_equaliser_leaves_is_weighted_to_the_mmse_estimate(make_model, clips):
    model, s = make_model(), torch.from_numpy(clips[:4])
    h = Rayleigh().gain(4, 1, generator=generator())
    n0, seen = 0.2, []
    with torch.inference_mode():
        x = model.transmit(s)
        n = torch.randn(x.shape, dtype=torch.complex64, generator=generator()) * n0**0.5
        model.decoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        y = h * x + n
        model.receive(Received(y / h, (n0 / h.abs().square()).expand(x.shape)))
    expected = torch.view_as_real(h.conj() * y / (h.abs().square() + n0)).reshape(4, 16, 128, 8).permute(0, 3, 1, 2)
    torch.testing.assert_close(seen[0], expected)
    deep = Received(torch.full_like(x, 1e6), torch.full(x.shape, 1e12))
    with torch.inference_mode():
        nothing = Received(torch.zeros_like(x), torch.ones(x.shape))
        torch.testing.assert_close(model.receive(deep), model.receive(nothing), atol=1e-4, rtol=0)


def test_far_from_its_ends_a_long_clip_is_coded_as_a_part_of_it():
    """Convolutions reach 2 frames a layer; attention, which looks at all frames, is left out here."""
    sizes = SpeechSizes("resnet", num_modules=2, filters=4)
    encoder = module.encoder_of(sizes)
    m = torch.randn(1, 1, 40, 128, generator=generator())
    with torch.inference_mode():
        whole, part = encoder(m), encoder(m[:, :, 10:30])
    torch.testing.assert_close(whole[:, :, 17:23], part[:, :, 7:13])
    assert not torch.allclose(whole[:, :, 10:12], part[:, :, :2])


def test_attention_weighs_each_channel_by_the_means_of_all():
    layer = SqueezeExcitation(8, 4)
    p = torch.randn(3, 8, 5, 7, generator=generator())
    first, _, second, _ = layer.excitation
    assert (tuple(first.weight.shape), tuple(second.weight.shape), first.bias, second.bias) == (
        (2, 8),
        (8, 2),
        None,
        None,
    )
    means = p.flatten(2).mean(dim=2)
    z = torch.sigmoid(torch.relu(means @ first.weight.T) @ second.weight.T)
    torch.testing.assert_close(layer(p), torch.einsum("bcfl,bc->bcfl", p, z))


def test_a_module_is_split_transition_attention_and_residual_of_the_paper_s_fig_4():
    block = SeResNet(32, TELEPHONE, attention=True)
    m = torch.randn(2, 32, 6, 9, generator=generator())
    branches = [
        F.relu(F.conv2d(m, w, b, padding=2))
        for w, b in zip(block.split.weight.split(16), block.split.bias.split(16), strict=True)
    ]
    p = block.transition(torch.cat(branches, dim=1))
    torch.testing.assert_close(block(m), F.relu(block.attention(p) + m), rtol=1e-4, atol=1e-4)


def test_frames_are_successive_samples():
    s = torch.arange(2 * 640.0).view(2, 640)
    m = to_frames(s, 128)
    assert m.shape == (2, 1, 5, 128)
    assert m[1, 0, 3].tolist() == list(range(640 + 384, 640 + 512))
    assert torch.equal(from_frames(m), s)


def test_a_scale_of_the_samples_and_of_the_level_is_a_scale_of_the_result(make_model, clips):
    model, s, link = make_model(), torch.from_numpy(clips[:2]), SpeechLink(Awgn())
    with torch.inference_mode():
        s_hat = model(s, link, 0.1, generator=generator())
        loss = model.loss(s, link, 0.1, generator=generator())
        model.level /= 4
        torch.testing.assert_close(model(s / 4, link, 0.1, generator=generator()), s_hat / 4)
        torch.testing.assert_close(model.loss(s / 4, link, 0.1, generator=generator()), loss)
    model.level *= 4
    torch.testing.assert_close(loss, (s_hat - s).square().mean() / model.level.square())


def test_every_weight_gets_a_gradient_through_a_fade(make_model, clips):
    for kind in KINDS:
        model = make_model(kind=kind)
        model.loss(torch.from_numpy(clips[:4]), SpeechLink(Rayleigh()), 0.1, generator=generator()).backward()
        assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in model.parameters()), kind


def test_a_checkpoint_is_the_model_and_another_one_s_is_refused(make_model, clips, tmp_path):
    model, s = make_model(kind="resnet", channel_filters=4), torch.from_numpy(clips[:2])
    save_checkpoint(tmp_path / "it.pt", to_checkpoint(model))
    loaded = load_model(tmp_path / "it.pt")
    with torch.inference_mode():
        assert torch.equal(loaded.transmit(s), model.transmit(s))
    assert (loaded.sizes, loaded.level, loaded.training) == (model.sizes, model.level, False)
    with pytest.raises(ValueError, match="it has sizes of another model"):
        from_checkpoint(to_checkpoint(model) | {"sizes": {"kind": "transformer"}}, "it")
    with pytest.raises(ValueError, match="it holds another model"):
        from_checkpoint(to_checkpoint(make_model()) | {"sizes": to_checkpoint(model)["sizes"]}, "it")


def test_first_weights_follow_from_the_seed_and_have_he_s_variance():
    first, again, other = (new_model(TELEPHONE, 0.1, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first if name.endswith("weight"))
    weight = first["encoder.0.3.split.weight"]
    assert float(weight.var()) == pytest.approx(2 / (32 * 25), rel=0.05)


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"kind": "lstm"}, "kind = 'lstm' must be one of se_resnet, resnet, cnn"),
        ({"kernel": 4}, "kernel = 4 must be odd"),
        ({"channel_filters": 7}, "channel_filters = 7 must be even"),
        ({"num_modules": 0}, "num_modules = 0 must be an integer of at least 1"),
        ({"reduction": 33}, r"reduction = 33 must be an integer in 1\.\.32"),
    ],
)
def test_impossible_sizes_are_refused(changed, match):
    with pytest.raises(ValueError, match=match):
        SpeechSizes(**changed)


def test_parts_of_frames_levels_and_symbols_of_other_shapes_are_refused(make_model):
    with pytest.raises(ValueError, match="s has 129 samples: it must be a multiple of frame_length = 128"):
        make_model().transmit(torch.zeros(1, 129))
    with pytest.raises(ValueError, match=r"s is a torch.float32 tensor \(128,\)"):
        make_model().transmit(torch.zeros(128))
    with pytest.raises(ValueError, match=r"level = 0.0 must be a number in \(0, 1\]"):
        DeepScS(SpeechSizes(num_modules=1), 0.0)
    with pytest.raises(ValueError, match=r"x is a torch\.float32 tensor"):
        SpeechLink(Awgn())(torch.zeros(2, 3), 0.1, generator=generator())


def test_the_link_is_the_one_transmission_and_tells_how_noisy_each_symbol_is(make_recorded_law):
    law = make_recorded_law()
    x = torch.ones(3, 5, dtype=torch.complex64)
    n0 = torch.tensor([0.0, 0.1, 10.0])
    received = SpeechLink(law)(x, n0, generator=generator())
    h = law.drawn[0]
    assert h.shape == (3, 1)
    torch.testing.assert_close(
        received.n0_hat, (n0[:, None] / h.abs().square()).clamp_min(1e-20).expand(3, 5), atol=1e-12, rtol=1e-4
    )
    torch.testing.assert_close(received.x_hat[0], x[0])
    assert (received.x_hat[2] - x[2]).abs().mean() > (received.x_hat[1] - x[1]).abs().mean()
    assert np.unique(received.x_hat[1].numpy()).size == 5
