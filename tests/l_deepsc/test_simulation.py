"""Rounds of the distributed system: every scripted incident happens, is mended as it should be, noted and counted."""

import pytest
import torch

from semcom_lib.compression.pruning import magnitude_masks
from semcom_lib.l_deepsc.distributed.cloud import Cloud
from semcom_lib.l_deepsc.distributed.device import Device
from semcom_lib.l_deepsc.distributed.downlink import Downlink
from semcom_lib.l_deepsc.distributed.simulation import Script, Simulation
from semcom_lib.physical_layer.equalised_link import EqualisedLink, csi_of_kind
from semcom_lib.physical_layer.fading import Rician

from .conftest import VOCABULARY, random_sentences

AGREED = [[4, 5, 6, 7], [8, 9, 10]]
CAPTURED = [VOCABULARY.decode(ids) for ids in random_sentences(8, "captured")]
LINK = EqualisedLink(Rician(2.0), csi_of_kind("rough", 2, None))
ALL_BITS = 0.02  # so many that no packet survives


@pytest.fixture
def make(trained):
    """A simulation of the trained transceiver, 8 bits a weight, with incidents."""

    def make(missed=(), damaged=(), *, agreed=AGREED, snr_db=12.0):
        cloud = Cloud(trained, magnitude_masks(trained, 0.0), 8, kept_versions=2)
        fleet = [Device(number, len(VOCABULARY), trained.sizes, None) for number in range(2)]
        script, downlink = Script(missed, damaged, ALL_BITS), Downlink(1000.0, 2.0)
        return Simulation(cloud, fleet, VOCABULARY, agreed, CAPTURED, LINK, snr_db, downlink, script, seed=1)

    return make


def played(simulation, rounds):
    return [simulation.play(number) for number in range(1, rounds + 1)]


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
    assert [len(features) for features in collected.features] == [2, 2]


def test_what_the_cloud_decodes_is_what_the_devices_captured(make):
    ((row, collected),) = played(make(snr_db=40.0), 1)
    same = [s == s_hat for s, s_hat in zip(collected.references, collected.hypotheses, strict=True)]
    assert sum(same) >= len(CAPTURED) - 1
    assert row["value"] > 0.95
    ((noisy, _),) = played(make(snr_db=-10.0), 1)
    assert noisy["value"] < 0.7


def test_a_round_costs_what_is_sent(make):
    simulation = make()
    (row, _), _ = played(simulation, 2)
    assert row["packet_bytes"] == row["full_bytes"] == row["downlink_bytes"]
    assert row["latency_s"] == 8 * row["downlink_bytes"] / (1000.0 * 2.0)
    assert row["float32_bytes"] == 4 * sum(p.numel() for p in simulation.cloud.model.transmitter.parameters())
    words = 2 * sum(map(len, AGREED)) + sum(len(sentence.split()) for sentence in CAPTURED)
    pilots, header = 2 * (2 * len(AGREED) + len(CAPTURED)), 2 * 16 * 8 // 2
    assert row["uplink_channel_uses"] == 8 * words + pilots + header


def test_who_missed_a_broadcast_is_decoded_with_its_older_version_and_brings_no_features(make):
    simulation = make(missed=[[2, 1]])
    _, (row, collected) = played(simulation, 2)
    assert incidents(simulation) == [(2, 1, "missed"), (2, 1, "older version")]
    assert simulation.incidents[-1]["what"] == "decoded by the receiver of version 1"
    assert (row["devices_updated"], row["rejected_uploads"], row["trials"]) == (1, 0, len(CAPTURED))
    assert len(collected.features) == 1


def test_at_the_next_delta_it_asks_for_a_full_packet(make):
    simulation = make(missed=[[2, 1]])
    *_, (row, _) = played(simulation, 3)
    assert incidents(simulation)[2:] == [(3, 1, "WrongBase"), (3, 1, "mended")]
    assert simulation.incidents[2]["what"].endswith("asks for: full")
    assert row["repair_bytes"] == row["full_bytes"]
    assert row["downlink_bytes"] == row["packet_bytes"] + row["full_bytes"]
    assert row["devices_updated"] == 2


def test_a_damaged_copy_is_repeated(make):
    simulation = make(damaged=[[2, 0]])
    _, (row, _) = played(simulation, 2)
    assert incidents(simulation) == [(2, 0, "DamagedPacket"), (2, 0, "mended")]
    assert simulation.incidents[0]["what"].endswith("asks for: repeat")
    assert row["packet"] == "delta"
    assert row["repair_bytes"] == row["packet_bytes"]
    assert row["devices_updated"] == 2


def test_a_damaged_copy_for_a_device_that_missed_the_one_before_costs_both_repairs(make):
    simulation = make(missed=[[2, 0]], damaged=[[3, 0]])
    *_, (row, _) = played(simulation, 3)
    assert incidents(simulation)[2:] == [(3, 0, "DamagedPacket"), (3, 0, "WrongBase"), (3, 0, "mended")]
    assert row["repair_bytes"] == row["packet_bytes"] + row["full_bytes"]
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
    assert (row["trials"], row["uplink_channel_uses"], collected.features) == (0, 0, [])
    assert row["value"] != row["value"]  # NaN
    assert list(row)[2:7] == ["metric", "value", "low", "high", "trials"]


def test_rounds_differ_by_the_models_alone(make):
    """The same model again: the same fades, noise and words."""
    (first, one), (second, two) = played(make(), 2)
    assert one.hypotheses == two.hypotheses
    assert (first["value"], first["low"], first["high"]) == (second["value"], second["low"], second["high"])
    for before, after in zip(one.features, two.features, strict=True):
        assert all(torch.equal(x, y) for x, y in zip(before, after, strict=True))


def test_devices_have_fades_of_their_own(make):
    ((_, collected),) = played(make(), 1)
    assert not torch.equal(collected.features[0][0], collected.features[1][0])


def test_the_agreed_sentences_are_not_measured(make):
    ((_, collected),) = played(make(agreed=[[4, 5], [6, 7], [8, 9]]), 1)
    assert len(collected.hypotheses) == len(collected.references) == len(CAPTURED)
    assert [len(features) for features in collected.features] == [3, 3]


@pytest.mark.parametrize("script", [{"missed": [[2, 2]]}, {"damaged": [[0, 1]]}])
def test_a_script_of_devices_and_rounds_that_cannot_be_is_refused(make, script):
    with pytest.raises(ValueError, match=r"script has round \d, device \d: rounds are >= 1, devices \[0, 1\]"):
        make(**script)
