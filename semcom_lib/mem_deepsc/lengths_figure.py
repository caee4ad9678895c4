"""Proposition 2 as a figure: how eq. 15 answers to the channel's noise and to the model's  [mem_deepsc Prop. 2]."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from semcom_lib import figures
from semcom_lib.mem_deepsc.lengths import length_of_codewords, log_num_codewords, required_length

_SNRS_DB = np.linspace(-20, 30, 51)
_MODEL_NOISES = (0.01, 0.1, 1.44, 10.0)  # the paper's among them
_MODEL_RANGE = np.logspace(-6, 3, 55)
_SHOWN_SNRS_DB = (math.inf, 20.0, 10.0, 0.0)
_EVERY = 6  # points to a marker


def lengths_figure(*, mu_max: float, sigma_m2: float, minimum: float, longest: float, caption: str) -> Figure:
    """Eq. 15 against the channel's noise for several of the model, and against the model's for several of the channel  [Prop. 2].

    Left L_1 / L, dotted where it is that of ``longest`` over ``minimum``. Right the lengths of as many codewords as ``minimum``
    symbols tell apart at the paper's ``sigma_m2``, with eq. 16's at the left end.
    """
    figure, (left, right) = figures.new(caption, columns=2, size=(12.0, 4.8))
    n0 = 10 ** (-_SNRS_DB / 10)
    for i, noise in enumerate(_MODEL_NOISES):
        label = f"σ_m² = {noise:g}{', the paper’s' if noise == sigma_m2 else ''}"
        _draw(left, _SNRS_DB, required_length(1.0, n0, mu_max, noise), i, label)
    left.axhline(longest / minimum, color="0.4", linestyle=":", label=f"{longest:g} of {minimum:g} symbols")
    left.set(xlabel=figures.LABELS["snr_db"], ylabel="L₁ / L", yscale="log", title="the channel's noise")
    _note(left, "case 1 →", 0.98, 0.1, "right")
    _note(left, "← case 2", 0.08, 0.93, "left")
    codewords = log_num_codewords(minimum, sigma_m2, mu_max)
    for i, snr_db in enumerate(_SHOWN_SNRS_DB):
        noise = 10 ** (-snr_db / 10)
        label = "L, no channel noise" if noise == 0 else f"L₁ at {snr_db:g} dB"
        _draw(right, _MODEL_RANGE, length_of_codewords(codewords, _MODEL_RANGE + noise, mu_max), i, label)
        if noise:
            right.axhline(
                float(length_of_codewords(codewords, noise, mu_max)), color=figures.PALETTE[i], linestyle=":", zorder=1
            )
    right.axvline(sigma_m2, color="0.4", linestyle=":")
    right.set(xscale="log", yscale="log", xlabel="σ_m²", ylabel="symbols", title="the model's noise, as many codewords")
    _note(right, "← case 3", 0.08, 0.03, "left")
    _note(right, "case 4 →", 0.9, 0.93, "right")
    left.legend(loc="upper right")
    right.legend(loc="upper left")
    return figure


def _draw(axes: Axes, x: np.ndarray, y: np.ndarray, index: int, label: str) -> None:
    look = {"color": figures.PALETTE[index], "marker": figures.MARKERS[index], "markersize": 6}
    axes.plot(x, y, markevery=(index, _EVERY), label=label, **look)


def _note(axes: Axes, words: str, x: float, y: float, side: str) -> None:
    axes.text(x, y, words, transform=axes.transAxes, ha=side, fontsize="small", color="0.3")
