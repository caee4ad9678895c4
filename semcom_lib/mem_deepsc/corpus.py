"""The stories as the stages share them: data/mem_deepsc/<split>.jsonl, the words and the answers of the training stories."""

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

from semcom_lib import paths
from semcom_lib.sources import stories
from semcom_lib.sources.stories import Question, Story

OFFICIAL = "official"
"""The official test file, beside the three parts of the training file."""

SPLITS = (*stories.SPLITS, OFFICIAL)


class Corpus:
    """The stories of each split in ``folder``, read when they are asked for.

    ``words`` and ``answers`` are those of the training stories, in alphabetical order.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._stories: dict[str, list[Story]] = {}

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The vocabulary of sentences and questions."""
        return _lines(self.folder / "words.txt")

    @cached_property
    def answers(self) -> tuple[str, ...]:
        """The answer classes."""
        return _lines(self.folder / "answers.txt")

    def stories(self, split: str) -> list[Story]:
        """The stories of ``split``.

        Raises ValueError for another split or a damaged file, FileNotFoundError where it was not made.
        """
        if split not in SPLITS:
            raise ValueError(f"split = {split!r} is unknown; one of: {', '.join(SPLITS)}")
        if split not in self._stories:
            file = self.folder / f"{split}.jsonl"
            self._stories[split] = [_from_json(line, file, number) for number, line in enumerate(_lines(file), 1)]
        return self._stories[split]


def save_corpus(folder: Path, splits: Mapping[str, Iterable[Story]]) -> None:
    """Write what :class:`Corpus` reads, each file whole or not at all. Raises ValueError for other splits than SPLITS."""
    if tuple(splits) != SPLITS:
        raise ValueError(f"splits are {', '.join(splits)}; they must be {', '.join(SPLITS)}")
    told_of = {split: list(told) for split, told in splits.items()}
    _write(folder / "words.txt", stories.vocabulary(told_of["train"]))
    _write(folder / "answers.txt", stories.answer_classes(told_of["train"]))
    for split, told in told_of.items():
        _write(folder / f"{split}.jsonl", map(_to_json, told))


def _to_json(story: Story) -> str:
    questions = [[*question[:3], list(question.supporting)] for question in story.questions]
    return json.dumps([story.task, list(story.sentences), questions])


def _from_json(line: str, file: Path, number: int) -> Story:
    try:
        task, sentences, questions = json.loads(line)
        asked = (Question(*question, tuple(supporting)) for *question, supporting in questions)
        return Story(task, tuple(sentences), tuple(asked))
    except (ValueError, TypeError):
        raise ValueError(
            f"{file}: line {number} is no story: {line!r:.60}; remove the folder, dvc repro mem_deepsc_data makes it anew"
        ) from None


def _lines(file: Path) -> tuple[str, ...]:
    if not file.is_file():
        raise FileNotFoundError(f"{file} is missing; dvc repro mem_deepsc_data makes it")
    return tuple(file.read_text().splitlines())


def _write(file: Path, lines: Iterable[str]) -> None:
    with paths.replacing(file) as temporary:
        temporary.write_text("".join(f"{line}\n" for line in lines))
