"""A small transceiver that has learnt something: an untrained one with tied embeddings answers <start> to anything."""

import pytest

from semcom_lib import seeds
from semcom_lib.l_deepsc.task import TransceiverTask
from semcom_lib.l_deepsc.transceiver import DeepSC, DeepSCSizes
from semcom_lib.learning.training import Plan, train
from semcom_lib.physical_layer import channels
from semcom_lib.sources.text import LengthBuckets, Vocabulary

VOCABULARY = Vocabulary("we must act now or later in this house of ours".split())
SIZES = DeepSCSizes(width=32, heads=4, layers=2, feed_forward=64, channel_encoder=32, channel_decoder=64, max_words=10)
STEPS = 500


def random_sentences(number, purpose):
    """Words in random order, 2 to 9 of them, many repeated: nothing but the channel tells which comes where."""
    rng = seeds.numpy_generator(1, "sentences", purpose)
    return [rng.integers(4, len(VOCABULARY), rng.integers(2, 10)).tolist() for _ in range(number)]


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A DeepSC in evaluation mode, trained over AWGN of 0..15 dB; tests that change it take a copy."""
    with seeds.initialising(1, "trained"):
        model = DeepSC(len(VOCABULARY), SIZES)
    buckets = LengthBuckets(random_sentences(2_000, "train"), 300)
    held_out = random_sentences(50, "validation")
    task = TransceiverTask(buckets, held_out, channels.awgn, 1, ("trained",), snr_low_db=0.0, snr_high_db=15.0)
    plan = Plan(steps=STEPS, learning_rate=4e-3, warmup_steps=30, validate_every=STEPS, checkpoint_every=STEPS)
    resume = tmp_path_factory.mktemp("trained") / "resume.pt"
    train(model, task.loss, plan, validate=task.validate, resume=resume, stage="fixture")
    return model


@pytest.fixture(scope="session")
def sentences():
    """Encoded sentences that the model has not seen."""
    return random_sentences(100, "test")
