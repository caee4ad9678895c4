"""What the released weights reach, beside the laptop run that they come from, one JSON line a text.

BLEU-1 over Rician fading at 12 dB with refined CSI: on generated sentences, which need no data, and on the laptop profile's own
test sentences where data/l_deepsc is there. ``--record`` writes benchmarks/pretrained.jsonl, which the tests and the model cards
quote.
"""

import json
import sys
from collections.abc import Sequence

import torch

from semcom_lib import evaluation, paths, pretrained, seeds
from semcom_lib.l_deepsc.systems import counted
from semcom_lib.metrics.text import bleu_metrics
from semcom_lib.sources.embedded import parliament_days
from semcom_lib.sources.text import Corpus, clean
from semcom_lib.tables import read_table

NAME, SEED, SNR_DB = "l_deepsc_rician_refined", 2026, 12.0
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


def main(argv: Sequence[str]) -> None:
    torch.set_num_threads(2)
    rows = [line("generated", generated_sentences(150))]
    if (paths.DATA / "l_deepsc").is_dir():
        peer, trials = laptop_value()
        corpus = Corpus(paths.DATA / "l_deepsc")
        rows.append(line("Europarl test", corpus.sentences("test", trials), corpus.days("test", trials), peer))
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    print(lines, end="")
    if "--record" in argv:
        paths.write_text(RECORD, lines)


if __name__ == "__main__":
    main(sys.argv[1:])
