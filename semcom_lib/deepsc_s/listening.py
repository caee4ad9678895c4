"""Clips to listen to and to look at: the players and spectrograms of a notebook, equal bytes every time.

Sound is shown as FLAC of 16 bits, lossless and without a date; a clip of 16,384 samples takes about 25 kB.
"""

import base64
import io
import textwrap
from collections.abc import Mapping
from html import escape

import matplotlib.pyplot as plt
import numpy as np
import soundfile
from matplotlib.figure import Figure
from scipy.signal import stft

from semcom_lib import figures

DYNAMIC_RANGE_DB = 70.0
FRAME_S = 0.032
LABEL_LETTERS = 22  # of a line


def flac(samples: np.ndarray, rate_hz: int) -> bytes:
    """int16 (num_samples,) as the bytes of a FLAC file."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate_hz, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


class Players:
    """Audio players as a table of a notebook: {row: {column: int16 (num_samples,)}}; the sound is in the notebook itself."""

    def __init__(self, rows: Mapping[str, Mapping[str, np.ndarray]], rate_hz: int) -> None:
        self._rows, self._rate_hz = rows, rate_hz
        self._columns = list(dict.fromkeys(column for row in rows.values() for column in row))

    def __repr__(self) -> str:
        return f"players of {', '.join(self._rows)} at {', '.join(self._columns)}"

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(column)}</th>" for column in ["", *self._columns])
        body = "".join(
            f"<tr><th>{escape(name)}</th>{''.join(self._cell(row.get(column)) for column in self._columns)}</tr>"
            for name, row in self._rows.items()
        )
        return f"<table><tr>{head}</tr>{body}</table>"

    def _cell(self, samples: np.ndarray | None) -> str:
        if samples is None:
            return "<td></td>"
        sound = base64.b64encode(flac(samples, self._rate_hz)).decode("ascii")
        return f'<td><audio controls preload="none" src="data:audio/flac;base64,{sound}"></audio></td>'


def spectrograms(rows: Mapping[str, Mapping[str, np.ndarray]], rate_hz: int, *, title: str, caption: str) -> Figure:
    """The short-time spectra of {row: {column: int16 (num_samples,)}}, in dB below the loudest bin of the first of them.

    A row fills from the left; its columns are named where they are not those of the row above.
    """
    width = max(map(len, rows.values()))
    figures.use_style()
    figure, axes = plt.subplots(
        len(rows),
        width,
        figsize=(2.9 * width + 1.6, 1.6 * len(rows) + 1.0),
        squeeze=False,
        sharex=True,
        sharey=True,
        layout="constrained",
    )
    top_db, above = None, None
    for row_axes, (name, row) in zip(axes, rows.items(), strict=True):
        for ax in row_axes[len(row) :]:
            ax.set_axis_off()
        for ax, (column, samples) in zip(row_axes, row.items(), strict=False):
            ax.grid(False)
            frequencies, times, power_db = spectrum_db(samples, rate_hz)
            top_db = power_db.max() if top_db is None else top_db
            ax.pcolormesh(
                times,
                frequencies / 1_000,
                power_db,
                vmin=top_db - DYNAMIC_RANGE_DB,
                vmax=top_db,
                cmap="magma",
                rasterized=True,
            )
            if list(row) != above:
                ax.set_title(column, fontsize="small")
        above = list(row)
        row_axes[0].set_ylabel(f"{textwrap.fill(name, LABEL_LETTERS)}\n(kHz)", fontsize="x-small")
    for ax in axes[-1]:
        ax.set_xlabel("s")
    figure.suptitle(title)
    figure.supxlabel(caption, fontsize="x-small", color="0.35")
    return figure


def spectrum_db(samples: np.ndarray, rate_hz: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frequencies in Hz (bins,), times in s (frames,), power in dB of full scale (bins, frames), at least -160 dB."""
    length = round(FRAME_S * rate_hz)
    frequencies, times, z = stft(samples / 32_768, rate_hz, nperseg=length, noverlap=length - length // 4)
    return frequencies, times, 20 * np.log10(np.maximum(np.abs(z), 1e-8))
