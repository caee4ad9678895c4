"""The distributed system: deltas rebuild the very bytes, no incident goes unnoticed, nothing is decoded with another model."""

import copy
import struct
import zlib
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from semcom_lib import seeds
from semcom_lib.compression.packing import pack, unpack
from semcom_lib.compression.pruning import apply_masks, magnitude_masks
from semcom_lib.compression.quantisation import quantise_weights
from semcom_lib.l_deepsc.distributed import broadcast, delta
from semcom_lib.l_deepsc.distributed.cloud import Cloud
from semcom_lib.l_deepsc.distributed.device import Device
from semcom_lib.l_deepsc.distributed.upload import DamagedUpload, Header, UnknownVersion, over_the_air
from semcom_lib.l_deepsc.transceiver import DeepSC, DeepSCSizes
from semcom_lib.physical_layer import channels
from semcom_lib.physical_layer.constellation import FiniteConstellation
from semcom_lib.physical_layer.csi import Csi
from semcom_lib.physical_layer.equalised_link import EqualisedLink
from semcom_lib.physical_layer.fading import Rician

SIZES = DeepSCSizes(width=16, heads=2, layers=1, feed_forward=16, channel_encoder=16, channel_decoder=16)
VOCABULARY = 30
SENTENCES = [[4, 5, 6, 7], [8, 9, 10, 11, 12, 13], [14, 15, 16, 17], [5] * 9]


def compressed_model(sparsity=0.5, bits=8):
    with seeds.initialising(1, "distributed"):
        model = DeepSC(VOCABULARY, SIZES).eval()
    with torch.no_grad():
        x = model.transmitter(torch.tensor([SENTENCES[3]] * 3))
    model.transmitter.constellation = FiniteConstellation(4)
    model.transmitter.constellation.calibrate(x)
    masks = magnitude_masks(model, sparsity)
    quantise_weights(model, masks, bits)
    return model, masks


def trained(model, masks, step, purpose="step"):
    """Moves every parameter a little, as a few optimisation steps do, and the constellation's range."""
    generator = seeds.torch_generator(2, purpose)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(step * torch.randn(parameter.shape, generator=generator))
        model.transmitter.constellation.x_max.add_(step)
    apply_masks(model, masks)


def make_cloud(kept_versions=2):
    return Cloud(*compressed_model(), 8, kept_versions=kept_versions)


def make_device(number=0):
    return Device(number, VOCABULARY, SIZES, 4)


def publish_after_training(cloud, purpose="step"):
    trained(cloud.model, cloud.masks, 0.002, purpose)
    return cloud.publish()


# --- deltas -----------------------------------------------------------------------------------------------------------


def random_packs(shape, sparsity, bits, step, share, purpose):
    """A pack and the pack of a state in which a share of all numbers moved by about ``step``, on the same grid."""
    generator = seeds.torch_generator(3, purpose)
    state = {
        "weight": torch.randn(shape, generator=generator),
        "bias": torch.randn(5, generator=generator),
        "count": torch.tensor(2**40),
        "flags": torch.tensor([True, False, True]),
        "x_min": torch.tensor(float("nan")),
    }
    masks = {"weight": torch.rand(shape, generator=generator) >= sparsity}
    base = pack(state, bits, masks, model_version=3)
    new = dict(state)
    for name in ("weight", "bias"):
        moves = torch.rand(state[name].shape, generator=generator) < share
        new[name] = state[name] + step * moves * torch.randn(state[name].shape, generator=generator)
    new |= {"count": torch.tensor(-(2**33)), "flags": torch.tensor([True, True, False]), "x_min": torch.tensor(-0.5)}
    return base, pack(delta.on_grid_of(unpack(base), new), bits, masks, model_version=4), new


@settings(deadline=None, max_examples=50, derandomize=True)
@given(
    st.tuples(st.integers(0, 30), st.integers(1, 30)),
    st.floats(0, 1),
    st.integers(1, 16),
    st.sampled_from([0.0, 1e-6, 0.01, 1.0, 100.0]),
    st.floats(0, 1),
)
def test_a_delta_rebuilds_the_very_bytes(shape, sparsity, bits, step, share):
    base, new, _ = random_packs(shape, sparsity, bits, step, share, (shape, sparsity, bits, step, share))
    packet = broadcast.against(base, new)
    assert packet.kind == "delta"
    assert broadcast.received(packet.to_bytes(), base) == new


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_a_new_version_is_its_weights_on_the_grid_of_the_base(bits):
    base, new, state = random_packs((40, 25), 0.4, bits, 0.3, 1.0, bits)
    old, new = unpack(base), unpack(new)
    mask = old.masks["weight"]
    assert torch.equal(new.masks["weight"], mask)
    kept, wanted = new.state["weight"][mask], state["weight"][mask]
    low, high = old.state["weight"][mask].aminmax()
    assert (kept.min(), kept.max()) == (low, high)
    error = (kept - wanted.clamp(low, high)).abs()
    half_a_step = float(high - low) / (2**bits - 1) / 2
    assert int((error > half_a_step + 1e-6).sum()) <= 2  # the two that span the range
    assert bool((new.state["weight"][~mask] == 0).all())


def test_what_did_not_change_costs_next_to_nothing():
    base, _, _ = random_packs((200, 100), 0.5, 8, 0.0, 0.0, "same")
    same = pack(unpack(base).state, 8, unpack(base).masks, model_version=4)
    packet = broadcast.against(base, same)
    assert len(packet.to_bytes()) < 150
    assert len(base) > 10_000


def test_sparse_changes_cost_near_their_entropy():
    """1 % of 100,000 levels by one step: 100,000 H(0.01) bits for the places and 1 for each sign, at most 6 % more."""
    generator = seeds.numpy_generator(4, "levels")
    old = generator.integers(1, 254, 100_000)
    new = old + (generator.random(100_000) < 0.01) * generator.choice([-1, 1], 100_000)
    weights = [torch.from_numpy(np.concatenate([[0, 255], levels])).float()[None] for levels in (old, new)]
    mask = {"w": torch.ones(1, 100_002, dtype=torch.bool)}
    packs = [pack({"w": w}, 8, mask, model_version=v) for v, w in enumerate(weights)]
    ideal = (100_000 * 0.080793 + 1_000 * 1.0) / 8
    assert ideal * 0.9 < len(broadcast.against(*packs).body) < ideal * 1.06 + 60


def test_the_smaller_packet_is_chosen():
    base, near, _ = random_packs((60, 50), 0.5, 8, 0.01, 0.1, "near")
    assert broadcast.smallest(None, base).kind == "full"
    assert broadcast.smallest(base, near).kind == "delta"
    _, far, _ = random_packs((60, 50), 0.0, 1, 5.0, 1.0, "far")  # other bits
    assert broadcast.smallest(base, far).kind == "full"
    noise = torch.randn(1, 2_000, generator=seeds.torch_generator(5))
    coarse = pack({"a": noise}, 8, {}, model_version=1)  # full-resolution numbers with nothing in common
    other = pack({"a": -3 * noise.flip(1)}, 8, {}, model_version=2)
    whole, changes = broadcast.full(other), broadcast.against(coarse, other)
    assert (broadcast.smallest(coarse, other).kind == "full") == (len(changes.body) >= len(whole.body))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state, mask: ({"v": state["w"]}, {"v": mask}, 8), "v is in only one"),
        (lambda state, mask: ({"w": state["w"][:, :2]}, {"w": mask[:, :2]}, 8), "w is torch.float32 of"),
        (lambda state, mask: (state, {"w": mask}, 4), "8 and 4 bits"),
        (lambda state, mask: (state, {"w": mask.flip(1)}, 8), "w has another mask or range"),
        (lambda state, mask: ({"w": 2 * state["w"]}, {"w": mask}, 8), "w has another mask or range"),
        (lambda state, mask: (state, {}, 8), "w has another mask or range"),
    ],
)
def test_versions_without_a_common_grid_have_no_delta(change, message):
    state, mask = {"w": torch.tensor([[3.0, 0.0, -1.0, 0.5]])}, torch.tensor([[True, False, True, True]])
    base = pack(state, 8, {"w": mask}, model_version=1)
    new_state, new_masks, bits = change(state, mask)
    with pytest.raises(delta.NoDelta, match=message):
        broadcast.against(base, pack(new_state, bits, new_masks, model_version=2))


def test_tied_tensors_are_sent_whole():
    shared = torch.randn(4, 4, generator=seeds.torch_generator(6))
    tied = pack({"a": shared, "b": shared}, 8, {}, model_version=1)
    with pytest.raises(delta.NoDelta, match="same bytes"):
        broadcast.against(tied, pack({"a": shared, "b": shared}, 8, {}, model_version=2))


def test_a_grid_finer_than_16_bits_is_refused():
    base = pack({"w": torch.ones(1, 2)}, 17, {"w": torch.ones(1, 2, dtype=torch.bool)})
    with pytest.raises(ValueError, match=r"bits = 17 is outside 1\.\.16"):
        delta.on_grid_of(unpack(base), {"w": torch.ones(1, 2)})
    with pytest.raises(delta.NoDelta, match="at most 16"):
        broadcast.against(base, base)


# --- packets ----------------------------------------------------------------------------------------------------------


@cache
def small_packets():
    base, new, _ = random_packs((3, 4), 0.3, 4, 0.5, 0.5, "small")
    return base, broadcast.full(new).to_bytes(), broadcast.against(base, new).to_bytes()


@pytest.mark.parametrize("kind", broadcast.KINDS)
def test_every_corruption_of_one_byte_and_every_truncation_is_detected(kind):
    base, *packets = small_packets()
    data = packets[broadcast.KINDS.index(kind)]
    for position in range(len(data)):
        for difference in range(1, 256, 3):
            wrong = bytearray(data)
            wrong[position] ^= difference
            with pytest.raises(broadcast.DamagedPacket):
                broadcast.received(bytes(wrong), base)
        with pytest.raises(broadcast.DamagedPacket):
            broadcast.received(data[:position], base)


@settings(deadline=None, max_examples=50, derandomize=True)
@given(st.integers(0, 2**20), st.floats(1e-4, 0.5), st.sampled_from([1, 2]))
def test_flipped_bits_are_never_accepted(seed, bit_error_rate, which):
    base, *packets = small_packets()
    data = packets[which - 1]
    bits = torch.from_numpy(np.unpackbits(np.frombuffer(data, np.uint8)))
    flipped = channels.bsc(bits, bit_error_rate, generator=seeds.torch_generator(seed))
    arrived = np.packbits(flipped.numpy()).tobytes()
    if arrived == data:
        assert unpack(broadcast.received(arrived, base)).model_version == 4
    else:
        with pytest.raises(broadcast.DamagedPacket):
            broadcast.received(arrived, base)


def resealed(data, position, content):
    """The packet with bytes replaced and its checksum made right again."""
    changed = data[:position] + content + data[position + len(content) : -4]
    return changed + struct.pack("<I", zlib.crc32(changed))


@pytest.mark.parametrize(
    ("which", "position", "content", "message"),
    [
        (1, 4, b"\x09", "format version 9"),
        (1, 5, b"\x07", "kind 7"),
        (1, 10, b"\x09\0\0\0", "not version 9"),  # the version
        (1, 14, b"\0\0\0\0", "not version 4 with fingerprint 00000000"),
        (1, 26, b"\0", "no SCLM header"),  # within the pack
        (2, 26, b"\xff\xff\xff\xff", "end within a field"),  # the first index's length
        (2, 34, b"\x40", "Rice parameter of 64"),
    ],
)
def test_wrong_content_under_a_right_checksum_is_damage_too(which, position, content, message):
    packets = small_packets()
    with pytest.raises(broadcast.DamagedPacket, match=message):
        broadcast.received(resealed(packets[which], position, content), packets[0])


def test_the_first_broadcast_brings_the_model_bit_for_bit():
    cloud, device = make_cloud(), make_device()
    assert device.version is None
    with pytest.raises(RuntimeError, match="device 0 holds no model yet"):
        device.upload(SENTENCES)
    packet = cloud.publish()
    device.receive(packet.to_bytes())
    assert (packet.kind, device.version, cloud.newest) == ("full", 1, 1)
    expected = cloud.model.transmitter.state_dict()
    state = unpack(device.packed).state
    assert state.keys() == expected.keys()
    assert all(torch.equal(state[name], expected[name]) for name in expected)
    x = cloud.model.transmitter(torch.tensor(SENTENCES[:1]))[0]
    assert torch.equal(device.upload(SENTENCES).symbols[0], x)


def test_after_any_number_of_deltas_a_device_holds_what_a_full_packet_would_bring():
    cloud, device = make_cloud(), make_device()
    device.receive(cloud.publish().to_bytes())
    for version in range(2, 6):
        packet = publish_after_training(cloud, version)
        assert (packet.kind, packet.version, packet.base_version) == ("delta", version, version - 1)
        assert len(packet.to_bytes()) < len(cloud.full_packet().to_bytes())
        device.receive(packet.to_bytes())
        newcomer = make_device(1)
        newcomer.receive(cloud.full_packet().to_bytes())
        assert device.packed == newcomer.packed


def test_changes_smaller_than_a_level_add_up_in_the_cloud():
    cloud = make_cloud()
    cloud.publish()
    weight = cloud.model.transmitter.channel_encoder[0].weight
    mask = cloud.masks["transmitter.channel_encoder.0.weight"]
    low, high = weight.detach()[mask].aminmax()
    inner = mask & (weight.detach() != low) & (weight.detach() != high)
    before = unpack(cloud.full_packet().body).state["channel_encoder.0.weight"]
    for _ in range(4):
        with torch.no_grad():
            weight.add_(0.3 * (high - low) / 255 * mask)
        cloud.publish()
    after = unpack(cloud.full_packet().body).state["channel_encoder.0.weight"]
    torch.testing.assert_close((after - before)[inner], ((high - low) / 255).expand(int(inner.sum())))


# --- incidents --------------------------------------------------------------------------------------------------------


def test_a_missed_round_is_noticed_at_the_next_delta_and_mended_by_a_full_packet():
    cloud, device = make_cloud(), make_device()
    device.receive(cloud.publish().to_bytes())
    publish_after_training(cloud, 2)  # never arrives
    packet = publish_after_training(cloud, 3)
    with pytest.raises(
        broadcast.WrongBase, match=r"delta to version 3 needs version 2 \(.*\), version 1 \(.*\) is here"
    ):
        device.receive(packet.to_bytes())
    assert (device.version, device.asks_for) == (1, "full")
    device.receive(cloud.full_packet().to_bytes())
    assert (device.version, device.asks_for) == (3, None)


def test_a_device_without_a_model_cannot_use_a_delta():
    cloud, device = make_cloud(), make_device()
    cloud.publish()
    with pytest.raises(broadcast.WrongBase, match="no version is here"):
        device.receive(publish_after_training(cloud).to_bytes())
    assert (device.version, device.asks_for) == (None, "full")


def test_the_same_number_on_another_model_is_another_base():
    clouds = make_cloud(), make_cloud()
    trained(clouds[1].model, clouds[1].masks, 0.002, "elsewhere")
    device = make_device()
    device.receive(clouds[1].publish().to_bytes())
    clouds[0].publish()
    with pytest.raises(broadcast.WrongBase, match="needs version 1"):
        device.receive(publish_after_training(clouds[0]).to_bytes())
    with pytest.raises(UnknownVersion, match="another version 1"):
        clouds[0].decode(device.upload(SENTENCES))


def test_a_corrupted_packet_leaves_the_model_in_place_and_can_be_repeated():
    cloud, device = make_cloud(), make_device()
    device.receive(cloud.publish().to_bytes())
    held = device.packed
    data = publish_after_training(cloud).to_bytes()
    with pytest.raises(broadcast.DamagedPacket, match="checksum"):
        device.receive(data[:100] + bytes([data[100] ^ 1]) + data[101:])
    assert (device.packed, device.asks_for) == (held, "repeat")
    device.receive(data)
    assert (device.version, device.asks_for) == (2, None)


def test_duplicates_and_late_packets_are_refused():
    cloud, device = make_cloud(), make_device()
    first = cloud.publish().to_bytes()
    device.receive(first)
    with pytest.raises(broadcast.DuplicatePacket, match="version 1 is here already"):
        device.receive(first)
    second = publish_after_training(cloud).to_bytes()
    device.receive(second)
    for duplicate in (second, cloud.full_packet().to_bytes()):
        with pytest.raises(broadcast.DuplicatePacket, match="version 2 is here already"):
            device.receive(duplicate)
    with pytest.raises(broadcast.OutdatedPacket, match="version 1 came, which is not newer than the version 2 here"):
        device.receive(first)
    assert (device.version, device.asks_for) == (2, None)


def test_each_upload_is_decoded_with_the_receiver_of_its_own_version():
    cloud, device, late = make_cloud(), make_device(), make_device(1)
    for each in (device, late):
        each.receive(cloud.publish().to_bytes() if cloud.newest == 0 else cloud.full_packet().to_bytes())
    old = copy.deepcopy(cloud.model)
    trained(cloud.model, cloud.masks, 0.5, "far away")
    cloud.publish()
    device.receive(cloud.full_packet().to_bytes())
    for sender, model in ((late, old), (device, None)):
        upload = sender.upload(SENTENCES)
        decoded = cloud.decode(upload)
        assert decoded.header.version == sender.version
        model = model or cloud._versions[2].transceiver
        with torch.inference_mode():
            alone = [model.receiver.greedy(x[None])[0].tolist() for x in upload.symbols]
        assert list(decoded.words) == alone
    assert cloud.decode(late.upload(SENTENCES)).words != cloud.decode(device.upload(SENTENCES)).words
    assert cloud.rejected == 0


def test_a_version_is_kept_with_the_transmitter_that_its_devices_have_and_the_receiver_as_trained():
    cloud, device = make_cloud(), make_device()
    device.receive(cloud.publish().to_bytes())
    device.receive(publish_after_training(cloud).to_bytes())
    kept, sent = cloud._versions[2].transceiver, unpack(device.packed).state
    assert all(torch.equal(tensor, sent[name]) for name, tensor in kept.transmitter.state_dict().items())
    assert not torch.equal(kept.transmitter.embedding.weight, cloud.model.transmitter.embedding.weight)
    assert kept.receiver.embedding is kept.transmitter.embedding
    trained_receiver = cloud.model.receiver.state_dict()
    assert all(torch.equal(tensor, trained_receiver[name]) for name, tensor in kept.receiver.state_dict().items())


def test_a_draft_changes_nothing_until_it_is_published():
    cloud = make_cloud()
    first = cloud.publish()
    trained(cloud.model, cloud.masks, 0.002)
    draft = cloud.draft()
    assert cloud.full_packet() == first
    packet = cloud.publish(draft)
    assert cloud.published is draft
    assert broadcast.received(packet.to_bytes(), first.body) == draft.packed
    with pytest.raises(ValueError, match="the draft is version 2: it must be 3, the next one"):
        cloud.publish(draft)


def test_a_cloud_that_reverts_has_the_weights_that_it_published_from_at_full_resolution():
    cloud = make_cloud()
    cloud.publish()
    publish_after_training(cloud)
    before = {name: tensor.clone() for name, tensor in cloud.model.state_dict().items()}
    trained(cloud.model, cloud.masks, 0.1, "astray")
    cloud.revert()
    assert all(torch.equal(tensor, before[name]) for name, tensor in cloud.model.state_dict().items())
    sent = unpack(cloud.published.packed).state["embedding.weight"]
    assert not torch.equal(cloud.model.transmitter.embedding.weight, sent)


def test_a_device_is_built_for_a_model_without_its_weights():
    model, _ = compressed_model()
    device, cloud = Device.of(model, 3), make_cloud()
    assert (device.number, device.version) == (3, None)
    device.receive(cloud.publish().to_bytes())
    x = model.transmitter(torch.tensor(SENTENCES[:1]))[0]
    assert torch.equal(device.upload(SENTENCES[:1]).symbols[0], x)


def test_a_version_whose_receiver_is_gone_is_rejected_and_counted():
    cloud, device = make_cloud(kept_versions=2), make_device(7)
    device.receive(cloud.publish().to_bytes())
    publish_after_training(cloud, 2)
    assert cloud.versions == (1, 2)
    cloud.decode(device.upload(SENTENCES))
    publish_after_training(cloud, 3)
    assert cloud.versions == (2, 3)
    for count in (1, 2):
        with pytest.raises(UnknownVersion, match="device 7 sent with version 1; receivers here: 2, 3"):
            cloud.decode(device.upload(SENTENCES))
        assert cloud.rejected == count


def test_a_version_that_never_was_is_rejected():
    cloud, device = make_cloud(), make_device()
    device.receive(cloud.publish().to_bytes())
    upload = device.upload(SENTENCES)
    header = replace(Header.from_bytes(upload.header), version=9)
    with pytest.raises(UnknownVersion, match="version 9; receivers here: 1"):
        cloud.decode(replace(upload, header=header.to_bytes()))


def test_every_flipped_bit_of_an_uploads_header_is_detected():
    cloud, device = make_cloud(), make_device()
    device.receive(cloud.publish().to_bytes())
    upload = device.upload(SENTENCES)
    for bit in range(8 * len(upload.header)):
        wrong = bytearray(upload.header)
        wrong[bit // 8] ^= 1 << bit % 8
        with pytest.raises(DamagedUpload, match="header of 16 bytes is damaged"):
            cloud.decode(replace(upload, header=bytes(wrong)))
    with pytest.raises(DamagedUpload, match="3 sentences came, the header says 4"):
        cloud.decode(replace(upload, symbols=upload.symbols[:3]))
    assert cloud.rejected == 8 * len(upload.header) + 1


# --- counts and the air -----------------------------------------------------------------------------------------------


def test_channel_uses_are_symbols_pilots_and_the_header():
    cloud, device = make_cloud(), make_device()
    device.receive(cloud.publish().to_bytes())
    upload = device.upload(SENTENCES)
    words = sum(map(len, SENTENCES))
    assert upload.count_channel_uses(3, 2.0) == 8 * words + 3 * len(SENTENCES) + 16 * 8 // 2


def test_without_noise_the_cloud_gets_the_symbols_that_were_sent():
    cloud, device = make_cloud(), make_device()
    device.receive(cloud.publish().to_bytes())
    upload = device.upload(SENTENCES)
    link = EqualisedLink(Rician(2.0))
    arrived = over_the_air(upload, link, 200.0, generator=seeds.torch_generator(1))
    assert arrived.header == upload.header
    torch.testing.assert_close(arrived.symbols, upload.symbols, rtol=1e-4, atol=1e-4)


def test_every_sentence_has_one_gain_of_unit_mean_power():
    """With CSI "none" the ratio of received to sent symbols is the sentence's own gain, constant over the sentence."""
    cloud, device = make_cloud(), make_device()
    device.receive(cloud.publish().to_bytes())
    upload = device.upload(SENTENCES * 50)
    link = EqualisedLink(Rician(2.0), Csi("none"))
    arrived = over_the_air(upload, link, 200.0, generator=seeds.torch_generator(2))
    gains = [y / x for x, y in zip(upload.symbols, arrived.symbols, strict=True)]
    assert all(float((gain - gain[0]).abs().max()) < 1e-3 for gain in gains)
    firsts = torch.stack([gain[0] for gain in gains])
    assert len(firsts.abs().unique()) == len(gains)
    assert abs(float(firsts.abs().square().mean()) - 1) < 0.25


def test_the_masks_and_bits_must_fit():
    model, masks = compressed_model()
    with pytest.raises(ValueError, match=r"bits = 32 is outside 1\.\.16"):
        Cloud(model, masks, 32)
    with pytest.raises(ValueError, match="kept_versions = 0 must be at least 1"):
        Cloud(model, masks, 8, kept_versions=0)
    for too_early in (Cloud(model, masks, 8).full_packet, Cloud(model, masks, 8).revert):
        with pytest.raises(RuntimeError, match="nothing has been published"):
            too_early()


def test_two_runs_give_the_same_bytes():
    packets = []
    for _ in range(2):
        cloud = make_cloud()
        packets.append([cloud.publish().to_bytes(), publish_after_training(cloud).to_bytes()])
    assert packets[0] == packets[1]
