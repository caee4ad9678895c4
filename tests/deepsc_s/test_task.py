"""A step's blocks, SNRs, gains and noise follow from the step alone; validation is always the same; training lowers the loss."""

import numpy as np
import pytest
import torch

from semcom_lib import seeds
from semcom_lib.deepsc_s import task as module
from semcom_lib.deepsc_s.link import SpeechLink
from semcom_lib.deepsc_s.model import SpeechSizes, new_model
from semcom_lib.deepsc_s.task import Blocks, FeatureTask, SpeechTask
from semcom_lib.learning.training import Plan, train
from semcom_lib.physical_layer.channels import snr_to_n0
from semcom_lib.physical_layer.fading import Awgn, Rician


class Recorded:
    """A link that keeps what it is given and delivers it without noise."""

    def __init__(self):
        self.x, self.n0, self.drawn = [], [], []

    def __call__(self, x, n0, *, generator):
        self.x.append(x.detach())
        self.n0.append(n0)
        self.drawn.append(float(torch.rand(1, generator=generator)))
        return SpeechLink(Awgn())(x, 0.0, generator=generator)


@pytest.fixture
def speech_task(clips):
    def made(link=None, **changed):
        settings = {"seed": 1, "purpose": ("deepsc_s", "train"), "snr_low_db": 2.0, "snr_high_db": 14.0} | changed
        return SpeechTask(Blocks(clips, 128, 4, 6), clips[:5], link or SpeechLink(Rician(2.0)), **settings)

    return made


def test_blocks_are_successive_frames_of_the_clips_from_any_frame_on():
    clips = np.arange(3 * 1_024, dtype=np.float32).reshape(3, 1_024)
    drawn = Blocks(clips, 128, 3, 400).draw(seeds.numpy_generator(1, "batch"))
    assert drawn.shape == (400, 384)
    assert torch.equal(drawn - drawn[:, :1], torch.arange(384.0).expand(400, 384))
    first = drawn[:, 0].long()
    assert not (first % 128).any()
    assert (first // 1_024 == (first + 383) // 1_024).all()
    assert len(set(first.tolist())) == 3 * 6  # every clip, every frame from which a block fits


@pytest.mark.parametrize("snrs", [(2.0, 14.0), (8.0, 8.0)])
def test_each_block_has_an_snr_of_its_own_in_the_range(speech_task, make_model, snrs):
    link = Recorded()
    task = speech_task(link, snr_low_db=snrs[0], snr_high_db=snrs[1])
    for step in range(1, 31):
        task.loss(make_model(), step)
    snr_db = -10 * torch.log10(torch.cat(link.n0))
    assert len(snr_db) == 30 * 6
    if snrs[0] == snrs[1]:
        torch.testing.assert_close(snr_db, torch.full((180,), 8.0))
    else:
        assert 2 <= float(snr_db.min()) < 2.5
        assert 13.5 < float(snr_db.max()) <= 14
        assert float(snr_db.mean()) == pytest.approx(8, abs=1)


def test_a_step_follows_from_seed_purpose_and_step_alone(speech_task, make_model):
    model = make_model()
    link = Recorded()
    task = speech_task(link)
    for made, step in (
        (task, 3), (task, 4), (task, 3), (speech_task(link, seed=2), 3), (speech_task(link, purpose=("other",)), 3),
    ):  # fmt: skip
        made.loss(model, step)
    assert torch.equal(link.x[0], link.x[2])
    assert torch.equal(link.n0[0], link.n0[2])
    assert len(set(link.drawn)) == 4
    for i in (1, 3, 4):
        assert not torch.equal(link.x[0], link.x[i])
        assert not torch.equal(link.n0[0], link.n0[i])


def test_validation_is_the_mean_over_whole_clips_and_always_the_same(speech_task, make_model, clips, monkeypatch):
    model, task = make_model(), speech_task()
    with torch.no_grad():
        first = task.validate(model)
        task.loss(model, 7)
        assert task.validate(model) == first
        generator = seeds.torch_generator(1, "deepsc_s", "train", "validate", 0)
        snr_db = 2 + 12 * torch.rand(5, generator=generator)
        s = torch.from_numpy(clips[:5])
        mse = (model(s, task.link, snr_to_n0(snr_db), generator=generator) - s).square().mean()
        assert first["mse"] == pytest.approx(float(mse), rel=1e-4)
        assert first["validation_loss"] == pytest.approx(float(mse / model.level**2), rel=1e-4)
        quiet = SpeechTask(task.train, clips[:5], Recorded(), seed=1, purpose=(), snr_low_db=8.0, snr_high_db=8.0)
        whole = quiet.validate(model)
        monkeypatch.setattr(module, "VALIDATED_AT_ONCE", 2)
        assert quiet.validate(model) == pytest.approx(whole, rel=1e-4)


def test_training_lowers_the_loss_of_system_and_codec(clips, make_codec, tmp_path):
    model = new_model(SpeechSizes(num_modules=1, filters=8), 0.1, seed=1)
    plan = Plan(40, 5e-3, warmup_steps=5, validate_every=20)
    task = SpeechTask(
        Blocks(clips, 128, 4, 6), clips[:5], SpeechLink(Awgn()), seed=1, purpose=(), snr_low_db=8.0, snr_high_db=8.0
    )
    with torch.no_grad():
        before = task.validate(model)["validation_loss"]
    history = train(model, task.loss, plan, validate=task.validate, resume=tmp_path / "resume.pt", stage="test")
    assert history[-1]["validation_loss"] < 0.8 * before
    assert set(history[0]) == {"step", "train_loss", "validation_loss", "mse"}

    codec = make_codec()
    features = FeatureTask(Blocks(clips, 128, 2, 4), clips[:2], seed=1, purpose=("features",))
    with torch.no_grad():
        before = features.validate(codec)["validation_loss"]
    plan = Plan(8, 2e-3, validate_every=8)
    history = train(codec, features.loss, plan, validate=features.validate, resume=tmp_path / "resume.pt", stage="test")
    assert history[-1]["validation_loss"] < before
    assert features.validate(codec)["validation_loss"] == pytest.approx(history[-1]["validation_loss"], rel=1e-5)


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"clips": np.zeros((2, 1_024))}, "clips is a numpy float64 array"),
        ({"clips": np.zeros((0, 1_024), np.float32)}, "n at least 1"),
        ({"block_frames": 9}, r"block_frames = 9 must be an integer in 1\.\.8"),
        ({"frame_length": 1_025}, r"frame_length = 1025 must be an integer in 1\.\.1024"),
        ({"blocks_per_batch": 0}, "blocks_per_batch = 0"),
    ],
)
def test_blocks_that_do_not_fit_are_refused(changed, match):
    sizes = {"clips": np.zeros((2, 1_024), np.float32), "frame_length": 128, "block_frames": 8, "blocks_per_batch": 1}
    with pytest.raises(ValueError, match=match):
        Blocks(**sizes | changed)
