"""bAbI v1.2, English, 10,000 training and 1,000 test questions for each of 20 tasks [Weston et al. 2015].

A local mirror keeps 39 of the 40 files, the public home all of them among other languages and sizes; each file is checked by the
SHA-256 of its own bytes, whichever home it comes from. The fortieth is the training file of task 3: the mirror has a part of it,
385 whole stories with 1,925 questions, and ``Task.caption`` says so; the public home's is known by that archive's SHA-256 alone,
and must parse to 10,000 questions.
"""

import hashlib
import re
import tarfile
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from semcom_lib.sources.fetch import DataUnavailable, fetch, neither
from semcom_lib.sources.stories import Question, Story, num_questions

MIRROR = "babi-en-10k.tar.xz"
MIRROR_SHA256 = "d5a9a13403c1e279917d267e12444617c6cf4d90efd58634553ba709b5b46523"
OFFICIAL = "babi_tasks_1-20_v1-2.tar.gz"
# Of 11,745,123 bytes, as three public projects that fetched them from there record it; we had its files, not this archive.
OFFICIAL_SHA256 = "84f5296ab9a1ad0dc9464e08c491d65cd08830fca3acae9ab86f75e0fb81573c"
_URL = "https://s3.amazonaws.com/text-datasets/babi_tasks_1-20_v1-2.tar.gz"
_CHECKSUMS = Path(__file__).with_name("babi_en_10k.sha256")

PARTIAL = "qa3_train.partial1925.txt"
NUM_QUESTIONS = {"train": 10_000, "test": 1_000}
NUM_QUESTIONS_PARTIAL = 1_925

NAMES = {
    **{1: "single-supporting-fact", 2: "two-supporting-facts", 3: "three-supporting-facts", 4: "two-arg-relations"},
    **{5: "three-arg-relations", 6: "yes-no-questions", 7: "counting", 8: "lists-sets", 9: "simple-negation"},
    **{10: "indefinite-knowledge", 11: "basic-coreference", 12: "conjunction", 13: "compound-coreference"},
    **{14: "time-reasoning", 15: "basic-deduction", 16: "basic-induction", 17: "positional-reasoning"},
    **{18: "size-reasoning", 19: "path-finding", 20: "agents-motivations"},
}

_SENTENCE = re.compile(r"[A-Za-z]+(?: [A-Za-z]+)*\.")
_QUESTION = re.compile(r"[A-Za-z]+(?: [A-Za-z]+)*\?")
_ANSWER = re.compile(r"[A-Za-z]+(?:,[A-Za-z]+)*")
_SUPPORTING = re.compile(r"\d{1,6}(?: \d{1,6})*")


class Task(NamedTuple):
    """One task's stories in the files' order; ``partial`` where the training file is not the whole official one."""

    number: int
    train: list[Story]
    test: list[Story]
    partial: bool

    @property
    def caption(self) -> str:
        """What a figure or table calls the task: "qa1 single-supporting-fact", and how much of a partial file there is."""
        name = f"qa{self.number} {NAMES[self.number]}"
        if not self.partial:
            return name
        return f"{name} (trained on {num_questions(self.train):,} of {NUM_QUESTIONS['train']:,} questions)"


def babi() -> dict[int, Task]:
    """{1: ..., 20: ...}: all tasks, in lower case throughout (task 20 asks "jason" about "Jason"). Raises DataUnavailable."""
    try:
        archive = fetch(MIRROR, sha256=MIRROR_SHA256)
    except DataUnavailable as not_in_mirror:
        try:
            archive = fetch(OFFICIAL, sha256=OFFICIAL_SHA256, url=_URL)
        except DataUnavailable as nor_there:
            raise neither(not_in_mirror, nor_there) from nor_there
    files = read_archive(archive)
    checksums = {name: sha256 for sha256, name in map(str.split, _CHECKSUMS.read_text().splitlines())}
    return {number: _task(number, files, checksums) for number in NAMES}


def read_archive(archive: Path) -> dict[str, bytes]:
    """{name: content} of the files of ``en-10k/``, and of the partial one beside it. Raises DataUnavailable when truncated."""
    try:
        with tarfile.open(archive) as tar:
            members = {PurePosixPath(member.name): member for member in tar if member.isfile()}
            return {
                path.name: tar.extractfile(member).read()
                for path, member in members.items()
                if path.parent.name == "en-10k" or path.name == PARTIAL
            }
    except (tarfile.TarError, EOFError, OSError) as error:
        why = str(error).split("\n")[0]
        raise DataUnavailable(f"{archive}: not a readable archive ({why}); fetch it again") from error


def parse(content: bytes, task: int, name: str) -> list[Story]:
    """The stories of one file, in lower case, with supporting line numbers as indices into a story's sentences.

    A line is a number and a sentence, or a number, a question, its answer and the numbers of the supporting lines, with tabs
    between them; number 1 begins a story. Raises ValueError with the file's ``name`` and the line for anything else, and for a
    file that stops in the middle of a line, or of a story: its last line is no question.
    """
    text = content.decode("ascii", errors="replace")
    lines = text.split("\n")
    if lines.pop():
        raise ValueError(f"{name}, line {len(lines) + 1}: the file is cut off in the middle of this line")
    if not lines:
        raise ValueError(f"{name}: the file is empty")
    starts = [i for i, line in enumerate(lines) if i == 0 or line.startswith("1 ")]
    return [_story(lines[i:j], task, name, i) for i, j in pairwise([*starts, len(lines)])]


def _story(lines: Sequence[str], task: int, name: str, num_before: int) -> Story:
    sentences: list[str] = []
    questions: list[Question] = []
    index: dict[int, int] = {}  # of a sentence, by the number of its line
    for number, line in enumerate(lines, 1):
        try:
            rest = _numbered(line, number)
            if "\t" in rest:
                questions.append(_question(rest, len(sentences), index))
            else:
                index[number] = len(sentences)
                sentences.append(_sentence(rest))
        except ValueError as error:
            raise ValueError(f"{name}, line {num_before + number}: {error}") from error
    if "\t" not in lines[-1]:
        where = f"{name}, line {num_before + len(lines)}"
        raise ValueError(f"{where}: the story stops without a question; the file is cut off, or lines are missing")
    return Story(task, tuple(sentences), tuple(questions))


def _numbered(line: str, expected: int) -> str:
    number, _, rest = line.partition(" ")
    if not (number.isdecimal() and rest):
        raise ValueError(f"{line!r:.60} is no number with a sentence or a question")
    if number != str(expected):
        raise ValueError(f"number {number:.20} must be {expected}{', or 1 for a new story' * (expected > 1)}")
    return rest


def _sentence(rest: str) -> str:
    if not _SENTENCE.fullmatch(rest):
        raise ValueError(f"{rest!r:.60} is no sentence of words that ends with a full stop")
    return rest.lower()


def _question(rest: str, num_sentences: int, index: Mapping[int, int]) -> Question:
    text, answer, *more = rest.split("\t")
    text = text.rstrip(" ")
    if text in ("", "?"):
        raise ValueError("the question is empty")
    if not _QUESTION.fullmatch(text):
        raise ValueError(f"{text!r:.60} is no question of words that ends with a question mark")
    if not answer:
        raise ValueError(f"the question {text!r:.60} has no answer")
    if not _ANSWER.fullmatch(answer):
        raise ValueError(f"the answer {answer!r:.60} is no word, and no words with commas between them")
    if len(more) != 1 or not _SUPPORTING.fullmatch(more[0]):
        raise ValueError(f"the question {text!r:.60} needs the numbers of its supporting lines after a second tab")
    supporting = [int(number) for number in more[0].split(" ")]
    for number in supporting:
        if number not in index:
            raise ValueError(f"supporting line {number} is no earlier sentence of the story")
    return Question(text.lower(), answer.lower(), num_sentences, tuple(index[number] for number in supporting))


def _task(number: int, files: Mapping[str, bytes], checksums: Mapping[str, str]) -> Task:
    train, test = (f"qa{number}_{NAMES[number]}_{split}.txt" for split in NUM_QUESTIONS)
    partial = train not in files and number == 3
    expected = NUM_QUESTIONS_PARTIAL if partial else NUM_QUESTIONS["train"]
    return Task(
        number,
        _stories(number, PARTIAL if partial else train, files, checksums, expected),
        _stories(number, test, files, checksums, NUM_QUESTIONS["test"]),
        partial,
    )


def _stories(
    task: int, name: str, files: Mapping[str, bytes], checksums: Mapping[str, str], expected: int
) -> list[Story]:
    if name not in files:
        raise DataUnavailable(f"bAbI: the archive holds no {name}; fetch it again")
    if name in checksums and hashlib.sha256(files[name]).hexdigest() != checksums[name]:
        raise DataUnavailable(f"bAbI: the content of {name} has not the SHA-256 {checksums[name]}; fetch it again")
    stories = parse(files[name], task, name)
    if num_questions(stories) != expected:
        raise DataUnavailable(
            f"bAbI: {name} holds {num_questions(stories):,} questions, must be {expected:,}; fetch it again"
        )
    return stories
