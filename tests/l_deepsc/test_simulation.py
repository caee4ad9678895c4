"""Rounds of the distributed system: every scripted incident happens, is mended as it should be, noted and counted."""

from functools import cache

import pytest
import torch

from semcom_lib import seeds
from semcom_lib.compression.pruning import magnitude_masks
from semcom_lib.l_deepsc.distributed.cloud import Cloud
from semcom_lib.l_deepsc.distributed.device import Device
from semcom_lib.l_deepsc.distributed.downlink import Downlink
from semcom_lib.l_deepsc.distributed.simulation import Script, Simulation
from semcom_lib.l_deepsc.transceiver import DeepSC, DeepSCSizes
from semcom_lib.physical_layer.equalised_link import EqualisedLink, csi_of_kind
from semcom_lib.physical_layer.fading import Rician
from semcom_lib.sources.text import Vocabulary

SIZES = DeepSCSizes(width=16, heads=2, layers=1, feed_forward=16, channel_encoder=16, channel_decoder=16)
VOCABULARY = Vocabulary([f"word{i}" for i in range(30)])
AGREED = [[4, 5, 6, 7], [8, 9, 10]]
CAPTURED = [" ".join(VOCABULARY.words[4 + i : 8 + i + i % 3]) for i in range(8)]
LINK = EqualisedLink(Rician(2.0), csi_of_kind("rough", 2, None))
ALL_BITS = 0.02  # so many that no packet survives


@cache
def model():
    with seeds.initialising(1, "simulation"):
        return DeepSC(len(VOCABULARY), SIZES).eval()


def make(missed=(), damaged=(), *, devices=2, kept_versions=2, agreed=AGREED):
    cloud = Cloud(model(), magnitude_masks(model(), 0.5), 8, kept_versions=kept_versions)
    fleet = [Device(number, len(VOCABULARY), SIZES, None) for number in range(devices)]
    script = Script(missed, damaged, ALL_BITS)
    return Simulation(cloud, fleet, VOCABULARY, agreed, CAPTURED, LINK, 12.0, Downlink(1000.0, 2.0), script, seed=1)


def played(simulation, rounds):
    return [simulation.play(number) for number in range(1, rounds + 1)]


def incidents(simulation):
    return [(row["round"], row["device"], row["incident"]) for row in simulation.incidents]


def test_without_incidents_every_device_is_up_to_date_and_every_upload_decoded():
    simulation = make()
    (first, collected), (second, _) = played(simulation, 2)
    assert simulation.incidents == []
    assert (first["packet"], second["packet"]) == ("full", "delta")
    for row in (first, second):
        assert (row["uploads"], row["rejected_uploads"], row["devices_updated"], row["repair_bytes"]) == (2, 0, 2, 0)
        assert row["trials"] == len(CAPTURED)
    assert sorted(collected.references) == sorted(CAPTURED)
    assert [len(features) for features in collected.features] == [2, 2]


def test_a_round_costs_what_is_sent():
    simulation = make()
    (row, _), _ = played(simulation, 2)
    assert row["packet_bytes"] == row["full_bytes"] == row["downlink_bytes"]
    assert row["latency_s"] == 8 * row["downlink_bytes"] / (1000.0 * 2.0)
    assert row["float32_bytes"] == 4 * sum(p.numel() for p in model().transmitter.parameters())
    words = 2 * sum(map(len, AGREED)) + sum(len(sentence.split()) for sentence in CAPTURED)
    pilots, header = 2 * (2 * len(AGREED) + len(CAPTURED)), 2 * 16 * 8 // 2
    assert row["uplink_channel_uses"] == 8 * words + pilots + header


def test_who_missed_a_broadcast_is_decoded_with_its_older_version_and_brings_no_features():
    simulation = make(missed=[[2, 1]])
    _, (row, collected) = played(simulation, 2)
    assert incidents(simulation) == [(2, 1, "missed"), (2, 1, "older version")]
    assert simulation.incidents[-1]["what"] == "decoded by the receiver of version 1"
    assert (row["devices_updated"], row["rejected_uploads"], row["trials"]) == (1, 0, len(CAPTURED))
    assert len(collected.features) == 1


def test_at_the_next_delta_it_asks_for_a_full_packet():
    simulation = make(missed=[[2, 1]])
    *_, (row, _) = played(simulation, 3)
    assert incidents(simulation)[2:] == [(3, 1, "WrongBase"), (3, 1, "mended")]
    assert simulation.incidents[2]["what"].endswith("asks for: full")
    assert row["repair_bytes"] == row["full_bytes"]
    assert row["downlink_bytes"] == row["packet_bytes"] + row["full_bytes"]
    assert row["devices_updated"] == 2


def test_a_damaged_copy_is_repeated():
    simulation = make(damaged=[[2, 0]])
    _, (row, _) = played(simulation, 2)
    assert incidents(simulation) == [(2, 0, "DamagedPacket"), (2, 0, "mended")]
    assert simulation.incidents[0]["what"].endswith("asks for: repeat")
    assert row["packet"] == "delta"
    assert row["repair_bytes"] == row["packet_bytes"]
    assert row["devices_updated"] == 2


def test_a_damaged_copy_for_a_device_that_missed_the_one_before_costs_both_repairs():
    simulation = make(missed=[[2, 0]], damaged=[[3, 0]])
    *_, (row, _) = played(simulation, 3)
    assert incidents(simulation)[2:] == [(3, 0, "DamagedPacket"), (3, 0, "WrongBase"), (3, 0, "mended")]
    assert row["repair_bytes"] == row["packet_bytes"] + row["full_bytes"]
    assert row["devices_updated"] == 2


def test_whose_version_is_gone_is_rejected_counted_and_not_measured():
    simulation = make(missed=[[2, 1], [3, 1]])
    *_, (row, collected) = played(simulation, 3)
    assert incidents(simulation)[2:] == [(3, 1, "missed"), (3, 1, "UnknownVersion")]
    assert simulation.incidents[-1]["what"].endswith("not decoded")
    assert (row["uploads"], row["rejected_uploads"], row["trials"]) == (2, 1, len(CAPTURED) // 2)
    assert collected.references == CAPTURED[::2]


def test_who_missed_the_first_broadcast_has_nothing_to_upload_with_until_the_next():
    simulation = make(missed=[[1, 1]])
    (first, _), (second, _) = played(simulation, 2)
    assert incidents(simulation) == [(1, 1, "missed"), (1, 1, "no model"), (2, 1, "WrongBase"), (2, 1, "mended")]
    assert (first["uploads"], first["trials"], second["uploads"]) == (1, len(CAPTURED) // 2, 2)


def test_a_round_that_nobody_is_heard_in_has_no_bleu():
    simulation = make(missed=[[1, 0], [1, 1]])
    ((row, collected),) = played(simulation, 1)
    assert (row["trials"], row["uplink_channel_uses"], collected.features) == (0, 0, [])
    assert row["value"] != row["value"]  # NaN
    assert list(row)[2:7] == ["metric", "value", "low", "high", "trials"]


def test_rounds_differ_by_the_models_alone():
    """The same model again: the same fades, noise and words."""
    (first, one), (second, two) = played(make(), 2)
    assert one.hypotheses == two.hypotheses
    assert (first["value"], first["low"], first["high"]) == (second["value"], second["low"], second["high"])
    for before, after in zip(one.features, two.features, strict=True):
        assert all(torch.equal(x, y) for x, y in zip(before, after, strict=True))


def test_devices_have_fades_of_their_own():
    ((_, collected),) = played(make(), 1)
    assert not torch.equal(collected.features[0][0], collected.features[1][0])


def test_the_agreed_sentences_are_not_measured():
    ((_, collected),) = played(make(agreed=[[4, 5], [6, 7], [8, 9]]), 1)
    assert len(collected.hypotheses) == len(collected.references) == len(CAPTURED)
    assert [len(features) for features in collected.features] == [3, 3]


@pytest.mark.parametrize("script", [{"missed": [[2, 2]]}, {"damaged": [[0, 1]]}])
def test_a_script_of_devices_and_rounds_that_cannot_be_is_refused(script):
    with pytest.raises(ValueError, match=r"script has round \d, device \d: rounds are >= 1, devices \[0, 1\]"):
        make(**script)
