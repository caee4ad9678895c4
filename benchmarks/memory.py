"""Encoding each distinct sentence of a batch once, beside encoding every transmission, one JSON line  [mem_deepsc eq. 1].

    python benchmarks/memory.py                 print
    python benchmarks/memory.py --record        also write benchmarks/memory.jsonl

A batch of the laptop's training: whole stories with all their questions, 100 or a few more, each with its memory of all sentences
before it. The paper's encoder runs forward and backward over them, on one thread. Stories are generated.
"""

import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from semcom_lib import seeds
from semcom_lib.mem_deepsc.asked import EMPTY, tell
from semcom_lib.mem_deepsc.model import MemDeepSC, MemDeepSCSizes
from semcom_lib.mem_deepsc.sentences import Sentences, num_word_ids
from semcom_lib.sources import embedded_stories
from semcom_lib.sources.stories import answer_classes, vocabulary

RECORD = Path(__file__).with_suffix(".jsonl")
TASKS, QUESTIONS, REPETITIONS = (1, 2, 6, 7, 8, 15), 100, 15


def main() -> None:
    torch.set_num_threads(1)
    stories = [story for task in TASKS for story in embedded_stories.tell(task, 30, 1, "train")]
    drawn, asked_for = [], 0
    for i in seeds.numpy_generator(1, "benchmark", "stories").permutation(len(stories)):
        if asked_for < QUESTIONS:
            drawn.append(stories[i])
            asked_for += len(stories[i].questions)
    words, answers = vocabulary(stories), answer_classes(stories)
    with seeds.initialising(1, "benchmark", "memory"):
        model = MemDeepSC(num_word_ids(words), len(answers), MemDeepSCSizes())
    texts, asked = tell(drawn, answers, model.sizes.memory)
    sentences = Sentences(words, model.sizes.max_words)
    asked = asked.of([sentences.index(text) for text in texts])
    sent = np.concatenate([asked.contexts[asked.contexts != EMPTY], asked.questions])
    ids = {"ours": sentences.ids[np.unique(sent)], "peer": sentences.ids[sent]}
    times: dict[str, list[float]] = {name: [] for name in ids}
    for repetition in range(REPETITIONS + 2):
        for name, rows in ids.items():
            taken = measure(model, rows)
            if repetition >= 2:
                times[name].append(taken)
    ours, peer = (statistics.median(times[name]) for name in ("ours", "peer"))
    row = {
        "name": "distinct sentences once",
        "ours": round(ours, 2),
        "peer": round(peer, 2),
        "ratio": round(peer / ours, 2),
    }
    row |= {"unit": "ms a batch", "peer_name": "every transmission", "encoded": [len(rows) for rows in ids.values()]}
    print(json.dumps(row))
    if "--record" in sys.argv[1:]:
        RECORD.write_text(json.dumps(row) + "\n")


def measure(model: MemDeepSC, ids: Tensor) -> float:
    """Milliseconds forward and backward."""
    began = time.perf_counter()
    model.encode(ids).square().mean().backward()
    return 1e3 * (time.perf_counter() - began)


if __name__ == "__main__":
    main()
