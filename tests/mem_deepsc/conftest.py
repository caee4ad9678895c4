"""Generated stories as the stages share them, and small untrained systems for their words."""

import pytest
import torch

from semcom_lib import seeds
from semcom_lib.mem_deepsc.corpus import SPLITS, Corpus, save_corpus
from semcom_lib.mem_deepsc.model import MemDeepSCSizes
from semcom_lib.mem_deepsc.questions import read_questions
from semcom_lib.mem_deepsc.trained import new_model
from semcom_lib.sources import embedded_stories

TASKS = (1, 7, 15)
SIZES = MemDeepSCSizes(
    width=16,
    heads=2,
    feed_forward=16,
    encoder_steps=2,
    decoder_steps=2,
    channel_hidden=24,
    num_symbols=8,
    max_words=8,
    memory=7,
)


def told(split, number=12):
    """Stories of each task, shorter and longer than the memory."""
    return [story for task in TASKS for story in embedded_stories.tell(task, number, 1, split)]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """All splits in a folder."""
    folder = tmp_path_factory.mktemp("mem_deepsc")
    save_corpus(folder, {split: told(split, 40 if split == "train" else 8) for split in SPLITS})
    return Corpus(folder)


@pytest.fixture(scope="session")
def questions(corpus):
    """The distinct sentences of all splits, and each split's questions by its name."""
    sentences, asked = read_questions(corpus, SPLITS, SIZES)
    return sentences, dict(zip(SPLITS, asked, strict=True))


@pytest.fixture
def make_model(corpus):
    """make_model() is a system in evaluation mode, always with the same weights, random also where they begin as 0 or 1."""

    def made(*, has_memory=True, sizes=SIZES):
        with seeds.initialising(1, "test"), torch.no_grad():
            model = new_model(corpus, sizes, has_memory=has_memory).eval()
            for weight in model.parameters():
                weight += 0.4 * torch.randn_like(weight)
        return model

    return made
