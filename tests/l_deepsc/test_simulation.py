"""Rounds of the distributed system: every scripted incident happens, is mended as it should be, noted and counted."""

import math

import numpy as np
import pytest
import torch

from semcom_lib.compression.pruning import magnitude_masks
from semcom_lib.l_deepsc.distributed import transport
from semcom_lib.l_deepsc.distributed.cloud import Cloud
from semcom_lib.l_deepsc.distributed.device import Device
from semcom_lib.l_deepsc.distributed.links import Downlink, best_with_repeats
from semcom_lib.l_deepsc.distributed.simulation import Script, Simulation
from semcom_lib.l_deepsc.transmission import features_of
from semcom_lib.physical_layer.csi import Csi
from semcom_lib.physical_layer.equalised_link import EqualisedLink
from semcom_lib.physical_layer.fading import Rician

from .conftest import VOCABULARY, random_sentences

AGREED = [[4, 5, 6, 7], [8, 9, 10], [11, 12], [4, 9, 13]]
HELD_OUT = [[5, 6], [7, 8, 9], [10, 4, 11]]
CAPTURED = [VOCABULARY.decode(ids) for ids in random_sentences(8, "captured")]
LINK = EqualisedLink(Rician(2.0), Csi("rough", 2))
CONTROL = best_with_repeats(12.0, 2.0)
HEARD_BADLY = 3e-3


@pytest.fixture
def make(trained):
    """A simulation of the trained transceiver, 8 bits a weight, with incidents."""

    def make(missed=(), damaged=(), *, agreed=AGREED, snr_db=12.0, bit_error_rate=0.0):
        cloud = Cloud(trained, magnitude_masks(trained, 0.0), 8, kept_versions=2)
        fleet = [Device.of(trained, number) for number in range(2)]
        script, downlink = Script(missed, damaged, HEARD_BADLY), Downlink(1000.0, 10.0, bit_error_rate, 500)
        return Simulation(
            cloud, fleet, VOCABULARY, agreed, HELD_OUT, CAPTURED, LINK, snr_db, downlink, CONTROL, script, seed=1
        )

    return make


def sentences(heard):
    return [ids for ids, _ in heard]


def symbols(heard):
    return [x_hat for _, x_hat in heard]


def played(simulation, rounds):
    return [simulation.play(number, simulation.cloud.publish()) for number in range(1, rounds + 1)]


def incidents(simulation):
    return [(row["round"], row["device"], row["incident"]) for row in simulation.incidents]


def test_without_incidents_every_device_is_up_to_date_and_every_upload_decoded(make):
    simulation = make()
    (first, collected), (second, _) = played(simulation, 2)
    assert simulation.incidents == []
    assert (first["packet"], second["packet"]) == ("full", "delta")
    for row in (first, second):
        assert (row["uploads"], row["rejected_uploads"], row["devices_updated"], row["repair_bytes"]) == (2, 0, 2, 0)
        assert row["trials"] == len(CAPTURED)
    assert sorted(collected.references) == sorted(CAPTURED)
    assert sentences(collected.agreed) == AGREED[::2] + AGREED[1::2]
    assert sentences(collected.held_out) == HELD_OUT[::2] + HELD_OUT[1::2]
    assert all(len(x_hat) == 8 * len(ids) for ids, x_hat in collected.agreed + collected.held_out)


def test_what_the_cloud_decodes_is_what_the_devices_captured(make):
    ((row, collected),) = played(make(snr_db=40.0), 1)
    same = [s == s_hat for s, s_hat in zip(collected.references, collected.hypotheses, strict=True)]
    assert sum(same) >= len(CAPTURED) - 1
    assert row["value"] > 0.95
    ((noisy, _),) = played(make(snr_db=-10.0), 1)
    assert noisy["value"] < 0.7


def test_known_sentences_come_with_their_own_symbols(make):
    simulation = make(snr_db=100.0)
    ((_, collected),) = played(simulation, 1)
    for heard in (collected.agreed, collected.held_out):
        sent = features_of(simulation.cloud.published.transceiver.transmitter, sentences(heard))
        for x, x_hat in zip(sent, symbols(heard), strict=True):
            torch.testing.assert_close(x, x_hat, rtol=1e-3, atol=1e-3)


def test_a_round_costs_what_is_sent(make):
    simulation = make()
    (row, _), _ = played(simulation, 2)
    blocks = math.ceil(8 * row["packet_bytes"] / 500)
    assert row["packet_bytes"] == row["full_bytes"]
    assert row["blocks"] == row["blocks_sent"] == blocks
    assert row["downlink_s"] == 524 * blocks / (1000.0 * 2.0)
    assert row["feedback_bits"] == 2 * blocks
    assert row["float32_bytes"] == 4 * sum(p.numel() for p in simulation.cloud.model.transmitter.parameters())
    words = sum(map(len, AGREED + HELD_OUT)) + sum(len(sentence.split()) for sentence in CAPTURED)
    pilots, header = 2 * (len(AGREED) + len(HELD_OUT) + len(CAPTURED)), 2 * math.ceil(128 / CONTROL.goodput)
    answers = math.ceil(row["feedback_bits"] / CONTROL.goodput)
    assert row["uplink_channel_uses"] == 8 * words + pilots + header + answers
    assert row["uplink_s"] == row["uplink_channel_uses"] / 1000.0


def test_a_round_without_a_packet_costs_the_uplink_alone(make):
    simulation = make(missed=[[2, 0]])
    first, _ = simulation.play(1, simulation.cloud.publish())
    row, collected = simulation.play(2, None)
    assert simulation.incidents == []
    assert (row["packet"], row["packet_bytes"], row["blocks_sent"], row["downlink_s"], row["version"]) == (
        "none",
        0,
        0,
        0,
        1,
    )
    assert (row["devices_updated"], len(collected.agreed)) == (2, 4)
    assert row["uplink_channel_uses"] == first["uplink_channel_uses"] - math.ceil(
        first["feedback_bits"] / CONTROL.goodput
    )


def test_bit_errors_repeat_blocks_and_bring_every_device_the_very_model(make):
    simulation = make(bit_error_rate=1e-4)
    _, (row, _) = played(simulation, 2)
    assert row["blocks_sent"] > row["blocks"]
    assert row["repair_bytes"] == 0
    assert {device.packed for device in simulation.fleet} == {simulation.cloud.published.packed}


def test_who_missed_a_broadcast_is_decoded_with_its_older_version_and_brings_no_features(make):
    simulation = make(missed=[[2, 1]])
    _, (row, collected) = played(simulation, 2)
    assert incidents(simulation) == [(2, 1, "missed"), (2, 1, "older version")]
    assert simulation.incidents[-1]["what"] == "decoded by the receiver of version 1"
    assert (row["devices_updated"], row["rejected_uploads"], row["trials"]) == (1, 0, len(CAPTURED))
    assert (sentences(collected.agreed), sentences(collected.held_out)) == (AGREED[::2], HELD_OUT[::2])


def test_at_the_next_delta_it_asks_for_a_full_packet(make):
    simulation = make(missed=[[2, 1]])
    *_, (row, _) = played(simulation, 3)
    assert incidents(simulation)[2:] == [(3, 1, "WrongBase"), (3, 1, "mended")]
    assert simulation.incidents[2]["what"].endswith("asks for: full")
    assert row["repair_bytes"] == row["full_bytes"]
    assert row["blocks"] == math.ceil(8 * row["packet_bytes"] / 500) + math.ceil(8 * row["full_bytes"] / 500)
    assert row["devices_updated"] == 2


def test_who_hears_badly_gets_its_blocks_again_and_needs_no_packet_of_its_own(make):
    simulation = make(damaged=[[2, 0]])
    _, (row, _) = played(simulation, 2)
    assert incidents(simulation) == [(2, 0, "damaged blocks")]
    damaged = row["blocks_sent"] - row["blocks"]
    assert damaged > 0
    assert simulation.incidents[0]["what"].startswith(f"its {row['blocks']} blocks came wrong {damaged} times")
    assert (row["packet"], row["repair_bytes"], row["devices_updated"]) == ("delta", 0, 2)


def test_an_error_that_the_blocks_miss_is_found_by_the_packet_which_is_sent_again(make, monkeypatch):
    simulation = make(damaged=[[2, 0]])
    first = simulation.play(1, simulation.cloud.publish())
    monkeypatch.setattr(transport.Crc, "check", lambda self, bits: np.ones(len(bits), bool))
    row, _ = simulation.play(2, simulation.cloud.publish())
    assert incidents(simulation)[1:] == [(2, 0, "DamagedPacket"), (2, 0, "mended")]
    assert simulation.incidents[1]["what"].endswith("asks for: repeat")
    assert row["repair_bytes"] == row["packet_bytes"] < first[0]["packet_bytes"]
    assert row["devices_updated"] == 2


def test_whose_version_is_gone_is_rejected_counted_and_not_measured(make):
    simulation = make(missed=[[2, 1], [3, 1]])
    *_, (row, collected) = played(simulation, 3)
    assert incidents(simulation)[2:] == [(3, 1, "missed"), (3, 1, "UnknownVersion")]
    assert simulation.incidents[-1]["what"].endswith("not decoded")
    assert (row["uploads"], row["rejected_uploads"], row["trials"]) == (2, 1, len(CAPTURED) // 2)
    assert collected.references == CAPTURED[::2]


def test_who_missed_the_first_broadcast_has_nothing_to_upload_with_until_the_next(make):
    simulation = make(missed=[[1, 1]])
    (first, _), (second, _) = played(simulation, 2)
    assert incidents(simulation) == [(1, 1, "missed"), (1, 1, "no model"), (2, 1, "WrongBase"), (2, 1, "mended")]
    assert (first["uploads"], first["trials"], second["uploads"]) == (1, len(CAPTURED) // 2, 2)


def test_a_round_that_nobody_is_heard_in_has_no_bleu(make):
    simulation = make(missed=[[1, 0], [1, 1]])
    ((row, collected),) = played(simulation, 1)
    assert (row["trials"], row["uplink_channel_uses"], collected.agreed) == (0, 0, [])
    assert row["value"] != row["value"]  # NaN
    assert list(row)[2:7] == ["metric", "value", "low", "high", "trials"]


def test_every_round_and_device_has_fades_of_its_own(make):
    """The same model again, the same sentence for both devices."""
    simulation = make(agreed=[[4, 5], [4, 5]])
    first, second = (symbols(collected.agreed) for _, collected in played(simulation, 2))
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first[0], second[0])


def test_two_runs_are_the_same(make):
    (one, first), (two, second) = (played(make(damaged=[[1, 0]]), 1)[0] for _ in range(2))
    assert one == two
    assert first.hypotheses == second.hypotheses


def test_known_sentences_are_not_measured(make):
    ((_, collected),) = played(make(agreed=[[4, 5], [6, 7], [8, 9]]), 1)
    assert len(collected.hypotheses) == len(collected.references) == len(CAPTURED)
    assert (len(collected.agreed), len(collected.held_out)) == (3, len(HELD_OUT))


@pytest.mark.parametrize("script", [{"missed": [[2, 2]]}, {"damaged": [[0, 1]]}])
def test_a_script_of_devices_and_rounds_that_cannot_be_is_refused(make, script):
    with pytest.raises(ValueError, match=r"script has round \d, device \d: rounds are >= 1, devices \[0, 1\]"):
        make(**script)
