"""A story as the receiver's memory holds it: its sentences, and how much the question looks at each."""

import textwrap

import pandas as pd
from matplotlib.figure import Figure

from semcom_lib import figures

_CHARACTERS = 44  # of a sentence before it goes on in the next line


def attention_figure(story: pd.DataFrame, title: str, *, caption: str) -> Figure:
    """Sentences below one another in the order in which they were said, a column an SNR, the darker the more attention.

    ``story`` has the columns snr_db, number, sentence, supporting and attention (0..1); supporting sentences have a star.
    """
    weights = story.pivot(index="number", columns="snr_db", values="attention")
    said = story.drop_duplicates("number").set_index("number").loc[weights.index]
    labels = [
        f"{'★ ' if row.supporting else ''}{textwrap.fill(row.sentence, _CHARACTERS)}" for row in said.itertuples()
    ]
    figure, (axes,) = figures.new(caption, size=(7.2, 1.9 + 0.34 * len(labels)))
    axes.imshow(weights.to_numpy(), cmap="Greys", vmin=0, vmax=max(0.5, weights.to_numpy().max()), aspect="auto")
    for row, values in enumerate(weights.to_numpy()):
        for column, weight in enumerate(values):
            axes.text(
                column,
                row,
                f"{weight:.2f}",
                ha="center",
                va="center",
                fontsize="small",
                color="white" if weight > 0.3 else "0.2",
            )
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xticks(range(weights.shape[1]), [f"{snr_db:g}" for snr_db in weights.columns])
    axes.set(title=title, xlabel=figures.LABELS["snr_db"])
    axes.grid(False)
    return figure
