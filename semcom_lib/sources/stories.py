"""Stories with questions, as the memory paper's receiver answers them: sentence by sentence, then a question about what was said.

The official tasks (:mod:`semcom_lib.sources.babi`) and the generated ones (:mod:`semcom_lib.sources.embedded_stories`) have one
form: texts in lower case with their closing mark, "mary moved to the bathroom." and "where is mary?".
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from semcom_lib import seeds

SPLITS = ("train", "validation", "test")
_WORD = re.compile(r"[a-z]+")


class Question(NamedTuple):
    """A question, asked when ``num_sentences`` sentences of its story have been said.

    ``answer`` is one class: a word, or several with commas between them ("apple,milk") that count as one. ``supporting`` are
    the sentences that it follows from, as indices into the story's sentences.
    """

    text: str
    answer: str
    num_sentences: int
    supporting: tuple[int, ...]


class Story(NamedTuple):
    """Sentences of one story of task 1..20, and the questions asked between and after them, in their order."""

    task: int
    sentences: tuple[str, ...]
    questions: tuple[Question, ...]

    def context(self, question: Question) -> tuple[str, ...]:
        """The sentences said before one of this story's questions, the oldest first."""
        return self.sentences[: question.num_sentences]


def num_questions(stories: Iterable[Story]) -> int:
    """The number of questions asked in ``stories``."""
    return sum(len(story.questions) for story in stories)


def words(text: str) -> list[str]:
    """The words of a sentence, a question or an answer class, without marks: "apple,milk" has two."""
    return _WORD.findall(text.lower())


def vocabulary(stories: Iterable[Story]) -> tuple[str, ...]:
    """The words of all sentences and questions, in alphabetical order; answers are classes of their own."""
    stories = list(stories)
    texts = {sentence for story in stories for sentence in story.sentences}
    texts.update(question.text for story in stories for question in story.questions)
    return tuple(sorted({word for text in texts for word in words(text)}))


def answer_classes(stories: Iterable[Story]) -> tuple[str, ...]:
    """The different answers, in alphabetical order; "apple,milk" and "milk,apple" are two, as in the official files."""
    return tuple(sorted({question.answer for story in stories for question in story.questions}))


def split(stories: Sequence[Story], seed: int) -> dict[str, list[Story]]:
    """{"train", "validation", "test"}: eight, one and one tenth of the questions of one file, whole stories drawn by seed.

    The paper splits the 10,000 questions of a training file 8k/1k/1k [mem_deepsc Sec. V-A.1]; its ``test`` is no official test
    file. A held-out split takes stories in random order while they fit, so it has at most a tenth of the questions, and a few
    less where stories ask differently many.

    Differs from the paper: it does not say how it splits; questions of one story share their sentences, so they stay together.
    Stories that occur twice in a file are not looked for: see :func:`share_seen`.

    Raises ValueError when a held-out split gets no story.
    """
    held_out = num_questions(stories) // 10
    splits: dict[str, list[Story]] = {name: [] for name in SPLITS}
    room = {"validation": held_out, "test": held_out}
    for i in seeds.numpy_generator(seed, "split", "stories").permutation(len(stories)):
        asked = len(stories[i].questions)
        fits = next((name for name, left in room.items() if asked <= left), None)
        if fits:
            room[fits] -= asked
        splits[fits or "train"].append(stories[i])
    if not all(splits.values()):
        raise ValueError(
            f"{len(stories)} stories with {num_questions(stories)} questions are too few to hold a tenth out twice"
        )
    return splits


def share_seen(stories: Iterable[Story], train: Iterable[Story]) -> float:
    """The share of questions that ``train`` asks too, word by word after the same sentences: what rote learning can answer.

    Raises ValueError when ``stories`` ask nothing.
    """
    seen = {(story.context(question), question.text) for story in train for question in story.questions}
    asked = [(story.context(question), question.text) in seen for story in stories for question in story.questions]
    if not asked:
        raise ValueError("stories ask no question: the share seen in training is not defined")
    return sum(asked) / len(asked)
