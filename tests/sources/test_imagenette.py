"""Imagenette's chosen photographs come by name from either home, ImageNet's by folder; nothing damaged is passed on."""

import hashlib
import io
import os
import tarfile
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semcom_lib import seeds
from semcom_lib.sources import fetch, imagenette
from semcom_lib.sources.fetch import DataUnavailable

WNIDS = tuple(imagenette.CLASSES)
PER_CLASS = {"train": 2, "test": 1}


def encoded(pixels, kind="png"):
    """A file's bytes; lossless, so that pixels can be compared."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def noise(height, width, *purpose, channels=(3,)):
    return seeds.numpy_generator(1, *purpose).integers(256, size=(height, width, *channels), dtype=np.uint8)


def smooth(height, width):
    """Red grows to the right, green downwards, from 0 to 255."""
    across, down = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    return np.rint(255 * np.stack([across, down, np.full_like(down, 0.5)], axis=-1)).astype(np.uint8)


def write_tar(path, files, mode="w"):
    with tarfile.open(path, mode) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def one_line(error):
    assert "\n" not in str(error.value)
    return str(error.value)


# which pictures


def test_the_chosen_are_100_and_50_of_each_class_in_order_and_none_of_them_twice():
    lines = imagenette.SUBSET.read_text().splitlines()
    assert lines == sorted(set(lines))
    subset = imagenette._subset()
    for split, number in (("train", 100), ("test", 50)):
        assert Counter(name.partition("/")[0] for name in subset[split]) == dict.fromkeys(WNIDS, number)
    assert not set(subset["train"]) & set(subset["test"])
    assert sum("/ILSVRC2012_val_" not in name for name in subset["test"]) == 482  # from ImageNet's training part


def test_the_classes_are_sorted_in_both_numberings():
    places = [place for place, _ in imagenette.CLASSES.values()]
    assert list(imagenette.CLASSES) == sorted(imagenette.CLASSES)
    assert places == [0, 217, 482, 491, 497, 566, 569, 571, 574, 701]


# the mirror and the public home, small


@pytest.fixture
def homes(tmp_path, monkeypatch):
    """A folder for SEMCOM_DATA and one for downloads, both empty, and the names of a few pictures; no network."""
    for name in ("mirror", "cache"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("SEMCOM_DATA", str(tmp_path / "mirror"))
    monkeypatch.setattr(fetch, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(imagenette, "_URL", "http://127.0.0.1:9/imagenette2-320.tgz")
    lines = sorted(
        f"{split} {wnid}/{wnid}_{k}{split}.JPEG"
        for split, number in PER_CLASS.items()
        for wnid in WNIDS
        for k in range(number)
    )
    (tmp_path / "subset.txt").write_text("\n".join(lines))
    monkeypatch.setattr(imagenette, "SUBSET", tmp_path / "subset.txt")
    return tmp_path


def chosen():
    return [(split, name) for split, names in imagenette._subset().items() for name in names]


@pytest.fixture
def mirror(homes, monkeypatch):
    """A function that writes the mirror: random pictures, with some files exchanged (None: left out)."""

    def write(**exchanged):
        folders = {"train": "train", "test": "val"}
        files = {
            f"imagenette_224_sub/{folders[split]}/{name}": encoded(noise(224, 224, name))
            for split, name in reversed(chosen())
        }
        for name, content in exchanged.items():
            path = next(path for path in files if Path(path).stem == name)
            del files[path]
            if content is not None:
                files[path] = content
        archive = write_tar(homes / "mirror" / imagenette.MIRROR, files)
        monkeypatch.setattr(imagenette, "MIRROR_SHA256", hashlib.sha256(archive.read_bytes()).hexdigest())
        return archive

    return write


@pytest.fixture
def official(homes, monkeypatch):
    """A function that writes a downloaded public archive: smooth pictures of several sizes, and whatever else is asked for."""

    def write(without=(), **others):
        folders = {"train": "val", "test": "train"}  # where they are there says nothing
        files = dict(others)
        for place, (split, name) in enumerate(chosen()):
            if name not in without:
                size = [(320, 480), (480, 320), (320, 320)][place % 3]
                files[f"imagenette2-320/{folders[split]}/{name}"] = encoded(smooth(*size), "jpeg")
        archive = write_tar(homes / "cache" / imagenette.OFFICIAL, files, "w:gz")
        monkeypatch.setattr(imagenette, "OFFICIAL_MD5", hashlib.md5(archive.read_bytes()).hexdigest())
        return archive

    return write


def test_the_mirror_s_pictures_come_sorted_by_class_and_name(mirror):
    mirror()
    splits = imagenette.imagenette()
    assert set(splits) == {"train", "test"}
    for split, (images, labels) in splits.items():
        assert images.shape == (10 * PER_CLASS[split], 224, 224, 3)
        assert images.dtype == labels.dtype == np.uint8
        np.testing.assert_array_equal(labels, np.repeat(np.arange(10), PER_CLASS[split]))
        np.testing.assert_array_equal(images, [noise(224, 224, name) for name in imagenette._subset()[split]])


def test_a_grey_picture_has_three_equal_channels(mirror):
    grey = noise(224, 224, "grey", channels=())
    mirror(n02979186_0test=encoded(grey))
    images, _ = imagenette.imagenette()["test"]
    np.testing.assert_array_equal(images[2], np.stack([grey] * 3, axis=-1))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, r"the archive holds no n03028079/n03028079_1train\.JPEG; fetch it again"),
        (encoded(noise(223, 224, "low")), r"n03028079_1train\.JPEG has 224 x 223 pixels, must have 224 x 224; fetch"),
        (encoded(noise(224, 224, "cut"), "jpeg")[:-9_000], r"n03028079_1train\.JPEG is not a readable image; fetch"),
        (encoded(noise(224, 224, "cut"))[:-9_000], r"n03028079_1train\.JPEG is not a readable image; fetch"),
        (encoded(noise(224, 224, "gif"), "gif"), r"n03028079_1train\.JPEG is not a readable image; fetch"),
        (b"", r"n03028079_1train\.JPEG is not a readable image; fetch"),
    ],
)
def test_what_is_no_whole_picture_of_its_size_stops(mirror, content, why):
    mirror(n03028079_1train=content)
    with pytest.raises(DataUnavailable, match=why) as error:
        imagenette.imagenette()
    assert imagenette.MIRROR in one_line(error)


def test_a_missing_class_stops(mirror):
    mirror(**{f"n01440764_{k}{split}": None for split, number in PER_CLASS.items() for k in range(number)})
    with pytest.raises(DataUnavailable, match=r"the archive holds no n01440764/n01440764_0train\.JPEG"):
        imagenette.imagenette()


@pytest.mark.parametrize("share", [0, 0.3, 0.9])
@pytest.mark.parametrize("home", ["mirror", "official"])
def test_a_truncated_archive_stops(request, homes, home, share):
    whole = request.getfixturevalue(home)().read_bytes()
    (homes / "cut.tar").write_bytes(whole[: int(share * len(whole))])
    read = {"mirror": imagenette.read_mirror, "official": imagenette.read_official}[home]
    with pytest.raises(DataUnavailable, match=r"cut\.tar: not a readable archive \(.*\); fetch it again") as error:
        read(homes / "cut.tar")
    one_line(error)


def test_an_archive_that_cannot_be_decompressed_stops(mirror, homes):
    compress = zlib.compressobj(wbits=31)  # as gzip does
    begun = compress.compress(mirror().read_bytes()[:9_000]) + compress.flush(zlib.Z_FULL_FLUSH)
    (homes / "bad.tgz").write_bytes(begun + b"\xff" * 9_000)  # no kind of block begins so
    with pytest.raises(DataUnavailable, match=r"not a readable archive \(Error -3 .*\); fetch it again") as error:
        imagenette.read_official(homes / "bad.tgz")
    one_line(error)


def test_a_damaged_mirror_is_not_passed_over_for_the_other_pixels_of_the_public_home(mirror, official):
    official()
    archive = mirror()
    archive.write_bytes(archive.read_bytes()[:-1])
    with pytest.raises(DataUnavailable, match=r"SHA-256 is .*the file is damaged"):
        imagenette.imagenette()


def test_a_mirror_without_the_archive_leads_to_the_public_home_s_same_names(official):
    official()
    for split, (images, labels) in imagenette.imagenette().items():
        assert images.shape == (10 * PER_CLASS[split], 224, 224, 3)
        assert images.dtype == labels.dtype == np.uint8
        np.testing.assert_array_equal(labels, np.repeat(np.arange(10), PER_CLASS[split]))
        of_all = chosen()
        for name, image in zip(imagenette._subset()[split], images, strict=True):
            size = [(224, 336), (336, 224), (224, 224)][of_all.index((split, name)) % 3]
            squeezed = Image.fromarray(smooth(*size)).resize((224, 224), Image.Resampling.BICUBIC)
            expected = np.asarray(squeezed).astype(int)
            assert np.abs(image.astype(int) - expected).max() <= 6  # JPEG's part


def test_a_name_that_the_public_home_lacks_is_said(official):
    official(without=["n03888257/n03888257_0test.JPEG"])
    with pytest.raises(DataUnavailable, match=r"imagenette2-320\.tgz: .* holds no n03888257/n03888257_0test\.JPEG"):
        imagenette.imagenette()


def test_another_md5_stops_before_anything_is_read_and_the_file_is_removed(official, monkeypatch):
    archive = official()
    archive.write_bytes(archive.read_bytes()[:-1] + b"\1")
    monkeypatch.setattr(imagenette, "read_official", lambda _: pytest.fail("was read"))
    with pytest.raises(DataUnavailable, match=r"imagenette2-320\.tgz: MD5 was .*, must be .*fetch it again") as error:
        imagenette.imagenette()
    one_line(error)
    assert not archive.exists()


def test_neither_home_is_one_line_with_both(homes):
    with pytest.raises(DataUnavailable, match=r"not in SEMCOM_DATA = .*, 127\.0\.0\.1: ConnectionError") as error:
        imagenette.imagenette()
    assert one_line(error).startswith(imagenette.MIRROR)


def test_names_that_lead_out_of_the_archive_and_links_write_nothing(official, homes):
    before = {path for path in homes.rglob("*") if path.is_file()}
    archive = official(**{"../../escaped/evil.JPEG": b"evil", str(homes / "absolute.JPEG"): b"evil"})
    imagenette.imagenette()
    assert {path for path in homes.rglob("*") if path.is_file()} == before | {archive}
    link = tarfile.TarInfo("imagenette2-320/train/" + chosen()[0][1])
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
    with tarfile.open(homes / "links.tar", "w") as tar:
        tar.addfile(link)
    with pytest.raises(DataUnavailable, match="the archive holds no"):
        imagenette.read_official(homes / "links.tar")


# the middle of a picture


@pytest.mark.parametrize(("height", "width"), [(320, 427), (427, 320), (100, 141), (224, 224), (75, 2_000)])
@pytest.mark.parametrize(("shorter", "size"), [(224, 224), (256, 224)])
def test_the_middle_is_centred_and_keeps_proportions(height, width, shorter, size):
    found = np.asarray(imagenette.middle(Image.fromarray(smooth(height, width)), shorter, size)).astype(float)
    assert found.shape == (size, size, 3)
    scale = shorter / min(height, width)
    places = (np.arange(size) + 0.5 - size / 2) / scale  # pixels of the picture, from its middle
    inner = slice(size // 8, -size // 8)
    np.testing.assert_allclose(found[0, inner, 0], 255 * (0.5 + places / width)[inner], atol=2.5)
    np.testing.assert_allclose(found[inner, 0, 1], 255 * (0.5 + places / height)[inner], atol=2.5)


def test_a_picture_of_its_size_is_as_it_was():
    pixels = noise(224, 224, "same")
    np.testing.assert_array_equal(np.asarray(imagenette.middle(Image.fromarray(pixels), 224, 224)), pixels)


def test_shrinking_is_antialiased():
    stripes = np.zeros((896, 896, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    found = np.asarray(imagenette.middle(Image.fromarray(stripes), 224, 224))
    assert np.ptp(found[:, 2:-2].astype(int)) <= 2


# ImageNet itself


@pytest.fixture
def unpacked(tmp_path, monkeypatch):
    """Three classes of 4 + 2 pictures of several sizes and colours; each is of one level, which tells its place."""
    monkeypatch.setenv("SEMCOM_DATA", str(tmp_path))
    for folder, number in (("train", 4), ("val", 2)):
        for label, wnid in enumerate(("n00000003", "n00000007", "n00000021")):
            where = tmp_path / "imagenet" / folder / wnid
            where.mkdir(parents=True)
            for k in range(number):
                picture = Image.new("L", [(40, 30), (30, 70), (500, 300), (64, 64)][k], 60 * label + 10 * k)
                picture = picture.convert(["RGB", "L", "RGB", "CMYK"][k])
                picture.save(where / f"picture_{k}.JPEG", "png" if k == 1 else "jpeg", quality=95)
    return tmp_path / "imagenet"


def test_the_first_images_of_each_class_come_by_name(unpacked):
    splits = imagenette.image_folder(3, 2, num_classes=3, size=32)
    for split, number in (("train", 3), ("test", 2)):
        images, labels = splits[split]
        assert images.shape == (3 * number, 32, 32, 3)
        assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
        np.testing.assert_array_equal(labels, np.repeat(np.arange(3), number))
        levels = np.array([60 * label + 10 * k for label in range(3) for k in range(number)])
        assert np.abs(images - levels[:, None, None, None]).max() <= 2


def test_the_shorter_side_becomes_256_of_224_before_the_middle_is_cut_out(unpacked):
    file = unpacked / "train" / "n00000003" / "picture_0.JPEG"
    pixels = smooth(512, 768)
    Image.fromarray(pixels).save(file, "png")
    images, _ = imagenette.image_folder(1, 1, num_classes=3)["train"]
    np.testing.assert_array_equal(images[0], np.asarray(imagenette.middle(Image.fromarray(pixels), 256, 224)))
    assert images.shape == (3, 224, 224, 3)


def test_damaged_exif_data_are_no_warning_and_cmyk_is_read(unpacked):
    for file in (unpacked / "train").glob("*/*_3.JPEG"):
        Image.new("CMYK", (64, 64)).save(file, "jpeg", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\5\1\1\0", quality=95)
    images, _ = imagenette.image_folder(4, 1, num_classes=3, size=16)["train"]
    assert images[3].min() >= 253  # no ink


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda root: (root / "val" / "n00000007").rename(root / "n"), r"val: 2 class folders, must be 3; from https:"),
        (lambda root: (root / "val").rename(root / "n"), r"val: 0 class folders, must be 3; from https:"),
        (
            lambda root: (root / "val" / "n00000007").rename(root / "val" / "n00000008"),
            r"n00000007 is not in both of train and val; unpack it again from https:",
        ),
        (
            lambda root: (root / "train" / "n00000021" / "picture_0.JPEG").unlink(),
            r"train/n00000021: 3 JPEG files, must be 4 or more; from https:",
        ),
        (
            lambda root: (root / "val" / "n00000003" / "picture_0.JPEG").write_bytes(b"\xff\xd8\xff"),
            r"val/n00000003/picture_0\.JPEG is not a readable image; fetch it again",
        ),
    ],
)
def test_what_is_not_whole_is_said(unpacked, damage, why):
    damage(unpacked)
    with pytest.raises(DataUnavailable, match=why) as error:
        imagenette.image_folder(4, 1, num_classes=3, size=8)
    one_line(error)


def test_imagenet_has_a_thousand_classes(unpacked):
    with pytest.raises(DataUnavailable, match=r"imagenet/train: 3 class folders, must be 1,000; from https:"):
        imagenette.image_folder(1, 1)


def test_without_a_folder_of_data_it_is_said_where_to_unpack(monkeypatch):
    monkeypatch.delenv("SEMCOM_DATA", raising=False)
    with pytest.raises(DataUnavailable, match=r"imagenet/train: SEMCOM_DATA is not set; unpack it there from https:"):
        imagenette.image_folder(1, 1)


@pytest.mark.parametrize("wrong", [{"train_per_class": 0}, {"test_per_class": 1.5}, {"num_classes": 0}, {"size": -1}])
def test_a_count_that_is_none_is_named(wrong):
    with pytest.raises(ValueError, match=rf"{next(iter(wrong))} = .* must be an integer of at least 1"):
        imagenette.image_folder(**{"train_per_class": 1, "test_per_class": 1} | wrong)


# the real archive, where it is


@pytest.fixture(scope="module")
def real():
    if not (Path(os.environ.get("SEMCOM_DATA", "/nowhere")).expanduser() / imagenette.MIRROR).is_file():
        pytest.skip(f"no {imagenette.MIRROR} in SEMCOM_DATA")
    return imagenette.imagenette()


def test_the_real_archive_has_1_000_and_500_different_pictures_28_of_them_grey(real):
    num_grey, seen = 0, set()
    for split, number in (("train", 100), ("test", 50)):
        images, labels = real[split]
        assert images.shape == (10 * number, 224, 224, 3)
        assert images.dtype == labels.dtype == np.uint8
        np.testing.assert_array_equal(labels, np.repeat(np.arange(10), number))
        num_grey += sum((image == image[..., :1]).all() for image in images)
        seen |= {hashlib.sha256(image.tobytes()).digest() for image in images}
    assert (num_grey, len(seen)) == (28, 1_500)  # 24 files of one channel, four of three equal ones


def test_the_committed_names_are_those_of_the_real_archive(real):
    with tarfile.open(Path(os.environ["SEMCOM_DATA"]).expanduser() / imagenette.MIRROR) as tar:
        paths = [member.name.split("/") for member in tar if member.isfile()]
    named = {"train": "train", "val": "test"}
    lines = sorted(f"{named[split]} {wnid}/{name}" for _, split, wnid, name in paths)
    assert lines == imagenette.SUBSET.read_text().splitlines()
