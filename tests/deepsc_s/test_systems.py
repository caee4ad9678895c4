"""Every system hears the same clips over the same fades and noise, and each clip is scored; what has no score is counted."""

import numpy as np
import pytest
import torch

from semcom_lib import seeds
from semcom_lib.coding.pcm import UniformPcm
from semcom_lib.deepsc_s import systems as module
from semcom_lib.deepsc_s.link import SpeechLink
from semcom_lib.deepsc_s.systems import METRICS, Chained, Learned, Silence, counted, receive_all, score
from semcom_lib.evaluation import sweep
from semcom_lib.metrics.speech import pesq, sdr
from semcom_lib.physical_layer.coded import Coded
from semcom_lib.physical_layer.csi import Csi
from semcom_lib.physical_layer.fading import Awgn, Rayleigh
from semcom_lib.physical_layer.link import Link, Uncoded
from semcom_lib.physical_layer.modulation import Modulation


def generator():
    return seeds.torch_generator(1, "channel", 6.0)


def uncoded(law, csi=None):
    link = Link(UniformPcm(12), Uncoded(1), Modulation("qpsk"))
    return Chained(Coded(link, law) if csi is None else Coded(link, law, csi))


def test_a_learned_system_sends_all_clips_once_through_its_link(make_model, clips):
    model, link = make_model(), SpeechLink(Rayleigh())
    received = Learned(model, link).receive(clips[:4], 10.0, generator=generator())
    with torch.inference_mode():
        expected = model(torch.from_numpy(clips[:4]), link, 0.1, generator=generator())
    np.testing.assert_allclose(received, expected.numpy(), rtol=1e-5, atol=1e-6)
    assert received.dtype == np.float32


def test_without_noise_a_chain_delivers_what_its_source_code_keeps(clips):
    received = uncoded(Awgn()).receive(clips[:3], 100.0, generator=generator())
    assert received.shape == clips[:3].shape
    assert np.abs(received - clips[:3]).max() <= 2.0**-12


def test_all_systems_meet_the_same_fades_and_noise_part_by_part(make_model, clips, make_recorded_law, monkeypatch):
    monkeypatch.setattr(module, "CLIPS_AT_ONCE", 3)
    laws = [make_recorded_law() for _ in range(3)]
    systems = [
        uncoded(laws[0]),
        Learned(make_model(), SpeechLink(laws[1])),
        Learned(make_model(channel_filters=2), SpeechLink(laws[2])),
    ]
    received = [receive_all(system, clips[:7], 6.0, generator=generator()) for system in systems]
    assert {r.shape for r in received} == {(7, clips.shape[1])}
    gains = [torch.cat(law.drawn) for law in laws]
    assert gains[0].shape == (7, 1)
    assert len(set(gains[0].flatten().tolist())) == 7
    assert all(torch.equal(gains[0], other) for other in gains[1:])


def test_clips_are_delivered_in_their_order(clips, monkeypatch):
    monkeypatch.setattr(module, "CLIPS_AT_ONCE", 2)
    received = receive_all(uncoded(Awgn()), clips[:5], 100.0, generator=generator())
    assert np.abs(received - clips[:5]).max() <= 2.0**-12


def test_channel_uses_and_pilots_are_counted(make_model, clips):
    link = SpeechLink(Rayleigh(), Csi("rough", 3))
    assert Learned(make_model(), link).count_channel_uses(clips[:2]).tolist() == [4 * 2_048] * 2
    assert Learned(make_model(channel_filters=16), link).count_channel_uses(clips[:2]).tolist() == [8 * 2_048] * 2
    assert uncoded(Awgn()).count_channel_uses(clips[:2]).tolist() == [12 * 2_048 // 2] * 2
    assert Silence().count_channel_uses(clips[:2]).tolist() == [0, 0]
    pilots = [
        system.pilots for system in (Learned(make_model(), link), uncoded(Rayleigh(), Csi("rough", 3)), Silence())
    ]
    assert pilots == [3, 3, 0]


def test_scores_are_those_of_each_clip_and_what_is_undefined_is_counted(voices):
    clips = np.concatenate([voices, np.zeros_like(voices[:1])])
    noise = 0.02 * seeds.numpy_generator(1).standard_normal(clips.shape)
    received = (clips + noise).astype(np.float32)
    received[1] = 0
    counts = score(clips, received, 8_000)
    assert counts["sdr_db"][:2].tolist() == [sdr(clips, received)[0], 0.0]
    assert counts["pesq"][0] == pesq(clips[:1], received[:1], 8_000)[0]
    assert counts["pesq"][[1, 3]].tolist() == [0, 0]
    assert counts["pesq_clips"].tolist() == counts["stoi_clips"].tolist() == [1, 0, 1, 0]
    assert counts["sdr_db_clips"].tolist() == [1, 1, 1, 0]
    summed = {name: count.sum() for name, count in counts.items()}
    measured = {name: float(metric(summed)) for name, metric in METRICS.items()}
    assert measured["pesq"] == pytest.approx(counts["pesq"].sum() / 2)
    assert measured["sdr_db"] == pytest.approx(counts["sdr_db"].sum() / 3)
    all_together = np.concatenate(list(clips))[None], np.concatenate(list(received))[None]
    assert measured["sdr_pooled_db"] == pytest.approx(sdr(*all_together)[0])
    assert measured["mse"] == pytest.approx(np.mean((clips.astype(np.float64) - received) ** 2))
    assert (measured["pesq_defined"], measured["stoi_defined"]) == (0.5, 0.5)
    without = score(clips, received, 8_000, ("sdr_db",))
    assert not without["pesq_clips"].any()
    assert without["sdr_db"].tolist() == counts["sdr_db"].tolist()


def test_the_one_evaluator_takes_the_systems_and_the_floor(make_model, clips):
    systems = {"pcm": uncoded(Awgn()), "learned": Learned(make_model(), SpeechLink(Awgn())), "silence": Silence()}
    runs = {name: counted(system, clips[:6], 8_000, ("sdr_db",)) for name, system in systems.items()}
    table = sweep(runs, [0.0, 30.0], METRICS, seed=1, stage="test").table
    values = table.set_index(["system", "snr_db", "metric"])["value"]
    assert values["silence", 0.0, "sdr_db"] == 0
    assert np.isnan(values["silence", 0.0, "pesq"])
    assert values["pcm", 30.0, "sdr_db"] > 30
    assert values["pcm", 0.0, "sdr_db"] < 5
    assert values["silence", 30.0, "mse"] == pytest.approx(np.mean(clips[:6].astype(np.float64) ** 2))
