"""What AESC-I's reports draw beyond the paper: each point is a row of its table, each ring is where AESC-I gets cheaper."""

import numpy as np
import pytest

from semcom_lib.aesc_i import additions
from semcom_lib.aesc_i.additions import Rival

METRICS = ["recognition_ratio", "perceptual"]


def lines(axes):
    """Labelled curves by label."""
    return {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}


def test_gamma_is_drawn_with_the_judge_beside_m_and_the_systems_own_marked(made_up):
    figure = additions.gammas(made_up(ratios=(20,)), caption="")
    recognition, perceptual, psnr = figure.axes
    assert list(lines(recognition)) == ["recognition-rate ratio", "recognition-rate ratio by M", "γ of the system: 0.5"]
    assert lines(recognition)["γ of the system: 0.5"].get_xdata()[0] == 0.5
    assert list(lines(psnr)["PSNR (dB)"].get_xdata()) == [0, 0.25, 0.5, 0.9]
    assert perceptual.get_ylabel() == "feature distance of M"


def test_errors_are_drawn_by_the_part_that_they_hit_jpeg_included(made_up):
    figure = additions.decoder_errors(made_up(ratios=(20,)), METRICS, caption="")
    for axes in figure.axes:
        assert list(lines(axes)) == ["errors in the decoder", "errors in the latents", "errors in JPEG's scans"]
        assert axes.get_xscale() == "log"
        assert [text.get_text() for text in axes.texts] == ["mean image and black image"]


def test_equal_quality_has_every_system_by_both_codes_against_its_bits(made_up):
    results = made_up(ratios=(4, 20))
    recognition, _ = additions.equal_quality(results, METRICS, caption="").axes
    drawn = lines(recognition)
    assert list(drawn) == [
        "AESC-I, a fixed number of bits",
        "AESC-I, entropy-coded",
        "JPEG, standard tables",
        "JPEG, own tables",
        "AESC-I without semantic loss, a fixed number of bits",
        "AESC-I without semantic loss, entropy-coded",
    ]
    np.testing.assert_allclose(drawn["AESC-I, entropy-coded"].get_xdata(), [0.8 * 6272 / 20, 0.8 * 6272 / 4])
    assert (np.diff(drawn["JPEG, own tables"].get_xdata()) > 0).all()
    assert [text.get_text() for text in recognition.texts] == ["ratio 4", "ratio 20"]
    labels = [label.get_text() for label in recognition.get_xticklabels()]
    assert not any("10^" in label for label in labels)


def test_a_ring_is_where_the_decoder_has_paid_and_none_where_it_never_does(made_up):
    results = made_up(ratios=(4, 20))
    for axes, code in zip(additions.decoder_share(results, 20, METRICS, caption="").axes, additions.CODES, strict=True):
        rings = [line for line in axes.lines if line.get_marker() == "o"]
        rivals = additions.rivals(results, 20, code, METRICS)
        decoder, latents = additions.aesc_bits(results, 20, code)
        assert len(rings) == sum(rival.bits > latents for rival in rivals)
        for ring in rings:
            (images,), (bits,) = ring.get_data()
            assert latents + decoder / images < bits <= latents + decoder / (images - 1)
        (ours,) = [line for name, line in lines(axes).items() if name.startswith("AESC-I")]
        np.testing.assert_allclose(ours.get_ydata(), latents + decoder / ours.get_xdata())


def test_what_costs_less_than_the_latents_is_never_beaten(made_up):
    results = made_up(ratios=(20,))
    _, latents = additions.aesc_bits(results, 20, "fixed")
    assert additions.pays_from(results, 20, "fixed", Rival("cheap", latents)) is None
    assert additions.pays_from(results, 20, "fixed", Rival("dear", latents + 70000)) == 2


@pytest.mark.parametrize(("aesc", "there"), [(0.5, False), (0.9, True), (1.5, False)])
def test_a_rival_of_equal_quality_exists_only_where_jpeg_reaches_it(made_up, aesc, there):
    results = made_up(ratios=(20,))
    rows = results.quality
    rows.loc[(rows.system == "aesc") & (rows.metric == "recognition_ratio"), "value"] = aesc
    words = [rival.words for rival in additions.rivals(results, 20, "entropy", ["recognition_ratio"])]
    assert words[0] == "direct transmission"
    assert ("JPEG at equal recognition-rate ratio" in words) == there
