"""The network that is cut: its depth and shapes, device and server as one, and what the device computes."""

import pytest
import torch
from torch import nn

from semcom_lib import seeds
from semcom_lib.digital_sc.network import SplitResNet


def resnet(blocks_per_stage=1, **more):
    with seeds.initialising(1, "network"):
        return SplitResNet(blocks_per_stage, **{"width": 4} | more)


def images(n=3, side=32):
    return torch.rand(n, 3, side, side, generator=seeds.torch_generator(2, "images"))


def settled(network):
    """Batch statistics that are not those of the start, and evaluation mode."""
    for _ in range(3):
        network(images(8))
    return network.eval()


@pytest.mark.parametrize(("blocks_per_stage", "depth"), [(1, 11), (2, 20), (6, 56)])
def test_the_longest_path_has_9n_plus_2_layers(blocks_per_stage, depth):
    network = resnet(blocks_per_stage)
    on_path = [
        layer
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Conv2d | nn.Linear) and "projection" not in name
    ]
    assert network.depth == depth == len(on_path)
    assert network.num_blocks == 3 * blocks_per_stage


def test_the_papers_network_has_128_channels_of_16_by_16_behind_block_9():
    """z = 128 of Table III, and the shapes of all three stages."""
    network = SplitResNet()
    assert network.feature_shape(9) == (128, 16, 16)
    assert [network.feature_shape(s) for s in (1, 6, 7, 12, 13, 18)] == [
        *((64, 32, 32), (64, 32, 32), (128, 16, 16), (128, 16, 16), (256, 8, 8), (256, 8, 8)),
    ]


@pytest.mark.parametrize("split", [1, 2, 3, 5, 6])
def test_device_and_server_are_the_whole_network_wherever_it_is_cut(split):
    network, x = settled(resnet(2)), images()
    with torch.inference_mode():
        features = network.device(x, split)
        assert features.shape == (3, *network.feature_shape(split))
        z = network.stem((x - network.mean) / network.std)
        for block in network.blocks:
            z = block(z)
        torch.testing.assert_close(network.server(features, split), network.head(z), rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(network(x), network.head(z), rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(network.device(x[1:2], split), features[1:2], rtol=1e-4, atol=1e-4)


def test_features_differ_from_cut_to_cut():
    network = settled(resnet(2))
    with torch.inference_mode():
        assert not torch.equal(network.device(images(), 1), network.device(images(), 2))


def test_images_are_normalised_by_cifar10s_statistics():
    network = settled(resnet())
    network.stem = nn.Identity()
    network.blocks = nn.ModuleList([nn.Identity()])
    x = images()
    expected = torch.stack(
        [(x[:, 0] - 0.4914) / 0.247, (x[:, 1] - 0.4822) / 0.2435, (x[:, 2] - 0.4465) / 0.2616], dim=1
    )
    torch.testing.assert_close(network.device(x, 1), expected)


def test_a_block_adds_its_branch_to_its_input_and_activates_first():
    """He et al. 2016: BN, ReLU, convolution; with the branch's last weights at zero the block is the identity."""
    network = settled(resnet(2))
    block, x = network.blocks[1], torch.randn(2, 16, 8, 8, generator=seeds.torch_generator(3, "block"))
    with torch.no_grad():
        assert float((block(x) - x).abs().min()) < float((block(x) - x).abs().max())
        assert float((block(x) - x).abs().max()) > 1e-2
        block.branch[-1].weight.zero_()
        assert torch.equal(block(x), x)
        first = network.blocks[2]
        first.branch[-1].weight.zero_()
        norm = first.activation[0]
        shaped = [each.view(-1, 1, 1) for each in (norm.running_mean, norm.running_var, norm.weight, norm.bias)]
        normalised = (x - shaped[0]) / (shaped[1] + norm.eps).sqrt() * shaped[2] + shaped[3]
        kernel = first.projection.weight[:, :, 0, 0]
        expected = torch.einsum("oc,nchw->nohw", kernel, normalised.clamp_min(0)[:, :, ::2, ::2])
        torch.testing.assert_close(first(x), expected, rtol=1e-4, atol=1e-5)


def bottleneck_macs(channels, inner, side_in, side_out):
    """Of the three convolutions, and of the projection where the shape changes."""
    branch = channels * inner * side_in**2 + (9 * inner**2 + 4 * inner**2) * side_out**2
    projected = channels != 4 * inner or side_in != side_out
    return branch + (channels * 4 * inner * side_out**2 if projected else 0)


def test_device_flops_are_twice_the_multiplications_of_its_convolutions():
    network = SplitResNet()
    stem = 27 * 16 * 32**2
    blocks = [bottleneck_macs(16, 16, 32, 32)] + 5 * [bottleneck_macs(64, 16, 32, 32)]
    blocks += [bottleneck_macs(64, 32, 32, 16)] + 5 * [bottleneck_macs(128, 32, 16, 16)]
    for split in (1, 2, 6, 7, 9):
        assert network.device_flops(split) == 2 * (stem + sum(blocks[:split]))


def test_counting_leaves_the_network_as_it_is():
    network = resnet()
    network.blocks[0].eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    network.device_flops(2)
    assert network.training
    assert network.blocks[1].training
    assert not network.blocks[0].training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_device_parameters_grow_by_those_of_the_blocks():
    network = SplitResNet()
    first = 27 * 16 + 2 * 16 + 16 * 16 + 2 * 16 + 9 * 16 * 16 + 2 * 16 + 16 * 64 + 16 * 64
    assert network.device_parameters(1) == first
    assert network.device_parameters(2) - first == 2 * 64 + 64 * 16 + 2 * 16 + 9 * 16 * 16 + 2 * 16 + 16 * 64
    assert network.device_parameters(18) == sum(p.numel() for p in network.parameters()) - 2 * 256 - 257 * 10


def test_the_deepest_split_is_the_last_that_can_be_afforded():
    network = resnet(2)
    flops = [network.device_flops(s) for s in range(1, 7)]
    assert flops == sorted(set(flops))
    assert [network.deepest_split(f) for f in flops] == [1, 2, 3, 4, 5, 6]
    assert [network.deepest_split(f - 1) for f in flops[1:]] == [1, 2, 3, 4, 5]
    assert network.deepest_split(float("inf")) == 6
    with pytest.raises(ValueError, match=f"max_flops = {flops[0] - 1} must be at least {flops[0]}"):
        network.deepest_split(flops[0] - 1)


@pytest.mark.parametrize("split", [0, 4, -1, 1.0, True])
def test_a_split_point_past_the_network_is_refused(split):
    network = resnet()
    for call in (
        lambda: network.device(images(), split),
        lambda: network.server(torch.zeros(1, 16, 8, 8), split),
        lambda: network.device_flops(split),
        lambda: network.device_parameters(split),
    ):
        with pytest.raises(ValueError, match=r"^split = .* must be an integer in 1..3$"):
            call()


@pytest.mark.parametrize("x", [images(side=28), images()[:, :1], images()[0], images().to(torch.uint8), "image"])
def test_an_image_of_another_shape_or_type_is_refused(x):
    with pytest.raises(ValueError, match=r"^x "):
        resnet().device(x, 1)


@pytest.mark.parametrize("wrong", [{"blocks_per_stage": 0}, {"width": 0}, {"num_classes": 1}])
def test_a_network_without_layers_is_refused(wrong):
    (name, value), *_ = wrong.items()
    with pytest.raises(ValueError, match=f"{name} = {value} must be an integer of at least"):
        SplitResNet(**wrong)


def test_convolutions_stay_channels_last():
    network = resnet()
    assert network.device(images(), 2).is_contiguous(memory_format=torch.channels_last)
