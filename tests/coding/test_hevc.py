import io

import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcom_lib.coding.hevc import MAX_QUALITY, Extent, HevcIntra, coded_picture, heif_file, primary_item
from semcom_lib.coding.jpeg import Jpeg

SHAPE = (32, 32, 3)
CHROMAS = ["4:2:0", "4:4:4"]
codecs = settings(deadline=None, max_examples=50, derandomize=True)


def texture(shape, seed=0):
    """Natural-like image: a random field whose amplitude falls with frequency, in correlated colours; uint8."""
    generator = np.random.default_rng(seed)
    rows, columns = np.fft.fftfreq(shape[0]), np.fft.fftfreq(shape[1])
    frequency = np.maximum(np.hypot(rows[:, None], columns[None, :]), 1 / max(shape[:2]))
    spectrum = np.fft.fft2(generator.standard_normal(shape), axes=(0, 1)) / frequency[..., None] ** 1.5
    field = np.fft.ifft2(spectrum, axes=(0, 1)).real
    field = field / field.std() + 2 * field[..., :1] / field[..., 0].std()
    return np.clip(128 + 20 * field, 0, 255).astype(np.uint8)


def psnr(image_hat, image):
    return 10 * np.log10(255**2 / np.mean((image_hat.astype(float) - image) ** 2))


def slice_behind_mdat(file):
    """The one NAL unit of a file whose last box is mdat, found without parsing boxes."""
    _, _, body = file.rpartition(b"mdat")
    assert int.from_bytes(body[:4], "big") == len(body) - 4
    return body[4:]


@pytest.mark.parametrize("chroma", CHROMAS)
def test_size_and_psnr_rise_with_quality(chroma):
    image = texture((96, 80, 3))
    codes = [HevcIntra(quality, image.shape, chroma) for quality in (0, 8, 16, 24, 32)]
    bits = [code.encode(image) for code in codes]
    psnrs = [psnr(code.decode(b), image) for code, b in zip(codes, bits, strict=True)]
    assert np.all(np.diff([b.size for b in bits]) > 0)
    assert np.all(np.diff(psnrs) > 1.0)


@pytest.mark.parametrize("jpeg_quality", [20, 50, 80])
def test_payload_is_smaller_than_jpegs_at_equal_psnr(jpeg_quality):
    image = texture((128, 128, 3))
    jpeg = Jpeg(jpeg_quality, image.shape)
    jpeg_bits = jpeg.encode(image)
    target = psnr(jpeg.decode(jpeg_bits), image)
    for quality in range(10, MAX_QUALITY + 1):
        code = HevcIntra(quality, image.shape)
        bits = code.encode(image)
        if psnr(code.decode(bits), image) >= target:
            break
    assert psnr(code.decode(bits), image) >= target
    assert bits.size < 0.85 * jpeg_bits.size


def test_full_chroma_lifts_the_ceiling_of_subsampled_chroma():
    image = texture((64, 64, 3))
    codes = [HevcIntra(MAX_QUALITY, image.shape, chroma) for chroma in CHROMAS]
    psnrs = [psnr(code.decode(code.encode(image)), image) for code in codes]
    assert psnrs == sorted(psnrs)
    assert psnrs[-1] > 50


@pytest.mark.parametrize("shape", [(1, 1, 3), (28, 28, 3), (33, 70, 3), (64, 64, 3), (100, 225, 3)])
def test_any_shape_comes_back_at_high_quality(shape):
    image = texture((256, 256, 3))[: shape[0], : shape[1]]
    code = HevcIntra(MAX_QUALITY, shape, "4:4:4")
    image_hat = code.decode(code.encode(image))
    assert image_hat.shape == shape
    assert np.abs(image_hat.astype(int) - image).max() <= 3


@pytest.mark.parametrize("quality", [10, 25, 40])
def test_extending_a_small_image_by_mean_colours_costs_less_than_by_its_borders(quality):
    image = texture(SHAPE)
    with_borders = np.pad(image, ((0, 32), (0, 32), (0, 0)), mode="edge")
    num_bits_with_borders = HevcIntra(quality, with_borders.shape).payload_bits(with_borders)
    assert HevcIntra(quality, SHAPE).payload_bits(image) < num_bits_with_borders - 80


def test_payload_is_the_slice_of_the_file_for_every_size():
    for side in range(32, 225):
        image = texture((224, 224, 3))[:side, : 256 - side]
        file = heif_file(coded_picture(image), 12, "4:2:0")
        num_bytes = HevcIntra(12, image.shape).payload_bits(image) // 8
        assert num_bytes == len(slice_behind_mdat(file))
        assert num_bytes + 200 < len(file)


@pytest.mark.parametrize("chroma", CHROMAS)
def test_receiver_needs_only_the_slice_whatever_image_and_quality(chroma):
    receiver = HevcIntra(0, SHAPE, chroma)
    for seed, quality in enumerate((0, 11, 25, 26, 40, 51)):
        image = texture(SHAPE, seed)
        file = heif_file(coded_picture(image), quality, chroma)
        picture = np.asarray(pillow_heif.open_heif(io.BytesIO(file)))
        bits = np.unpackbits(np.frombuffer(slice_behind_mdat(file), np.uint8))
        np.testing.assert_array_equal(HevcIntra(quality, SHAPE, chroma).encode(image), bits)
        np.testing.assert_array_equal(receiver.decode(bits), picture[:32, :32])


@pytest.mark.parametrize("shape", [(64, 64, 3), (224, 224, 3)])
def test_encoding_twice_gives_equal_bytes(shape):
    image = texture(shape)
    assert heif_file(image, 20, "4:2:0") == heif_file(image, 20, "4:2:0")


@pytest.mark.parametrize("qp", [10, 22, 34])
def test_distortion_is_that_of_the_uniform_quantiser_step_of_qp(qp):
    """H.265 Sec. 8.6.4: step 2^((QP - 4) / 6), and step^2 / 12 for coefficients that spread over many steps."""
    grey_noise = np.random.default_rng(0).integers(0, 256, (64, 64, 1), dtype=np.uint8).repeat(3, axis=2)
    code = HevcIntra(MAX_QUALITY - qp, grey_noise.shape, "4:4:4")
    error = code.decode(code.encode(grey_noise)) - grey_noise.astype(float)
    assert np.mean(error**2) == pytest.approx(2 ** ((qp - 4) / 3) / 12, rel=0.2)


def payloads(image):
    return [HevcIntra(quality, SHAPE).encode(image) for quality in range(MAX_QUALITY + 1)]


@pytest.mark.parametrize("seed", range(6))
def test_fit_finds_the_highest_quality_of_an_exhaustive_search(seed):
    image = texture(SHAPE, seed)
    by_quality = payloads(image)
    for budget_bits in [bits.size for bits in by_quality] + [400.5, 10**6]:
        best = [bits for bits in by_quality if bits.size <= budget_bits][-1]
        np.testing.assert_array_equal(HevcIntra(0, SHAPE).fit(image, budget_bits)[0], best)


def test_fit_returns_what_the_receiver_decodes():
    code = HevcIntra(0, SHAPE)
    bits, image_hat = code.fit(texture(SHAPE), 2048)
    assert 1700 < bits.size <= 2048
    np.testing.assert_array_equal(image_hat, code.decode(bits))
    assert psnr(image_hat, texture(SHAPE)) > 25


def test_budget_below_the_smallest_payload_gives_no_bits_and_a_grey_image():
    image = texture(SHAPE)
    smallest = min(bits.size for bits in payloads(image))
    bits, image_hat = HevcIntra(51, SHAPE).fit(image, smallest - 1)
    assert bits.size == 0
    np.testing.assert_array_equal(image_hat, np.full(SHAPE, 128))


@codecs
@given(data=st.data(), quality=st.sampled_from([5, 20, 35]), seed=st.integers(0, 2**32 - 1))
def test_any_flips_cuts_and_extensions_give_an_image_of_the_right_kind(data, quality, seed):
    generator = np.random.default_rng(seed)
    code = HevcIntra(quality, SHAPE)
    bits = code.encode(texture(SHAPE))
    bits ^= (generator.random(bits.size) < data.draw(st.sampled_from([0, 1e-3, 1e-2, 0.5]))).astype(np.uint8)
    bits = bits[: data.draw(st.integers(0, bits.size))]
    bits = np.append(bits, generator.integers(0, 2, data.draw(st.integers(0, 3000)), dtype=np.uint8))
    image_hat = code.decode(bits)
    assert image_hat.shape == SHAPE
    assert image_hat.dtype == np.uint8
    np.testing.assert_array_equal(image_hat, code.decode(bits))


def test_bits_without_a_slice_are_a_grey_image():
    for bits in (np.empty(0, np.uint8), np.zeros(400, np.uint8), np.ones(400, np.uint8)):
        np.testing.assert_array_equal(HevcIntra(20, SHAPE).decode(bits), np.full(SHAPE, 128))


def test_decoding_noise_prints_nothing(capfd):
    generator = np.random.default_rng(0)
    code = HevcIntra(25, SHAPE)
    bits = code.encode(texture(SHAPE))
    for num_bits in (1, 7, 100, 5000):
        code.decode(generator.integers(0, 2, num_bits, dtype=np.uint8))
        code.decode(np.append(bits[:200], generator.integers(0, 2, num_bits, dtype=np.uint8)))
    assert capfd.readouterr() == ("", "")


def box(kind, *parts):
    body = b"".join(parts)
    return (8 + len(body)).to_bytes(4, "big") + kind + body


def uint(num_bytes, value):
    return value.to_bytes(num_bytes, "big")


def file_with_iloc(version, *, num_extents=1):
    """Two items; the second, 0x1234, is primary: base offset 100, extents of 7, 8, ... bytes at 1000, 2000, ..."""
    id_bytes = 4 if version == 2 else 2
    construction = uint(2, 0) if version else b""
    index = uint(4, 9) if version else b""
    sizes = uint(1, 0x84) + uint(1, 0x44 if version else 0x40)
    other = uint(id_bytes, 1) + construction + uint(2, 0) + uint(4, 0) + uint(2, 1) + index + uint(8, 50) + uint(4, 5)
    extents = [index + uint(8, 1000 * (i + 1)) + uint(4, 7 + i) for i in range(num_extents)]
    primary = uint(id_bytes, 0x1234) + construction + uint(2, 0) + uint(4, 100) + uint(2, num_extents)
    iloc = box(b"iloc", uint(4, version << 24), sizes, uint(id_bytes, 2), other, primary, *extents)
    pitm = box(b"pitm", uint(4, version << 24 if version < 2 else 1 << 24), uint(2 if version == 0 else 4, 0x1234))
    return box(b"ftyp", b"heic") + box(b"meta", uint(4, 0), box(b"free"), pitm, iloc) + box(b"mdat", b"data")


@pytest.mark.parametrize("version", [0, 1, 2])
def test_primary_item_follows_every_version_of_iloc(version):
    file = file_with_iloc(version)
    extent = primary_item(file)
    assert extent == Extent(1100, 7, extent.length_field)
    assert file[extent.length_field] == uint(4, 7)
    assert extent.length_field.stop == len(file) - 12


def test_split_item_and_broken_box_are_refused():
    with pytest.raises(ValueError, match="primary item in 1 extent, got 2"):
        primary_item(file_with_iloc(0, num_extents=2))
    with pytest.raises(ValueError, match="box size must be at least 8 bytes, got 0"):
        primary_item(bytes(16))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HevcIntra(52, SHAPE), r"quality must be an integer in 0..51, got 52"),
        (lambda: HevcIntra(-1, SHAPE), r"quality must be an integer in 0..51, got -1"),
        (lambda: HevcIntra(30.5, SHAPE), r"quality must be an integer in 0..51, got 30.5"),
        (lambda: HevcIntra(30, (32, 32)), r"shape must be .* got \(32, 32\)"),
        (lambda: HevcIntra(30, (32, 32, 1)), r"shape must be .* got \(32, 32, 1\)"),
        (lambda: HevcIntra(30, [32, 32, 3]), r"shape must be a tuple .* got \[32, 32, 3\]"),
        (lambda: HevcIntra(30, (0, 32, 3)), r"shape must be .* sides in 1..4096, got \(0, 32, 3\)"),
        (lambda: HevcIntra(30, (32, 4097, 3)), r"shape must be .* sides in 1..4096, got \(32, 4097, 3\)"),
        (lambda: HevcIntra(30, SHAPE, "420"), r"chroma must be one of 4:2:0, 4:4:4, got '420'"),
        (lambda: HevcIntra(30, SHAPE).encode(np.zeros((32, 31, 3), np.uint8)), r"image must be uint8 \(32, 32, 3\)"),
        (lambda: HevcIntra(30, SHAPE).encode(np.zeros(SHAPE)), r"image must be uint8 \(32, 32, 3\), got float64"),
        (lambda: HevcIntra(30, SHAPE).fit(np.zeros(SHAPE), 100), r"image must be uint8 \(32, 32, 3\), got float64"),
        (lambda: HevcIntra(30, SHAPE).fit(texture(SHAPE), float("nan")), "budget_bits = nan must be a number"),
        (lambda: HevcIntra(30, SHAPE).fit(texture(SHAPE), -1), "budget_bits = -1 must be"),
        (lambda: HevcIntra(30, 32), r"shape must be a tuple .* got 32"),
        (lambda: HevcIntra(30, (32.5, 32, 3)), r"shape must be a tuple .* got \(32.5, 32, 3\)"),
        (lambda: HevcIntra(30, SHAPE).encode([0]), "image is of type list"),
        (
            lambda: HevcIntra(30, SHAPE).decode(np.full(8, 0.5)),
            "bits is a numpy float64 array .* must hold only 0 and 1",
        ),
        (lambda: HevcIntra(30, SHAPE).decode(np.full(8, 2, np.uint8)), "must hold only 0 and 1"),
        (lambda: HevcIntra(30, SHAPE).decode(np.zeros((2, 8))), r"bits has shape \(2, 8\)"),
    ],
)
def test_bad_input_is_named_in_one_line(make, message):
    with pytest.raises(ValueError, match=message) as error:
        make()
    assert "\n" not in str(error.value)
