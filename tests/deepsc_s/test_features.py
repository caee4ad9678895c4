"""The feature codec: as many bits as PCM, levels that training sees as they are sent, sound out of any bits."""

import numpy as np
import pytest
import torch
from torch import nn

from semcom_lib import seeds
from semcom_lib.deepsc_s.features import FeatureCode, FeatureCodec, codec_to_checkpoint, load_codec, new_codec
from semcom_lib.learning.checkpoints import save_checkpoint

from .conftest import NUM_SAMPLES


def test_the_codec_has_the_layers_of_table_iii(make_codec):
    def layers(part):
        return [(m.in_channels, m.out_channels, m.kernel_size) for m in part.modules() if isinstance(m, nn.Conv2d)]

    codec, five = make_codec(), (5, 5)
    inner = 3 * [(32, 32, five)]
    assert layers(codec.encoder) == [(1, 32, five), *inner, (32, 8, five)]
    assert layers(codec.decoder) == [(8, 8, five), (8, 32, five), *inner, (32, 1, five)]
    assert sum(isinstance(m, nn.ReLU) for m in codec.modules()) == 8


@pytest.mark.parametrize(("bits", "of_pcm"), [(1, 8), (2, 16)])
def test_a_clip_becomes_as_many_bits_as_pcm_s_and_comes_back_through_them(make_codec, clips, bits, of_pcm):
    codec = make_codec(bits)
    code, clip = FeatureCode(codec), clips[0]
    sent = code.encode(clip)
    assert (sent.dtype, sent.shape) == (np.uint8, (of_pcm * NUM_SAMPLES,))
    assert 0.05 < sent.mean() < 0.95
    with torch.inference_mode():
        levels = codec.encode(torch.from_numpy(clip)[None])
        expected = codec.decode(levels)[0].numpy()
    assert levels.unique().tolist() == list(range(2**bits))
    np.testing.assert_array_equal(code.decode(sent), expected)
    frame, place, feature = 3, 17, 5
    at = ((frame * 128 + place) * 8 + feature) * bits
    level = int(levels[0, feature, frame, place])
    assert sent[at : at + bits].tolist() == [level >> i & 1 for i in reversed(range(bits))]


def test_the_loss_is_that_of_the_levels_that_are_sent_and_its_gradient_passes_within_them(make_codec, clips):
    codec, s = make_codec(2), torch.from_numpy(clips[:4])
    with torch.no_grad():
        expected = (codec.decode(codec.encode(s)) - s).square().mean() / codec.level.square()
    loss = codec.loss(s)
    torch.testing.assert_close(loss.detach(), expected)
    loss.backward()
    assert all(weight.grad.abs().sum() > 0 for weight in codec.parameters())
    codec.zero_grad()
    with torch.no_grad():
        codec.encoder[1].bias += 1e4  # all features beyond the highest level
    codec.loss(s).backward()
    assert not any(weight.grad.any() for weight in codec.encoder.parameters())


def test_any_bits_are_a_clip_of_whole_frames(make_codec):
    code = FeatureCode(make_codec())
    rng = seeds.numpy_generator(1, "bits")
    for num_bits, num_samples in ((0, 0), (1_023, 0), (1_024, 128), (8 * NUM_SAMPLES + 7, NUM_SAMPLES)):
        clip = code.decode(rng.integers(2, size=num_bits, dtype=np.uint8))
        assert (clip.dtype, clip.shape) == (np.float32, (num_samples,))
        assert np.isfinite(clip).all()


def test_a_checkpoint_is_the_codec(make_codec, clips, tmp_path):
    codec = make_codec(2)
    save_checkpoint(tmp_path / "it.pt", codec_to_checkpoint(codec))
    loaded = load_codec(tmp_path / "it.pt")
    assert np.array_equal(FeatureCode(loaded).encode(clips[0]), FeatureCode(codec).encode(clips[0]))
    assert (loaded.level, loaded.training) == (codec.level, False)


def test_first_weights_follow_from_the_seed():
    first, again, other = (new_codec(1, 0.1, seed=seed).state_dict()["encoder.1.weight"] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_what_is_no_clip_and_other_numbers_of_bits_are_refused(make_codec):
    code = FeatureCode(make_codec())
    with pytest.raises(ValueError, match="clip is a numpy float64 array"):
        code.encode(np.zeros(128))
    with pytest.raises(ValueError, match="s has 127 samples"):
        code.encode(np.zeros(127, np.float32))
    with pytest.raises(ValueError, match=r"bits = 9 must be an integer in 1\.\.8"):
        FeatureCodec(9)
