"""Released weights: checked before they are read, small, with a card, and as good as recorded."""

import importlib.util
import json
import shutil

import numpy as np
import pytest
import torch

from semcom_lib import paths, pretrained, seeds
from semcom_lib.l_deepsc.transceiver import count_weights
from semcom_lib.ledger.reference import load_reference
from semcom_lib.metrics.speech import sdr
from semcom_lib.sources import embedded_speech
from semcom_lib.sources.recordings import resample

NAME = "l_deepsc_rician_refined"
SPEC = importlib.util.spec_from_file_location("benchmark", paths.ROOT / "benchmarks" / "pretrained.py")
benchmark = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(benchmark)
RECORDED = [json.loads(line) for line in benchmark.RECORD.read_text().splitlines()]


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of pretrained/ that may be spoilt."""
    shutil.copytree(pretrained.FOLDER, tmp_path / "pretrained")
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path / "pretrained")
    return tmp_path / "pretrained"


def test_it_needs_no_data_and_speaks_through_a_noisy_channel(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "DATA", tmp_path / "nowhere")
    monkeypatch.setattr(paths, "CHECKPOINTS", tmp_path / "nowhere")
    sentence = "the vote will take place tomorrow"
    before = torch.get_rng_state()
    system = pretrained.load(NAME)
    assert torch.equal(torch.get_rng_state(), before)
    for snr_db, arrives in ((60.0, True), (-30.0, False)):
        (received,) = system.receive([sentence], snr_db, generator=seeds.torch_generator(1, "try"))
        assert (received == sentence) == arrives


def test_the_released_listener_remembers_a_story_through_a_noisy_channel(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "DATA", tmp_path / "nowhere")
    story = ("Mary moved to the bathroom.", "John went to the hallway.", "Daniel travelled to the office.")
    listener = pretrained.load("mem_deepsc_rician")
    for name, place in {"Mary": "bathroom", "John": "hallway", "Daniel": "office"}.items():
        heard = [
            listener.answer(story, f"Where is {name}?", snr_db, generator=seeds.torch_generator(i, "try"))
            for i, snr_db in enumerate([60.0, -30.0, -30.0, -30.0])
        ]
        assert heard[0] == place
        assert heard[1:] != [place] * 3


def test_the_released_speaker_is_heard_through_a_noisy_channel(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "DATA", tmp_path / "nowhere")
    recordings, _ = embedded_speech.voices(1, 1, 2.0, 1)
    speaker = pretrained.load("deepsc_s_telephone")
    sent = resample(recordings["voice00-00"], 16_000, speaker.rate_hz)
    for snr_db, low, high in ((20.0, 10, 40), (-30.0, -20, 1)):
        generator = seeds.torch_generator(1, "try")
        heard = speaker.receive(recordings["voice00-00"], 16_000, snr_db, generator=generator)
        assert low < sdr(sent[None], heard[None])[0] < high


def test_the_released_camera_recognises_what_it_sees_through_few_bit_errors(monkeypatch, tmp_path):
    with np.load(paths.RESULTS / "digital_sc" / "samples.npz") as samples:  # one test image of each class
        images = samples["images"]
    monkeypatch.setattr(paths, "DATA", tmp_path / "nowhere")
    camera = pretrained.load("digital_sc_cifar10")
    right = {
        ber: sum(
            said == name
            for said, name in zip(
                camera.recognise(images, ber, generator=seeds.torch_generator(1, "try")), camera.classes, strict=True
            )
        )
        for ber in (0.0, 0.5)
    }
    assert right[0.0] >= 8
    assert right[0.5] <= 4
    assert set(camera.split_points(images, 0.01)) <= {model.split for model in camera.system.models}
    with pytest.raises(ValueError, match=r"0\.5"):
        camera.recognise(images, 0.6, generator=seeds.torch_generator(1, "try"))


def test_the_released_model_has_the_papers_number_of_weights():
    values = load_reference("l_deepsc").values
    assert count_weights(pretrained.load(NAME).model) == values["num_weights"].value


def test_bleu_on_generated_text_is_the_recorded_one():
    (recorded,) = (row for row in RECORDED if row["text"] == "generated")
    measured = benchmark.measure(benchmark.generated_sentences(recorded["sentences"]))
    # another machine rounds differently, which turns a few words of some 1,500
    assert measured["value"] == pytest.approx(recorded["ours"], abs=0.01)


def test_the_release_is_as_good_as_the_laptop_run_that_the_ledger_judges():
    (recorded,) = (row for row in RECORDED if row["peer"] and row["name"] == NAME)
    assert recorded["peer"] == benchmark.laptop_value()[0]
    assert recorded["low"] <= recorded["peer"] <= recorded["high"]


@pytest.mark.parametrize("name", pretrained.names())
def test_a_release_is_small_and_whole_and_has_a_card_with_the_recorded_numbers(name):
    folder = pretrained.FOLDER / name
    listed = {path.partition("/")[2] for path in pretrained._read_sums() if path.startswith(f"{name}/")}
    assert listed == {file.name for file in folder.iterdir()} - {"README.md"}
    assert sum((folder / file).stat().st_size for file in listed) <= 4_000_000
    card = (folder / "README.md").read_text()
    for row in (row for row in RECORDED if row["name"] == name):
        assert f"| {row['text']} | {row['ours']:.3f} [{row['low']:.3f}, {row['high']:.3f}] |" in card


def test_an_unknown_name_is_told_what_there_is():
    with pytest.raises(ValueError, match=rf"name = 'l_deepsc' is not a released model; one of: .*{NAME}"):
        pretrained.load("l_deepsc")


def test_a_changed_file_is_refused_before_it_is_read(copy):
    file = copy / NAME / "vocabulary.txt"
    file.write_bytes(file.read_bytes().replace(b"parliament", b"Parliament", 1))
    with pytest.raises(ValueError, match=rf"pretrained/{NAME}/vocabulary\.txt is not the released file"):
        pretrained.load(NAME)


def test_a_missing_file_is_named(copy):
    (copy / NAME / "model.pack").unlink()
    with pytest.raises(ValueError, match=rf"pretrained/{NAME}/model\.pack cannot be read \(No such file"):
        pretrained.load(NAME)


def test_the_released_mem_deepsc_is_the_one_that_the_ledger_judges():
    (recorded,) = (row for row in RECORDED if row["name"] == "mem_deepsc_rician")
    assert recorded["ours"] == recorded["peer"] == benchmark.laptop_accuracy()


def test_a_release_can_be_made_again(copy):
    path = pretrained.release("mine", "l_deepsc", {"a.bin": b"abc"}, {"bits": 8})
    assert json.loads((path / "settings.json").read_text()) == {"paper": "l_deepsc", "bits": 8}
    assert pretrained._checked_files("mine")["a.bin"] == b"abc"
    assert NAME in pretrained.names()
