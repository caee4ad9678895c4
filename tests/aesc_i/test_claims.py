"""The ledger's file of AESC-I: it can be judged from the tables that are made, can say no, and says why where it does."""

import re
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest

from semcom_lib import draws, paths
from semcom_lib.ledger import claims
from semcom_lib.ledger.reference import load_reference
from semcom_lib.ledger.verdicts import NOT_REPRODUCED

CLAIMS = {claim.claim: claim for claim in load_reference("aesc_i").claims}
RATIOS = {"digits": {4: (196, 1), 8: (98, 1), 20: (40, 1)}, "pictures": {3: (32, 36), 6: (12, 36), 12: (8, 36)}}
PIXELS = {"digits": 784, "pictures": 3072}
JPEG_RATIOS = {4: 4.2, 8: 8.1, 20: 20.3, 3: 2.99, 6: 5.88, 12: 12.6}
METRICS = ("recognition_ratio", "ssim", "psnr", "perceptual")
DIRECT = {"recognition_ratio": 1.0, "ssim": 1.0, "psnr": 100.0, "perceptual": 0.0}
JPEG = {"recognition_ratio": 0.985, "ssim": 0.9, "psnr": 30.0, "perceptual": 0.1}
LOST = {"recognition_ratio": 0.1, "ssim": 0.05, "psnr": 5.0, "perceptual": 0.6}
BOTH_ORDERS = {
    frozenset(pair)
    for pair in (
        ("lpips_better_than_jpeg_ratio_20", "lpips_worse_than_jpeg_awgn"),
        ("lpips_better_than_jpeg_medium_snr_ratio_20", "lpips_worse_than_jpeg_medium_snr_awgn"),
        ("lpips_better_than_jpeg_rayleigh_blocks", "lpips_worse_than_jpeg_rayleigh_blocks"),
        ("lpips_better_than_jpeg_rayleigh_session", "lpips_worse_than_jpeg_rayleigh_session"),
        ("pictures_lpips_worse_than_jpeg_ratio_12", "pictures_lpips_better_than_jpeg_awgn"),
    )
}


def as_in_the_paper(system, ratio, metric):
    """AESC-I at its error-free end: recognised better, pixels worse, LPIPS better but for two ratios of pictures."""
    gain = {"recognition_ratio": 0.01, "ssim": -0.2, "psnr": -10.0, "perceptual": 0.05 if ratio in (3, 6) else -0.05}
    return JPEG[metric] + (gain[metric] if system == "aesc" else 0)


def the_contrary(system, ratio, metric):
    """AESC-I recognised worse, the more the smaller the ratio, pixels better, LPIPS the other way round."""
    gain = {"recognition_ratio": -0.1 - 1 / ratio, "ssim": 0.05, "psnr": 5.0}
    gain["perceptual"] = -0.05 if ratio in (3, 6) else 0.05
    return JPEG[metric] + (gain[metric] if system == "aesc" else 0)


def write(name, rows, columns, *, drawn=False):
    """One table, with draws where it has them: all rows have the same luck."""
    table = pd.DataFrame(rows, columns=columns)
    if drawn:
        made = table.value.to_numpy()[:, None] + 1e-3 * np.linspace(-1, 1, 40)
        table["low"], table["high"] = draws.interval(made)
        draws.write_draws("aesc_i", name, made)
    table.to_csv(paths.RESULTS / "aesc_i" / f"{name}.csv", index=False)


def lay(images, end, *, softer, settled, alike=0.0):
    """The tables of an image set in which every system ends at ``end`` and AESC-I's cliff is ``softer`` or harder by one."""
    codes = [(system, ratio) for system in ("aesc", "jpeg") for ratio in RATIOS[images]]
    ends = {(*code, metric): end(*code, metric) for code in codes for metric in METRICS}
    ends |= {("direct", 1, metric): DIRECT[metric] for metric in METRICS}
    write(
        f"no_channel_{images}",
        [(*key, end) for key, end in ends.items()],
        ["system", "ratio", "metric", "value"],
        drawn=True,
    )
    sent, lost = [], []
    for (system, ratio, metric), channel, spread in product(ends, ("awgn", "rayleigh"), ("blocks", "session")):
        low = LOST[metric] + (alike if system == "aesc" else 0)
        for snr_db in (-2, 0, 1.5, 2, 2.5) if channel == "awgn" else (0, 8, 12, 20):
            value = low if snr_db <= 0 else ends[system, ratio, metric]
            sent.append((channel, spread, system, ratio, snr_db, metric, value))
    write(
        f"transmission_{images}",
        sent,
        ["channel", "spread", "system", "ratio", "snr_db", "metric", "value"],
        drawn=True,
    )
    for (system, ratio), metric in product(codes, ("width_db", "relative", "width_decades")):
        for spread in (None,) if metric == "width_decades" else ("blocks", "session"):
            value = 2 + (softer if system == "aesc" else 0)
            lost.append((system, ratio, "awgn" if spread else "bsc", spread, metric, value))
    write(f"cliffs_{images}", lost, ["system", "ratio", "channel", "spread", "metric", "value"], drawn=True)
    pixels = PIXELS[images]
    uses = [("direct", 1, "image", 8 * pixels, pixels)]
    for ratio, (z_dims, size) in RATIOS[images].items():
        uses.append(("aesc", ratio, "image", 8 * z_dims * size, z_dims * size))
        uses.append(("aesc", ratio, "decoder", 1e5, 1e4))
        uses.append(("jpeg", ratio, "image", 8 * pixels / JPEG_RATIOS[ratio], None))
    write(f"channel_uses_{images}", uses, ["system", "ratio", "part", "bits", "numbers"])
    trained = [
        (z_dims, epoch, 1 + settled * (1 - epoch), 1 + settled * (1 - epoch))
        for (z_dims, _), epoch in product(RATIOS[images].values(), (0.5, 1.0, 1.5))
    ]
    write(f"training_{images}", trained, ["z_dims", "epoch", "validation_pixel", "validation_semantic"])
    parts = {"pixel": 0.1 if settled > 0 else 0.5, "semantic": 0.3}
    ended = [
        (z_dims, 0.5, part, 0.99 if settled > 0 else 0.9, rises)
        for (z_dims, _), (part, rises) in product(RATIOS[images].values(), parts.items())
    ]
    write(f"converged_{images}", ended, ["z_dims", "gamma", "part", "value", "rises"])


@pytest.fixture
def judged(monkeypatch, tmp_path):
    """(options of lay) -> {claim: verdict}, from made-up tables that have all the columns asked for."""

    def judged(*options, **others):
        monkeypatch.setattr(paths, "RESULTS", tmp_path)
        (tmp_path / "aesc_i").mkdir(exist_ok=True)
        for images in RATIOS:
            lay(images, *options, **others)
        ledger = claims.judge("aesc_i", profile="test", data="none")
        return dict(zip(ledger.claim, ledger.verdict, strict=True))

    return judged


def having(verdicts, verdict):
    return {claim for claim, found in verdicts.items() if found == verdict}


def test_where_all_is_as_the_paper_says_only_what_it_denies_itself_is_not_reproduced(judged):
    verdicts = judged(as_in_the_paper, softer=1, settled=0.1)
    arithmetic = {"aesc_ratio_6", "aesc_ratio_12", "jpeg_quality_60_is_ratio_12"}  # 7.11, 10.67 and 12.6
    orders = {claim for claim in set.union(*map(set, BOTH_ORDERS)) if "worse" in claim}
    assert having(verdicts, NOT_REPRODUCED) == arithmetic | orders
    by_construction = {f"aesc_numbers_ratio_{ratio}" for ratio in (3, 4, 8, 20)}
    assert having(verdicts, "holds by construction") == by_construction
    assert having(verdicts, "impossible") == {"aesc_numbers_ratio_6", "aesc_numbers_ratio_12"}
    assert having(verdicts, "out of reach") == {"strips_of_digits_awgn", "strips_of_digits_rayleigh"}
    assert not having(verdicts, "undecided")


def test_where_nothing_is_as_the_paper_says_nothing_of_it_is_reproduced(judged):
    verdicts = judged(the_contrary, softer=-1, settled=-0.1, alike=0.2)
    bits = {claim for claim in verdicts if re.search("quality_.*_is_ratio|aesc_ratio", claim)}
    orders = {claim for claim in set.union(*map(set, BOTH_ORDERS)) if "worse" in claim}
    low = {"ssim_very_low_at_low_snr"}  # 0.25
    cliffs = {claim for claim in verdicts if "fall_off_a_cliff" in claim}
    jpeg = {claim for claim in verdicts if claim.startswith("jpeg_recognition_reaches")}
    kept = {claim for claim in orders if not claim.startswith("pictures_lpips_worse")} | low | cliffs | jpeg
    assert having(verdicts, "reproduced") - bits == kept | {"pictures_lpips_worse_than_jpeg_ratio_12"}


def test_a_softer_cliff_is_no_matter_of_a_higher_end(judged):
    for end in (as_in_the_paper, the_contrary):
        for softer, verdict in ((1, "reproduced"), (-1, NOT_REPRODUCED)):
            verdicts = judged(end, softer=softer, settled=0.1)
            relative = [claim for claim in verdicts if re.match("softer_cliff|key_parts", claim)]
            assert len(relative) == 5
            assert {verdicts[claim] for claim in relative} == {verdict}


def rows(claim, side):
    """The rows that a claim takes for one side, as it says so itself."""
    return (claim.table, claim.column, claim.measure), frozenset(map(str, getattr(claim, side) + claim.where))


def exclude_each_other(one, other):
    """Do both ask the same rows for numbers that no number is?"""
    if one.out_of_reach or any(rows(one, side) != rows(other, side) for side in ("of", "than")):
        return False
    low, high = max(one.expect.low, other.expect.low), min(one.expect.high, other.expect.high)
    return low > high or (low == high and one.expect.open_low | other.expect.open_low)


def test_claims_of_which_only_one_can_hold_name_each_other():
    titles = {key: exhibit.title.split(":")[0] for key, exhibit in load_reference("aesc_i").exhibits.items()}
    said = {f"{titles[claim.exhibit]}, {claim.title}": claim.claim for claim in CLAIMS.values()}
    assert len(said) == len(CLAIMS)
    named = set()
    for claim in CLAIMS.values():
        if match := re.search(r"Excludes: (.*)\.$", claim.note or ""):
            named |= {(claim.claim, said[other]) for other in match[1].split("; ")}
    assert {frozenset(pair) for pair in named} == BOTH_ORDERS
    assert named == {(other, one) for one, other in named}
    assert {
        frozenset((one.claim, other.claim))
        for one, other in combinations(CLAIMS.values(), 2)
        if exclude_each_other(one, other)
    } == BOTH_ORDERS


def test_every_claim_that_is_not_reproduced_has_a_cause():
    ledger = pd.read_csv(paths.REPORTS / "aesc_i" / "claims.csv")
    assert set(ledger.claim) == set(CLAIMS), "the ledger is of another file: judge again"
    failed = ledger.claim[ledger.verdict == NOT_REPRODUCED]
    assert [claim for claim in failed if not CLAIMS[claim].cause] == []


def test_statements_on_high_snr_are_judged_without_errors_and_all_that_has_draws_by_the_whole_interval():
    with_draws = ("no_channel", "transmission", "cliffs")
    for claim in CLAIMS.values():
        assert claim.certain == claim.table.startswith(with_draws), claim.claim
        alone = claim.claim.endswith("_snr_awgn") or "rayleigh" in claim.claim or "cliff" in claim.claim
        if claim.table.startswith("transmission") and not alone:
            assert re.search("medium_snr|low_snr", claim.claim), claim.claim
