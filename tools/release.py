"""Release trained weights: python tools/release.py NAME packs checkpoints/ into pretrained/NAME.

A release is small (at most 4 MB), comes with its vocabulary and is read by ``semcom_lib.pretrained.load``. Afterwards write or
update its model card, pretrained/NAME/README.md, and run benchmarks/pretrained.py --record.
"""

import sys

from semcom_lib import paths, pretrained, tables
from semcom_lib.deepsc_s import release as deepsc_s
from semcom_lib.deepsc_s.settings import SETTINGS
from semcom_lib.deepsc_s.trained import load_model as load_speech_model
from semcom_lib.digital_sc import release as digital_sc
from semcom_lib.digital_sc.trained import load_policy, load_split
from semcom_lib.l_deepsc import release as l_deepsc
from semcom_lib.l_deepsc.trained import refiner_file, system_file
from semcom_lib.l_deepsc.transceiver import load_transceiver
from semcom_lib.mem_deepsc import release as mem_deepsc
from semcom_lib.mem_deepsc.corpus import Corpus as Stories
from semcom_lib.mem_deepsc.trained import load_model
from semcom_lib.physical_layer import adnet
from semcom_lib.sources.cifar10 import CLASSES
from semcom_lib.sources.text import Corpus

MAX_BYTES = 4_000_000


def l_deepsc_rician_refined() -> tuple[str, dict, dict]:
    """L-DeepSC over Rician fading with refined CSI, the system of Fig. 8, with 8 bits a weight."""
    vocabulary = Corpus(paths.DATA / "l_deepsc").vocabulary
    folder = paths.CHECKPOINTS / "l_deepsc" / "fading"
    model = load_transceiver(system_file(folder, "rician", "refined"), vocabulary)
    refiner = adnet.load_adnet(refiner_file(folder, "rician"))
    settings = {"bits": 8, "kind": "refined", "num_pilots": 1, "k_factor": 2.0}
    return "l_deepsc", *l_deepsc.packed(model, vocabulary, refiner, **settings)


def mem_deepsc_rician() -> tuple[str, dict, dict]:
    """Mem-DeepSC over Rician fading with perfect CSI, 32 symbols a sentence, the system of Fig. 5, as it is."""
    stories = Stories(paths.DATA / "mem_deepsc")
    model = load_model(stories, "joint_rician_memory")
    return "mem_deepsc", *mem_deepsc.packed(model, stories.words, stories.answers, k_factor=2.0)


def deepsc_s_telephone() -> tuple[str, dict, dict]:
    """DeepSC-S for telephone speech, the robust system of Figs. 8 and 9, as it is."""
    robust = tables.read_table("deepsc_s", "robust").trained.iloc[0]
    model = load_speech_model("telephone", "deepsc_s", robust)
    return "deepsc_s", *deepsc_s.packed(model, rate_hz=SETTINGS["telephone"].rate_hz, k_factor=2.0)


def digital_sc_cifar10() -> tuple[str, dict, dict]:
    """Digital-SC with its policy, the system of Figs. 7 and 9, as it is."""
    policy, splits = load_policy("policy")
    models = [load_split(f"splits/split_{split}") for split in splits]
    return "digital_sc", *digital_sc.packed(models, policy, CLASSES)


RELEASES = {
    make.__name__: make for make in (l_deepsc_rician_refined, mem_deepsc_rician, deepsc_s_telephone, digital_sc_cifar10)
}


def main(argv: list[str]) -> int:
    if len(argv) != 1 or argv[0] not in RELEASES:
        print(f"usage: python tools/release.py NAME, one of: {', '.join(RELEASES)}", file=sys.stderr)
        return 2
    paper, files, settings = RELEASES[argv[0]]()
    size = sum(map(len, files.values()))
    if size > MAX_BYTES:
        print(f"error: {argv[0]} has {size:,} bytes; a release has at most {MAX_BYTES:,}", file=sys.stderr)
        return 1
    print(f"{pretrained.release(argv[0], paper, files, settings)}: {size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
