"""Eq. (10) of the layers that are built, beside the paper's five numbers; where they differ the test says by how much and why."""

import pytest
import torch
from torch import nn

from semcom_lib.deepsc_s.flops import convolution_flops
from semcom_lib.deepsc_s.model import FEATURES, TELEPHONE, SpeechSizes, decoder_of, encoder_of

MAP = 2 * 128 * 128


def sides(sizes):
    decoder = decoder_of(sizes, activation=nn.ReLU())
    return convolution_flops(encoder_of(sizes), 1), convolution_flops(decoder, sizes.channel_filters)


def test_one_convolution_is_the_paper_s_equation():
    assert convolution_flops(nn.Conv2d(3, 5, 7, padding=3), 3, 10, 20) == 2 * 10 * 20 * (3 * 49 + 1) * 5
    assert convolution_flops(nn.Linear(3, 3), 1, 2, 3) == 0


def test_one_se_resnet_module_is_8_75e8():
    module = encoder_of(TELEPHONE)[0][1]
    flops = convolution_flops(module, 32)
    assert flops == MAP * (2 * (32 * 25 + 1) * 16 + (32 + 1) * 32)
    assert f"{flops:.2e}" == "8.75e+08"


def test_the_cnn_system_is_4_44e9_and_4_49e9_8_93e9_together():
    transmitter, receiver = sides(SpeechSizes("cnn"))
    assert transmitter == MAP * (26 * 32 + 5 * 801 * 32 + 801 * 8)
    assert [f"{n:.2e}" for n in (transmitter, receiver, transmitter + receiver)] == ["4.44e+09", "4.49e+09", "8.93e+09"]


def test_deepsc_s_is_4_65e9_and_4_71e9_and_together_not_9_36e9_but_9_35e9():
    """The paper adds its rounded numbers. It is so with the residuals of 1x1 on both sides; without, 4.64e9 and 4.70e9."""
    transmitter, receiver = sides(TELEPHONE)
    residuals = MAP * 2 * 32, MAP * 9 * 32
    assert transmitter - residuals[0] == MAP * (26 * 32 + 33 * 32 + 5 * (801 + 33) * 32 + 801 * 8)
    assert [f"{n:.2e}" for n in (transmitter, receiver, transmitter + receiver)] == ["4.65e+09", "4.71e+09", "9.35e+09"]
    assert [f"{n - r:.2e}" for n, r in zip((transmitter, receiver), residuals, strict=True)] == ["4.64e+09", "4.70e+09"]


def test_deepsc_s_is_not_4_82_but_4_78_percent_above_the_cnn_system():
    """From the paper's own rounded numbers it is 4.82."""
    increase = 100 * (sum(sides(TELEPHONE)) / sum(sides(SpeechSizes("cnn"))) - 1)
    assert increase == pytest.approx(4.781, abs=1e-3)
    assert f"{100 * (9.36 / 8.93 - 1):.2f}" == "4.82"


def test_the_feature_codec_is_2_81e9_behind_and_not_2_75e9_but_2_76e9_before():
    """2.757e9 by the paper's own Eq. (11), which it cuts off; so 5.57e9 together, and not 5.56e9."""
    encoder, decoder = sides(FEATURES)
    assert encoder == MAP * 26 * 32 + 3 * MAP * 801 * 32 + MAP * 801 * 8
    assert [f"{n:.2e}" for n in (encoder, decoder, encoder + decoder)] == ["2.76e+09", "2.81e+09", "5.57e+09"]


def test_counting_leaves_the_model_as_it_was_and_impossible_sizes_are_refused():
    model = encoder_of(SpeechSizes(num_modules=1, filters=4))
    assert convolution_flops(model, 1) == 4 * convolution_flops(model, 1, 64, 64)
    assert model(torch.zeros(1, 1, 4, 4)).device.type == "cpu"
    assert not any(layer._forward_hooks for layer in model.modules())
    with pytest.raises(ValueError, match="num_frames = 0 must be an integer of at least 1"):
        convolution_flops(model, 1, 0)
