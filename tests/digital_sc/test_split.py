"""A network cut at one point: device, channel and server in a row."""

import math

import pytest
import torch

from semcom_lib.digital_sc.analog import AnalogBlock
from semcom_lib.digital_sc.bottleneck import DigitalBlock
from semcom_lib.digital_sc.network import SplitResNet
from semcom_lib.digital_sc.split import SplitClassifier
from semcom_lib.sources.images import to_tensor


def test_device_block_and_server_follow_each_other(trained, noise):
    model, x = trained.split, to_tensor(trained.test[0][:20])
    with torch.inference_mode():
        features = model.network.device(x, 2)
        received = model.block.transfer(features, 0.1, generator=noise(), temperature=4.0)
        expected = model.network.server(received, 2)
        torch.testing.assert_close(model(x, 0.1, generator=noise(), temperature=4.0), expected)
        assert not torch.allclose(model(x, 0.1, generator=noise()), expected)


def test_with_enough_bits_and_no_errors_it_is_the_ideal_network(trained, noise):
    model = SplitClassifier(trained.ideal, 2, DigitalBlock(32, 8, quantiser="range").eval())
    x = to_tensor(trained.test[0][:20])
    model.start(x)
    with torch.inference_mode():
        ideal, digital = trained.ideal(x), model(x, 0.0, generator=noise())
    assert float((ideal - digital).abs().max()) < 0.05 * float(ideal.std())


def test_an_analog_split_without_noise_loses_only_the_strength_of_an_image(trained, noise):
    model, x = SplitClassifier(trained.ideal, 2, AnalogBlock(32)), to_tensor(trained.test[0][:20])
    model.start(x)
    with torch.inference_mode():
        features = trained.ideal.device(x, 2)
        power = 2 * features.square().mean(dim=(1, 2, 3), keepdim=True)  # of an image's symbols, two features each
        torch.testing.assert_close(model.block.amplitude.detach(), power.mean().sqrt())
        expected = trained.ideal.server(model.block.amplitude * features / power.sqrt(), 2)
        torch.testing.assert_close(model(x, math.inf, generator=noise()), expected, rtol=1e-3, atol=1e-3)


def test_channel_uses_are_those_of_its_features(trained):
    assert trained.split.channel_uses == 24 * 16 * 16 * 2 // 2
    assert SplitClassifier(trained.ideal, 1, AnalogBlock(16)).channel_uses == 16 * 32 * 32 // 2


def test_a_block_for_other_channels_and_a_split_past_the_network_are_refused():
    network = SplitResNet(1, 4)
    with pytest.raises(ValueError, match=r"block is for 16 channels: behind block 2 there are 32"):
        SplitClassifier(network, 2, DigitalBlock(16, 2))
    with pytest.raises(ValueError, match=r"split = 4 must be an integer in 1..3"):
        SplitClassifier(network, 4, DigitalBlock(16, 2))
