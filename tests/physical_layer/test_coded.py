"""A coded chain on its channel: sentences come back in their order, CSI decides how well, pilots are counted."""

import numpy as np
import pytest

from semcom_lib import seeds
from semcom_lib.coding.turbo import TurboCode
from semcom_lib.coding.utf8 import Utf8
from semcom_lib.physical_layer.channels import snr_to_n0
from semcom_lib.physical_layer.coded import Coded, pilots_of
from semcom_lib.physical_layer.csi import KINDS, PILOTED, Csi
from semcom_lib.physical_layer.fading import Rayleigh
from semcom_lib.physical_layer.fitted_link import FittedLink
from semcom_lib.physical_layer.link import Link
from semcom_lib.physical_layer.modulation import Modulation

SENTENCES = ["we must act now", "act", "we act now or later", "now or later we act"]
LINK = Link(Utf8(), TurboCode(64, "1/3", iterations=2), Modulation("qpsk"))


def generator():
    return seeds.torch_generator(1, "channel", 6.0)


@pytest.mark.parametrize("chain", [LINK, FittedLink(Utf8(), lambda num_bits: LINK)], ids=["link", "fitted"])
def test_a_chain_delivers_what_its_link_does_for_what_it_says(chain):
    coded = Coded(chain, Rayleigh())
    assert coded.receive(SENTENCES, 60.0, generator=generator()) == SENTENCES
    sent = chain.send(SENTENCES, Rayleigh(), snr_to_n0(-4.0), generator=generator())
    assert coded.receive(SENTENCES, -4.0, generator=generator()) == sent.items_hat != SENTENCES
    np.testing.assert_array_equal(coded.count_channel_uses(SENTENCES), sent.channel_uses)
    assert sent.channel_uses.tolist() == [204, 102, 306, 306]  # (3 * 64 + 12) / 2 a block of eight letters


def test_a_worse_known_gain_loses_more_sentences():
    said = SENTENCES * 50
    right = [
        sum(
            a == b
            for a, b in zip(Coded(LINK, Rayleigh(), csi).receive(said, 9.0, generator=generator()), said, strict=True)
        )
        for csi in (Csi("perfect"), Csi("rough", 1), Csi("none"))
    ]
    assert right[0] > right[1] > right[2]


def test_pilots_are_counted_where_they_are_spent():
    assert {kind for kind in KINDS if kind in PILOTED} == {"rough", "mmse", "refined"}
    assert [pilots_of(Csi("rough", 3)), pilots_of(Csi("mmse", 2))] == [3, 2]
    assert [pilots_of(Csi("perfect")), pilots_of(Csi("none")), pilots_of(Csi("imperfect", 2, error_variance=0.1))] == [
        0
    ] * 3
    assert Coded(LINK, Rayleigh(), Csi("rough", 3)).pilots == 3
    assert Coded(LINK, Rayleigh()).pilots == 0
