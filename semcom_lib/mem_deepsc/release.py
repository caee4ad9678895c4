"""A trained Mem-DeepSC as released files, and back: model, words and answers  (:mod:`semcom_lib.pretrained`)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from semcom_lib.compression.packing import pack, unpack
from semcom_lib.compression.uniform_quantiser import FULL_BITS
from semcom_lib.mem_deepsc.asked import tell
from semcom_lib.mem_deepsc.model import MemDeepSC, MemDeepSCSizes
from semcom_lib.mem_deepsc.sentences import Sentences, num_word_ids
from semcom_lib.mem_deepsc.systems import Learned
from semcom_lib.physical_layer.equalised_link import EqualisedLink
from semcom_lib.physical_layer.fading import Rician
from semcom_lib.sources.stories import Question, Story

MODEL, WORDS, ANSWERS = "model.pack", "words.txt", "answers.txt"


def packed(
    model: MemDeepSC, words: Sequence[str], answers: Sequence[str], *, k_factor: float
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The files and settings of a release: float32 weights, for the Rician fading of ``k_factor`` that they were trained for."""
    files = {
        MODEL: pack(model.state_dict(), FULL_BITS, {}),
        WORDS: ("\n".join(words) + "\n").encode(),
        ANSWERS: ("\n".join(answers) + "\n").encode(),
    }
    return files, {"sizes": asdict(model.sizes), "has_memory": model.has_memory, "k_factor": k_factor}


@dataclass(frozen=True, eq=False)
class Released:
    """A trained system with the words that it knows and the answers that it can give."""

    system: Learned
    words: tuple[str, ...]
    answers: tuple[str, ...]

    def answer(self, story: Sequence[str], question: str, snr_db: float, *, generator: torch.Generator) -> str:
        """The answer to ``question`` after the sentences of ``story``, sent one by one over fading at ``snr_db``.

        A story that is longer than the memory has lost its oldest sentences by then [mem_deepsc eq. 6]; a word that the system
        does not know is one unknown word. Raises ValueError for an empty story, and for a sentence or a question without words
        or with too many.
        """
        asked_last = Question(question, "", len(story), ())
        texts, asked = tell([Story(0, tuple(story), (asked_last,))], self.answers, self.system.model.sizes.memory)
        sentences = Sentences(self.words, self.system.model.sizes.max_words)
        (answer,) = self.system.answer(texts, asked, sentences, snr_db, generator=generator)
        return self.answers[answer]


def load(files: Mapping[str, bytes], settings: Mapping[str, Any]) -> Released:
    """The system of :func:`packed`, in evaluation mode, over the Rician fading that it was trained for."""
    words, answers = (tuple(files[name].decode().splitlines()) for name in (WORDS, ANSWERS))
    sizes = MemDeepSCSizes(**settings["sizes"])
    with torch.random.fork_rng(devices=[]):  # what the layers draw at first is overwritten, and nobody's business
        model = MemDeepSC(num_word_ids(words), len(answers), sizes, has_memory=settings["has_memory"])
    model.load_state_dict(unpack(files[MODEL]).state)
    return Released(Learned(model.eval(), EqualisedLink(Rician(settings["k_factor"]))), words, answers)
