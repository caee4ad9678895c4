import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from semcom_lib.coding.jpeg import Jpeg, count_bits_with_own_tables

GREY = (28, 28)
RGB = (32, 32, 3)
PAPER_CODES = [Jpeg(60, GREY), Jpeg(18, GREY), Jpeg(0, GREY), Jpeg(98, RGB), Jpeg(90, RGB), Jpeg(60, RGB)]
END_OF_IMAGE = b"\xff\xd9"
codecs = settings(deadline=None, max_examples=50, derandomize=True)


def smooth(shape, seed=0):
    """Random plane waves, low frequencies strongest: uint8."""
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[: shape[0], : shape[1]] / 32
    image = np.full((*shape[:2], 3), 128.0)
    for frequency in range(1, 8):
        direction, phase = generator.uniform(0, 2 * np.pi, 2)
        wave = np.cos(2 * np.pi * frequency * (rows * np.cos(direction) + columns * np.sin(direction)) + phase)
        image += wave[..., None] * generator.uniform(-60, 60, 3) / frequency
    image = np.clip(image, 0, 255).astype(np.uint8)
    return image if len(shape) == 3 else image[..., 0].copy()


def noise(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def pillow_file(code, image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=code.quality, subsampling=code.subsampling)
    return file.getvalue()


@pytest.mark.parametrize("code", [*PAPER_CODES, Jpeg(75, (1, 1)), Jpeg(75, (45, 67, 3)), Jpeg(90, RGB, "4:4:4")])
@pytest.mark.parametrize("source", [smooth, noise])
def test_error_free_channel_gives_pillows_own_decoding_of_the_whole_file(code, source):
    image = source(code.shape)
    image_hat = code.decode(code.encode(image))
    np.testing.assert_array_equal(image_hat, np.asarray(Image.open(io.BytesIO(pillow_file(code, image)))))
    assert image_hat.dtype == np.uint8


@pytest.mark.parametrize("code", PAPER_CODES)
def test_header_stuffed_scan_and_end_marker_are_the_whole_file_for_every_image(code):
    for image in [smooth(code.shape), noise(code.shape), np.zeros(code.shape, np.uint8)]:
        scan = np.packbits(code.encode(image)).tobytes()
        assert code.header + scan.replace(b"\xff", b"\xff\x00") + END_OF_IMAGE == pillow_file(code, image)


def test_byte_stuffing_is_not_sent():
    code = Jpeg(98, (128, 128))
    file = pillow_file(code, noise(code.shape))
    num_stuffed = file[len(code.header) :].count(b"\xff\x00")
    assert num_stuffed > 10
    num_scan_bytes = len(file) - len(code.header) - len(END_OF_IMAGE) - num_stuffed
    assert code.encode(noise(code.shape)).size == 8 * num_scan_bytes


@pytest.mark.parametrize("quality", [0, 1, 18, 49, 50, 60, 90, 98, 100])
def test_quantiser_steps_follow_the_ijg_scale_of_annex_k(quality):
    annex_k_first_row = np.array([16, 11, 10, 16, 24, 40, 51, 61])
    clamped = max(1, quality)
    scale = 5000 // clamped if clamped < 50 else 200 - 2 * clamped
    expected = np.clip((annex_k_first_row * scale + 50) // 100, 1, 255)
    header = Jpeg(quality, GREY).header
    tables = Image.open(io.BytesIO(header + END_OF_IMAGE)).quantization
    np.testing.assert_array_equal(tables[0][:8], expected)


def test_quality_zero_is_the_code_of_quality_one():
    np.testing.assert_array_equal(Jpeg(0, GREY).encode(smooth(GREY)), Jpeg(1, GREY).encode(smooth(GREY)))


@pytest.mark.parametrize("shape", [GREY, RGB])
def test_size_and_psnr_rise_with_quality(shape):
    image = smooth(shape).astype(float)
    sizes, errors = [], []
    for quality in (1, 10, 30, 60, 90, 98):
        bits = Jpeg(quality, shape).encode(smooth(shape))
        sizes.append(bits.size)
        errors.append(np.mean((Jpeg(quality, shape).decode(bits) - image) ** 2))
    assert np.all(np.diff(sizes) > 0)
    assert np.all(np.diff(errors) < 0)


def test_full_chroma_takes_more_bits_and_gives_a_better_picture():
    image = noise(RGB)
    codes = [Jpeg(90, RGB, subsampling) for subsampling in ("4:2:0", "4:2:2", "4:4:4")]
    sizes = [code.encode(image).size for code in codes]
    errors = [np.mean((code.decode(code.encode(image)) - image.astype(float)) ** 2) for code in codes]
    assert sizes == sorted(sizes)
    assert errors == sorted(errors, reverse=True)


@codecs
@given(data=st.data(), code=st.sampled_from(PAPER_CODES), seed=st.integers(0, 2**32 - 1))
def test_any_flips_cuts_and_extensions_give_an_image_of_the_right_kind(data, code, seed):
    generator = np.random.default_rng(seed)
    bits = code.encode(smooth(code.shape))
    bits ^= (generator.random(bits.size) < data.draw(st.sampled_from([0, 1e-3, 1e-2, 0.5]))).astype(np.uint8)
    bits = bits[: data.draw(st.integers(0, bits.size))]
    bits = np.append(bits, generator.integers(0, 2, data.draw(st.integers(0, 3000)), dtype=np.uint8))
    image_hat = code.decode(bits)
    assert image_hat.shape == code.shape
    assert image_hat.dtype == np.uint8
    np.testing.assert_array_equal(image_hat, code.decode(bits))


@codecs
@given(code=st.sampled_from(PAPER_CODES), bits=st.lists(st.integers(0, 1), max_size=400), fill=st.integers(0, 1))
def test_arbitrary_bits_never_make_a_marker(code, bits, fill):
    image_hat = code.decode(np.array(bits + 2000 * [fill], dtype=np.uint8))
    assert image_hat.shape == code.shape


@codecs
@given(code=st.sampled_from(PAPER_CODES), seed=st.integers(0, 2**32 - 1), num_padding=st.integers(0, 3000))
def test_padding_behind_the_scan_does_not_change_the_image(code, seed, num_padding):
    bits = code.encode(noise(code.shape, seed))
    padded = np.append(bits, np.zeros(num_padding, np.uint8))
    np.testing.assert_array_equal(code.decode(padded), code.decode(bits))


def test_cut_scan_keeps_the_blocks_received_and_greys_the_rest():
    code = Jpeg(90, (64, 64))
    image = noise(code.shape)
    bits = code.encode(image)
    image_hat = code.decode(bits[: bits.size // 2])
    np.testing.assert_array_equal(image_hat[:24], code.decode(bits)[:24])
    np.testing.assert_array_equal(image_hat[40:], 128)


@pytest.mark.parametrize("shape", [GREY, RGB])
def test_no_bits_are_a_grey_image(shape):
    np.testing.assert_array_equal(Jpeg(60, shape).decode(np.empty(0, np.uint8)), np.full(shape, 128))


def test_image_is_grey_when_libjpeg_gives_up(monkeypatch):
    def give_up(_):
        raise OSError("broken data stream")

    code = Jpeg(60, RGB)
    bits = code.encode(smooth(RGB))
    monkeypatch.setattr(Image, "open", give_up)
    np.testing.assert_array_equal(code.decode(bits), np.full(RGB, 128))


def test_decoding_noise_prints_nothing(capfd):
    generator = np.random.default_rng(0)
    for code in PAPER_CODES:
        for num_bits in (1, 7, 100, 5000):
            code.decode(generator.integers(0, 2, num_bits, dtype=np.uint8))
    assert capfd.readouterr() == ("", "")


def own_bits(code, images, fitted_to):
    return count_bits_with_own_tables(code, images, fitted_to=fitted_to)


@pytest.mark.parametrize("code", [Jpeg(60, GREY), Jpeg(90, RGB, "4:2:2")])
def test_tables_made_for_such_images_take_fewer_bits_than_annex_ks_and_than_others(code):
    images = [smooth(code.shape, seed) for seed in range(40)]
    sent, others = images[:10], images[10:]
    standard = np.array([code.encode(image).size for image in sent])
    fitted = own_bits(code, sent, others)
    assert fitted.shape == (10,)
    assert (fitted % 8 == 0).all()
    assert 0.7 * standard.sum() < fitted.sum() < standard.sum()
    assert own_bits(code, sent, 30 * sent).sum() < fitted.sum() < own_bits(code, sent, [noise(code.shape)] * 30).sum()


def test_tables_serve_images_of_symbols_that_they_were_not_made_for():
    code = Jpeg(90, RGB)
    flat = [np.full(RGB, 128, np.uint8)] * 100
    assert own_bits(code, flat[:1], flat) == [48]  # 24 blocks: a bit each for no DC difference and for the end of block
    rough = own_bits(code, [noise(RGB)], flat)
    assert code.encode(noise(RGB)).size < rough[0] < 3 * code.encode(noise(RGB)).size
    assert own_bits(code, [noise(RGB), noise(RGB)], []).shape == (2,)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Jpeg(101, GREY), r"quality must be an integer in 0..100, got 101"),
        (lambda: Jpeg(-1, GREY), r"quality must be an integer in 0..100, got -1"),
        (lambda: Jpeg(60.0, GREY), r"quality must be an integer in 0..100, got 60.0"),
        (lambda: Jpeg(60, (28,)), r"shape must be .* got \(28,\)"),
        (lambda: Jpeg(60, (28, 28, 1)), r"shape must be .* got \(28, 28, 1\)"),
        (lambda: Jpeg(60, [28, 28]), r"shape must be a tuple .* got \[28, 28\]"),
        (lambda: Jpeg(60, (0, 28)), r"shape must be .* sides in 1..8192, got \(0, 28\)"),
        (lambda: Jpeg(60, (28, 8193)), r"shape must be .* sides in 1..8192, got \(28, 8193\)"),
        (lambda: Jpeg(60, RGB, "4:1:1"), r"subsampling must be one of 4:2:0, 4:2:2, 4:4:4, got '4:1:1'"),
        (lambda: Jpeg(60, GREY).encode(noise(RGB)), r"image must be uint8 \(28, 28\), got uint8 \(32, 32, 3\)"),
        (lambda: Jpeg(60, GREY).encode(np.zeros(GREY)), r"image must be uint8 \(28, 28\), got float64"),
        (lambda: Jpeg(60, 28), r"shape must be a tuple .* got 28"),
        (lambda: Jpeg(60, (28.5, 28)), r"shape must be a tuple .* got \(28.5, 28\)"),
        (lambda: Jpeg(60, GREY).encode([[0]]), "image is of type list"),
        (lambda: own_bits(Jpeg(60, GREY), [noise(RGB)], []), r"image must be uint8 \(28, 28\)"),
        (lambda: own_bits(Jpeg(60, GREY), [], [noise(RGB)]), r"image must be uint8 \(28, 28\)"),
        (lambda: Jpeg(60, GREY).decode(np.full(8, 0.5)), "bits is a numpy float64 array .* must hold only 0 and 1"),
        (lambda: Jpeg(60, GREY).decode(np.full(8, 2, np.uint8)), "must hold only 0 and 1"),
        (
            lambda: Jpeg(60, GREY).decode(np.zeros((2, 8), np.uint8)),
            r"bits has shape \(2, 8\): it must be \(num_bits,\)",
        ),
        (lambda: Jpeg(60, GREY).decode(None), "bits is of type NoneType"),
    ],
)
def test_bad_input_is_named_in_one_line(make, message):
    with pytest.raises(ValueError, match=message) as error:
        make()
    assert "\n" not in str(error.value)
