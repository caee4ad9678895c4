"""The bAbI files from either home give the same stories, counted as they are; no line that is out of form becomes a story."""

import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from semcom_lib.sources import babi, fetch, stories
from semcom_lib.sources.stories import Question, Story

FILE = b"""1 Ada went to the attic.
2 Bo took the cup.
3 Where is Ada? \tattic\t1
4 Ada took the pen there.
5 What does ADA carry?\tpen,Cup\t4 1
1 Bo went to the barn.
2 Where is Bo?\tbarn\t1
"""
STORIES = [
    Story(
        7,
        ("ada went to the attic.", "bo took the cup.", "ada took the pen there."),
        (Question("where is ada?", "attic", 2, (0,)), Question("what does ada carry?", "pen,cup", 3, (2, 0))),
    ),
    Story(7, ("bo went to the barn.",), (Question("where is bo?", "barn", 1, (0,)),)),
]


def as_file(told):
    """The official form of stories."""
    lines = []
    for one in told:
        timeline = [(i + 0.5, sentence) for i, sentence in enumerate(one.sentences)]
        timeline += [(question.num_sentences + k / 1_000, question) for k, question in enumerate(one.questions)]
        number_of = {}
        for number, (at, what) in enumerate(sorted(timeline, key=lambda item: item[0]), 1):
            if isinstance(what, Question):
                numbers = " ".join(str(number_of[i]) for i in what.supporting)
                lines.append(f"{number} {what.text} \t{what.answer}\t{numbers}\n")
            else:
                number_of[int(at)] = number
                lines.append(f"{number} {what.capitalize()}\n")
    return "".join(lines).encode()


def test_a_file_becomes_stories_in_lower_case_with_what_each_question_may_know():
    assert babi.parse(FILE, 7, "qa7.txt") == STORIES


WORDS = st.lists(st.sampled_from("ada bo cup pen attic went to the".split()), min_size=1, max_size=6).map(" ".join)


@st.composite
def any_story(draw):
    sentences = draw(st.lists(WORDS.map("{}.".format), min_size=1, max_size=6))
    asked_at = draw(st.lists(st.integers(1, len(sentences)), max_size=4))
    questions = []
    for n in [*sorted(asked_at), len(sentences)]:  # a story ends with a question
        supporting = draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=3))
        answer = draw(st.sampled_from(["cup", "yes", "cup,pen"]))
        questions.append(Question(draw(WORDS) + "?", answer, n, tuple(supporting)))
    return Story(3, tuple(sentences), tuple(questions))


@settings(deadline=None, max_examples=50, derandomize=True)
@given(st.lists(any_story(), min_size=1, max_size=4))
def test_what_is_written_in_the_official_form_is_read_as_it_was(told):
    assert babi.parse(as_file(told), 3, "any.txt") == told


@settings(deadline=None, max_examples=50, derandomize=True)
@given(st.lists(any_story(), min_size=1, max_size=3), st.data())
def test_a_file_cut_off_anywhere_but_after_a_question_is_refused_in_one_line_that_names_it(told, data):
    whole = as_file(told)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    if cut.endswith(b"\n") and b"\t" in cut.splitlines()[-1]:
        babi.parse(cut, 3, "cut.txt")  # only the count of questions tells that there was more
        return
    with pytest.raises(
        ValueError, match=r"^cut\.txt(, line \d+: the (file is cut off in|story stops)|: the file is emp)"
    ) as caught:
        babi.parse(cut, 3, "cut.txt")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "instead", "message"),
    [
        (4, b"5 Ada took the pen there.", "line 4: number 5 must be 4, or 1 for a new story"),
        (4, b"3 Ada took the pen there.", "line 4: number 3 must be 4, or 1 for a new story"),
        (4, b"04 Ada took the pen there.", "line 4: number 04 must be 4, or 1 for a new story"),
        (1, b"2 Ada went to the attic.", "line 1: number 2 must be 1"),
        (4, b"Ada took the pen there.", "line 4: 'Ada took the pen there.' is no number with a sentence or a question"),
        (4, b"", "line 4: '' is no number with a sentence or a question"),
        (4, b"4", "line 4: '4' is no number with a sentence or a question"),
        (4, b"4 Ada took the pen", "line 4: 'Ada took the pen' is no sentence of words that ends with a full stop"),
        (4, b"4 Ada took the pen.\r", "line 4: 'Ada took the pen.\\r' is no sentence of words"),
        (4, b"4 Ada took\xff.", "line 4: 'Ada took\ufffd.' is no sentence of words"),
        (4, b"4 .", "line 4: '.' is no sentence of words"),
        (3, b"3  \tattic\t1", "line 3: the question is empty"),
        (3, b"3 ?\tattic\t1", "line 3: the question is empty"),
        (3, b"3 \tattic\t1", "line 3: the question is empty"),
        (3, b"3 Where is Ada\tattic\t1", "line 3: 'Where is Ada' is no question of words that ends with a question mark"),
        (3, b"3 Where is Ada?\t\t1", "line 3: the question 'Where is Ada?' has no answer"),
        (3, b"3 Where is Ada?\t", "line 3: the question 'Where is Ada?' has no answer"),
        (3, b"3 Where is Ada?\tattic,\t1", "line 3: the answer 'attic,' is no word, and no words with commas"),
        (3, b"3 Where is Ada?\tattic", "line 3: the question 'Where is Ada?' needs the numbers of its supporting lines"),
        (3, b"3 Where is Ada?\tattic\t", "line 3: the question 'Where is Ada?' needs the numbers of its supporting"),
        (3, b"3 Where is Ada?\tattic\t1\t2", "line 3: the question 'Where is Ada?' needs the numbers of its supporting"),
        (3, b"3 Where is Ada?\tattic\tone", "line 3: the question 'Where is Ada?' needs the numbers of its supporting"),
        (3, b"3 Where is Ada?\tattic\t4", "line 3: supporting line 4 is no earlier sentence of the story"),
        (5, b"5 What does Ada carry?\tpen\t3", "line 5: supporting line 3 is no earlier sentence of the story"),
        (5, b"5 Bo slept.", "line 5: the story stops without a question; the file is cut off, or lines are missing"),
        (7, b"2 Bo slept.", "line 7: the story stops without a question; the file is cut off, or lines are missing"),
    ],
)  # fmt: skip
def test_a_line_out_of_form_is_named_with_its_file(line, instead, message):
    lines = FILE.split(b"\n")
    lines[line - 1] = instead
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        babi.parse(b"\n".join(lines), 7, "qa7.txt")
    assert str(caught.value).startswith(f"qa7.txt, {message}")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) <= 150


# the archives


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def write_tar(path, files, mode):
    with tarfile.open(path, mode) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def small_file(number, split):
    name = f"{split}{'x' * number}"
    return as_file([Story(number, (f"{name} went to the attic.",), (Question(f"where is {name}?", "attic", 1, (0,)),))])


@pytest.fixture
def homes(tmp_path, monkeypatch):
    """Both archives of one-story files; call it with "mirror" or "home" to look there. Nothing is asked of the network."""
    for name in ("mirror", "home", "cache"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(fetch, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(babi, "NUM_QUESTIONS", {"train": 1, "test": 1})
    monkeypatch.setattr(babi, "NUM_QUESTIONS_PARTIAL", 2)
    files = {
        f"qa{number}_{name}_{split}.txt": small_file(number, split)
        for number, name in babi.NAMES.items()
        for split in ("train", "test")
    }
    in_mirror = dict(files)
    unlisted = in_mirror.pop("qa3_three-supporting-facts_train.txt")
    partial = small_file(3, "train") * 2
    checksums = {**in_mirror, babi.PARTIAL: partial}
    (tmp_path / "babi.sha256").write_text("".join(f"{sha256(c)}  {name}\n" for name, c in checksums.items()))
    monkeypatch.setattr(babi, "_CHECKSUMS", tmp_path / "babi.sha256")

    def write(mirror=in_mirror, home=files, partial=partial):
        archives = tmp_path / "mirror" / babi.MIRROR, tmp_path / "home" / babi.OFFICIAL
        inside = {f"tasks_1-20_v1-2/en-10k/{name}": content for name, content in mirror.items()}
        write_tar(archives[0], {**inside, babi.PARTIAL: partial}, "w:xz")
        inside = {f"tasks_1-20_v1-2/en-10k/{name}": content for name, content in home.items()}
        others = {f"tasks_1-20_v1-2/{kind}/{name}": b"other" for kind in ("en", "hn-10k") for name in home}
        write_tar(archives[1], {**inside, **others}, "w:gz")
        monkeypatch.setattr(babi, "MIRROR_SHA256", sha256(archives[0].read_bytes()))
        monkeypatch.setattr(babi, "OFFICIAL_SHA256", sha256(archives[1].read_bytes()))

    def look_into(name):
        monkeypatch.setenv("SEMCOM_DATA", str(tmp_path / name))
        return tmp_path / name

    write()
    look_into.write, look_into.files, look_into.unlisted = write, files, unlisted
    return look_into


def test_either_home_gives_the_same_stories_but_for_the_part_of_task_3_which_says_so(homes):
    homes("mirror")
    mirror = babi.babi()
    homes("home")
    home = babi.babi()
    assert list(mirror) == list(home) == list(range(1, 21))
    assert {number for number in mirror if mirror[number].partial} == {3}
    assert not any(task.partial for task in home.values())
    assert {number: task for number, task in mirror.items() if number != 3} == {
        number: task for number, task in home.items() if number != 3
    }
    assert home[3].test == mirror[3].test
    for number, task in home.items():
        assert task.train == babi.parse(small_file(number, "train"), number, "train")
        assert task.test == babi.parse(small_file(number, "test"), number, "test")
    assert mirror[3].caption == "qa3 three-supporting-facts (trained on 2 of 1 questions)"
    assert home[3].caption == "qa3 three-supporting-facts"


def test_a_file_with_other_bytes_stops(homes):
    name = "qa5_three-arg-relations_test.txt"
    homes.write(home={**homes.files, name: homes.files[name].replace(b"attic", b"cellar")})
    homes("home")
    with pytest.raises(
        fetch.DataUnavailable, match=rf"^bAbI: the content of {name} has not the SHA-256 .*fetch it again$"
    ):
        babi.babi()


def test_a_missing_file_stops(homes):
    for missing in ("qa1_single-supporting-fact_train.txt", "qa3_three-supporting-facts_test.txt"):
        homes.write(home={name: content for name, content in homes.files.items() if name != missing})
        homes("home")
        with pytest.raises(fetch.DataUnavailable, match=rf"^bAbI: the archive holds no {missing}; fetch it again$"):
            babi.babi()


def test_the_file_that_has_no_checksum_must_parse_and_ask_as_many_questions_as_it_should(homes):
    name = "qa3_three-supporting-facts_train.txt"
    homes("home")
    homes.write(home={**homes.files, name: homes.unlisted * 2})
    with pytest.raises(fetch.DataUnavailable, match=rf"^bAbI: {name} holds 2 questions, must be 1; fetch it again$"):
        babi.babi()
    homes.write(home={**homes.files, name: homes.unlisted[:-1]})
    with pytest.raises(ValueError, match=rf"^{name}, line 2: the file is cut off in the middle of this line$"):
        babi.babi()


@pytest.mark.parametrize("name", ["mirror", "home"])
@pytest.mark.parametrize("kept", [0, 0.02, 0.5])
def test_a_truncated_archive_stops_in_one_line(homes, name, kept):
    whole = homes(name) / {"mirror": babi.MIRROR, "home": babi.OFFICIAL}[name]
    cut = whole.with_name("cut.tar")
    content = whole.read_bytes()
    cut.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(fetch.DataUnavailable, match=r"cut\.tar: not a readable archive") as caught:
        babi.read_archive(cut)
    assert "\n" not in str(caught.value)


def test_an_archive_that_is_damaged_is_not_opened(homes):
    (homes("mirror") / babi.MIRROR).write_bytes(b"damaged")
    with pytest.raises(fetch.DataUnavailable, match=rf"{babi.MIRROR}: SHA-256 is .* must be"):
        babi.babi()


def test_data_in_neither_place_are_one_line_that_a_terminal_shows_whole(homes, monkeypatch):
    def refused(*_, **__):
        raise requests.ConnectionError

    monkeypatch.setattr(requests, "get", refused)
    homes("cache")
    with pytest.raises(fetch.DataUnavailable) as caught:
        babi.babi()
    message = str(caught.value)
    assert message.startswith(f"{babi.MIRROR} (SHA-256 ")
    assert "s3.amazonaws.com: ConnectionError; put it there" in message
    assert message.endswith("or run the demo: make repro")
    assert "\n" not in message
    assert len(message) <= 200


def test_every_file_but_one_has_a_checksum():
    listed = [line.split() for line in babi._CHECKSUMS.read_text().splitlines()]
    names = {f"qa{number}_{name}_{split}.txt" for number, name in babi.NAMES.items() for split in ("train", "test")}
    assert {name for _, name in listed} == names - {"qa3_three-supporting-facts_train.txt"} | {babi.PARTIAL}
    assert len({sha for sha, _ in listed}) == len(listed) == 40
    assert all(len(sha) == 64 for sha, _ in listed)


# the real files, where they are


@pytest.fixture(scope="module")
def real():
    if not (Path(os.environ.get("SEMCOM_DATA", "/nowhere")).expanduser() / babi.MIRROR).is_file():
        pytest.skip(f"no {babi.MIRROR} in SEMCOM_DATA")
    return babi.babi()


def test_the_real_files_hold_as_many_questions_as_they_should_and_task_3_says_what_it_lacks(real):
    for number, task in real.items():
        expected = 1_925 if number == 3 else 10_000
        assert (stories.num_questions(task.train), stories.num_questions(task.test)) == (expected, 1_000)
        assert {story.task for story in task.train + task.test} == {number}
    assert len(real[3].train) == 385
    assert real[3].caption == "qa3 three-supporting-facts (trained on 1,925 of 10,000 questions)"


def test_the_real_sentences_and_words_are_as_counted_before(real):
    train = [story for task in real.values() for story in task.train]
    test = [story for task in real.values() for story in task.test]
    said = [sentence for story in train for sentence in story.sentences]
    assert len(said) == 548_691
    assert len(set(said)) == 3_208
    assert {sentence for story in test for sentence in story.sentences} <= set(said)
    known, classes = stories.vocabulary(train), stories.answer_classes(train)
    assert len(known) == 145
    assert stories.vocabulary(train + test) == known
    assert len(classes) == 60
    assert stories.answer_classes(train + test) == classes
    assert sum("," in answer for answer in classes) == 24
    assert len({*known, *(word for answer in classes for word in stories.words(answer))}) == 156
    assert max(len(stories.words(sentence)) for sentence in set(said)) == 11
    assert all(text == text.lower() for text in (*set(said), *known, *classes))


def test_the_real_stories_are_as_long_as_counted_before(real):
    longest = {number: max(len(story.sentences) for story in task.train + task.test) for number, task in real.items()}
    assert {number: longest.pop(number) for number in (3, 5, 2, 8, 7)} == {3: 228, 5: 126, 2: 88, 8: 58, 7: 52}
    assert max(longest.values()) == 26


def test_utf8_bits_of_a_real_sentence(real):
    bits = []
    for task in real.values():
        said = [sentence for story in task.train + task.test for sentence in story.sentences]
        bits.append(8 * sum(map(len, said)) / len(said))
    assert round(sum(bits) / len(bits)) == 251


def test_the_real_tests_repeat_training_questions_as_much_as_counted_before(real):
    seen = {number: stories.share_seen(task.test, task.train) for number, task in real.items()}
    assert {number: round(seen.pop(number), 2) for number in (4, 20, 17)} == {4: 0.74, 20: 0.20, 17: 0.15}
    assert max(seen.values()) <= 0.025
    assert seen[3] == 0.0


def test_the_real_training_files_are_split_8k_1k_1k(real):
    for number, task in real.items():
        splits = stories.split(task.train, 1)
        sizes = {name: stories.num_questions(part) for name, part in splits.items()}
        assert sum(sizes.values()) == stories.num_questions(task.train)
        if number == 3:
            assert sizes == {"train": 1_545, "validation": 190, "test": 190}
        else:
            assert all(1_000 - 5 < sizes[name] <= 1_000 for name in ("validation", "test"))


def test_the_real_supporting_facts_of_task_1_say_the_answer(real):
    for story in real[1].train:
        for question in story.questions:
            assert question.supporting[-1] < question.num_sentences
            assert question.answer in stories.words(story.sentences[question.supporting[0]])
