"""Stories come back from their files as they were; what is missing or damaged is named in one line."""

import pytest

from semcom_lib.mem_deepsc import corpus as module
from semcom_lib.mem_deepsc.corpus import OFFICIAL, SPLITS, Corpus, save_corpus
from semcom_lib.sources import stories
from semcom_lib.sources.stories import Question, Story

from .conftest import told

TOLD = {
    "train": told("train"),
    "validation": [Story(8, ("ada got the pen.", "bo left."), (Question("what has ada?", "pen,cup", 1, ()),))],
    "test": [],
    OFFICIAL: told("test", 3),
}


def saved(folder, splits=TOLD):
    save_corpus(folder, splits)
    return Corpus(folder)


def test_stories_come_back_as_they_were_in_their_order(tmp_path):
    corpus = saved(tmp_path)
    assert SPLITS == (*stories.SPLITS, OFFICIAL) == tuple(TOLD)
    for split in SPLITS:
        assert corpus.stories(split) == TOLD[split]
    (one,) = corpus.stories("validation")
    assert isinstance(one, Story)
    assert isinstance(one.questions[0], Question)
    assert one.context(one.questions[0]) == ("ada got the pen.",)


def test_words_and_answers_are_those_of_the_training_stories_alone(tmp_path):
    corpus = saved(tmp_path)
    assert corpus.words == stories.vocabulary(TOLD["train"])
    assert corpus.answers == stories.answer_classes(TOLD["train"])
    assert "ada" not in corpus.words
    assert "pen,cup" not in corpus.answers


def test_stories_may_be_told_once_and_equal_ones_give_equal_bytes(tmp_path):
    for name, splits in {"a": TOLD, "b": {split: iter(of_split) for split, of_split in TOLD.items()}}.items():
        saved(tmp_path / name, splits)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == sorted(["words.txt", "answers.txt", *(f"{split}.jsonl" for split in SPLITS)])
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_split_is_read_once(tmp_path):
    corpus = saved(tmp_path)
    first = corpus.stories("train")
    (tmp_path / "train.jsonl").unlink()
    assert corpus.stories("train") is first


@pytest.mark.parametrize(
    ("file", "read"),
    [
        ("train.jsonl", lambda corpus: corpus.stories("train")),
        ("words.txt", lambda corpus: corpus.words),
        ("answers.txt", lambda corpus: corpus.answers),
    ],
)
def test_a_missing_file_is_named_with_the_command_that_makes_it(tmp_path, file, read):
    corpus = saved(tmp_path)
    (tmp_path / file).unlink()
    with pytest.raises(FileNotFoundError, match=rf"{file} is missing; dvc repro mem_deepsc_data makes it$"):
        read(corpus)


def test_an_unknown_split_is_refused(tmp_path):
    message = "split = 'dev' is unknown; one of: train, validation, test, official$"
    with pytest.raises(ValueError, match=message):
        Corpus(tmp_path).stories("dev")


@pytest.mark.parametrize("names", [SPLITS[:3], SPLITS[::-1], (*SPLITS, "dev")])
def test_other_splits_are_not_saved(tmp_path, names):
    message = f"splits are {', '.join(names)}; they must be train, validation, test, official"
    with pytest.raises(ValueError, match=message):
        save_corpus(tmp_path, dict.fromkeys(names, TOLD["train"]))
    assert not list(tmp_path.iterdir())


WHOLE = module._to_json(TOLD[OFFICIAL][1])


@pytest.mark.parametrize(
    "damaged",
    [
        WHOLE[: len(WHOLE) // 2],
        WHOLE[:-1],
        "",
        "\x00",
        "3",
        '[1, ["a."]]',
        '[1, ["a."], [["b?", "c", 1]]]',
        '[1, ["a."], [["b?", "c", 1, 0]]]',
        '[1, ["a."], [[]]]',
        "[1, 2, []]",
    ],
)
def test_a_damaged_line_is_named(tmp_path, damaged):
    corpus = saved(tmp_path)
    file = tmp_path / f"{OFFICIAL}.jsonl"
    lines = file.read_text().splitlines()
    lines[1] = damaged
    file.write_text("\n".join(lines))
    message = r"official\.jsonl: line 2 is no story: .*; remove the folder, dvc repro mem_deepsc_data makes it anew$"
    with pytest.raises(ValueError, match=message) as error:
        corpus.stories(OFFICIAL)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 250 + len(str(tmp_path))
