"""What the released weights reach, beside the laptop run that they come from, one JSON line a model and a text.

Over Rician fading at 12 dB: L-DeepSC's BLEU-1 with refined CSI on generated sentences, which need no data, and on the laptop
profile's own test sentences where data/l_deepsc is there; Mem-DeepSC's accuracy on the official test questions where
data/mem_deepsc is there; DeepSC-S's SDR on test clips where data/deepsc_s is there. Over a BSC with a BER of 0.01:
Digital-SC's accuracy with its policy where data/digital_sc is there. ``--record`` writes benchmarks/pretrained.jsonl, which the
tests and the model cards quote.
"""

import json
import sys
from collections.abc import Sequence

import torch

from semcom_lib import evaluation, paths, pretrained, seeds
from semcom_lib.deepsc_s import systems as speech
from semcom_lib.digital_sc import recognition
from semcom_lib.l_deepsc.systems import counted
from semcom_lib.mem_deepsc import systems
from semcom_lib.mem_deepsc.asked import tell
from semcom_lib.mem_deepsc.corpus import OFFICIAL
from semcom_lib.mem_deepsc.corpus import Corpus as Stories
from semcom_lib.mem_deepsc.questions import sample
from semcom_lib.mem_deepsc.sentences import Sentences
from semcom_lib.metrics.text import bleu_metrics
from semcom_lib.pipeline import profiles
from semcom_lib.sources.embedded import parliament_days
from semcom_lib.sources.images import load_images
from semcom_lib.sources.speech import load_clips
from semcom_lib.sources.text import Corpus, clean
from semcom_lib.tables import read_table

NAME, SEED, SNR_DB = "l_deepsc_rician_refined", 2026, 12.0
STORIES, SPEECH, PICTURES = "mem_deepsc_rician", "deepsc_s_telephone", "digital_sc_cifar10"
BER = 0.01
TEST_QUESTIONS = profiles.params()["mem_deepsc"]["evaluate"]["test_questions"]  # of each task, as the laptop profile
TEST_CLIPS = profiles.params()["deepsc_s"]["evaluate_telephone"]["test_clips"]
RECORD = paths.ROOT / "benchmarks" / "pretrained.jsonl"


def generated_sentences(number: int) -> list[str]:
    """The first distinct generated sentences, cleaned as the corpus is."""
    lines = (line for day in parliament_days(5, 100, SEED).values() for line in day)
    return list(dict.fromkeys(" ".join(clean(line)) for line in lines))[:number]


def measure(sentences: Sequence[str], days: Sequence[str] | None = None) -> dict[str, object]:
    """BLEU-1 of the released system, on the fades, noise and bootstrap draws of the laptop's evaluation."""
    system = counted(pretrained.load(NAME), sentences)
    counts = system(SNR_DB, seeds.torch_generator(SEED, "channel", SNR_DB))
    rng = seeds.numpy_generator(SEED, "bootstrap")
    (row,) = evaluation.summarise(counts, bleu_metrics([1]), groups=days, rng=rng).table.to_dict("records")
    return row


def line(
    text: str, sentences: Sequence[str], days: Sequence[str] | None = None, peer: float | None = None
) -> dict[str, object]:
    row = measure(sentences, days)
    ours = round(row["value"], 4)
    compared = {"peer": peer, "ratio": round(ours / peer, 4)} if peer else {"peer": None, "ratio": None}
    interval = {"low": round(row["low"], 4), "high": round(row["high"], 4), "sentences": len(sentences)}
    named = {"name": NAME, "text": text, "ours": ours, **compared, "unit": "BLEU-1 at 12 dB"}
    return named | interval | {"peer_name": "results/l_deepsc/fading.csv, float32 weights" if peer else None}


def laptop_value() -> tuple[float, int]:
    """BLEU-1 and sentences of the laptop's evaluation of this system."""
    table = read_table("l_deepsc", "fading").set_index(["channel", "system", "snr_db", "metric"])
    row = table.loc[("rician", "refined", SNR_DB, "bleu_1")]
    return round(float(row["value"]), 4), int(row["trials"])


def laptop_accuracy() -> float:
    """The accuracy of the laptop's evaluation of the system that is released."""
    table = read_table("mem_deepsc", "accuracy").set_index(["system", "channel", "snr_db", "metric"])
    return round(float(table.loc[("memory", "rician", SNR_DB, "accuracy"), "value"]), 4)


def compared(
    named: dict[str, object], row: dict[str, object], peer: float, *, unit: str, peer_name: str, **trials: int
) -> dict[str, object]:
    """The line of a measured row (value, low, high) beside the laptop run's number; ``trials`` names what was counted."""
    value, low, high = (round(row[key], 4) for key in ("value", "low", "high"))
    measured = {"ours": value, "peer": peer, "ratio": round(value / peer, 4), "unit": unit, "low": low, "high": high}
    return named | measured | trials | {"peer_name": peer_name}


def stories_line() -> dict[str, object]:
    """The accuracy of the released Mem-DeepSC on the questions, fades, noise and bootstrap draws of the laptop's evaluation."""
    released, corpus = pretrained.load(STORIES), Stories(paths.DATA / "mem_deepsc")
    sizes = released.system.model.sizes
    texts, asked = tell(sample(corpus.stories(OFFICIAL), TEST_QUESTIONS, SEED), corpus.answers, sizes.memory)
    sentences, generator = Sentences(corpus.words, sizes.max_words), seeds.torch_generator(SEED, "channel", SNR_DB)
    counts = systems.counted(released.system, texts, asked, sentences, SNR_DB, generator)
    rng, metrics = seeds.numpy_generator(SEED, "bootstrap"), {"accuracy": systems.accuracy}
    (row,) = evaluation.summarise(counts, metrics, groups=asked.stories.tolist(), rng=rng).table.to_dict("records")
    named = {"name": STORIES, "text": "bAbI test"}
    said = {"unit": "accuracy at 12 dB", "questions": len(asked), "peer_name": "results/mem_deepsc/accuracy.csv"}
    return compared(named, row, laptop_accuracy(), **said)


def speech_line() -> dict[str, object]:
    """The SDR of the released DeepSC-S on the clips, fades, noise and bootstrap draws of the laptop's evaluation."""
    released = pretrained.load(SPEECH)
    samples, groups, _ = load_clips(paths.DATA / "deepsc_s" / "telephone", "test", TEST_CLIPS)
    run = speech.counted(released.system, samples, released.rate_hz, ("sdr_db",))
    counts = run(SNR_DB, seeds.torch_generator(SEED, "channel", SNR_DB))
    rng, metrics = seeds.numpy_generator(SEED, "bootstrap"), {"sdr_db": speech.METRICS["sdr_db"]}
    (row,) = evaluation.summarise(counts, metrics, groups=groups.tolist(), rng=rng).table.to_dict("records")
    table = read_table("deepsc_s", "telephone").set_index(["system", "channel", "snr_db", "metric"])
    peer = round(float(table.loc[("deepsc_s", "rician", SNR_DB, "sdr_db"), "value"]), 4)
    named = {"name": SPEECH, "text": "Picovoice test"}
    said = {"unit": "SDR (dB) at 12 dB", "clips": len(samples), "peer_name": "results/deepsc_s/telephone.csv"}
    return compared(named, row, peer, **said)


def pictures_line() -> dict[str, object]:
    """The accuracy of the released Digital-SC on the images, flips and bootstrap draws of the laptop's evaluation."""
    released = pretrained.load(PICTURES)
    table = read_table("digital_sc", "splits_accuracy").set_index(["system", "ber", "metric"])
    laptop = table.loc[("policy", BER, "accuracy")]
    images, labels = load_images(paths.DATA / "digital_sc", "test", int(laptop["trials"]))
    counts = recognition.counted(released.system, images, labels, len(released.classes))(
        BER, seeds.torch_generator(SEED, "channel", BER)
    )
    rng, metrics = seeds.numpy_generator(SEED, "bootstrap"), {"accuracy": recognition.accuracy}
    (row,) = evaluation.summarise(counts, metrics, rng=rng).table.to_dict("records")
    named = {"name": PICTURES, "text": "CIFAR-10 test"}
    said = {
        "unit": "accuracy at a BER of 0.01",
        "images": len(images),
        "peer_name": "results/digital_sc/splits_accuracy.csv",
    }
    return compared(named, row, round(float(laptop["value"]), 4), **said)


def main(argv: Sequence[str]) -> None:
    torch.set_num_threads(2)
    rows = [line("generated", generated_sentences(150))]
    if (paths.DATA / "l_deepsc").is_dir():
        peer, trials = laptop_value()
        corpus = Corpus(paths.DATA / "l_deepsc")
        rows.append(line("Europarl test", corpus.sentences("test", trials), corpus.days("test", trials), peer))
    if (paths.DATA / "mem_deepsc").is_dir():
        rows.append(stories_line())
    if (paths.DATA / "deepsc_s").is_dir():
        rows.append(speech_line())
    if (paths.DATA / "digital_sc").is_dir():
        rows.append(pictures_line())
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    print(lines, end="")
    if "--record" in argv:
        paths.write_text(RECORD, lines)


if __name__ == "__main__":
    main(sys.argv[1:])
