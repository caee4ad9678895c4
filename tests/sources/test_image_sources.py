"""MNIST and CIFAR-10 from either of their homes give the same arrays; nothing damaged is parsed, no pickle runs code."""

import gzip
import hashlib
import io
import json
import os
import pickle
import tarfile
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image

from semcom_lib import seeds
from semcom_lib.sources import cifar10, embedded_images, fetch, image_sets, mnist

SIZES = {"train": 50, "test": 20}


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def write_tar(path, files, mode="w"):
    with tarfile.open(path, mode) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


@pytest.fixture
def homes(tmp_path, monkeypatch):
    """Two folders; nothing is asked of the network. Call it with "mirror" or "home" to look there."""
    for name in ("mirror", "home", "cache"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(fetch, "CACHE", tmp_path / "cache")

    def look_into(name):
        monkeypatch.setenv("SEMCOM_DATA", str(tmp_path / name))
        return tmp_path / name

    return look_into


# MNIST


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, dtype=">u4").tobytes() + array.tobytes()


@pytest.fixture
def small_mnist(homes, monkeypatch):
    rng = seeds.numpy_generator(1, "mnist")
    arrays = {}
    for prefix, n in (("train", 5), ("t10k", 3)):
        arrays[f"{prefix}-images-idx3-ubyte"] = rng.integers(256, size=(n, 28, 28), dtype=np.uint8)
        arrays[f"{prefix}-labels-idx1-ubyte"] = rng.integers(10, size=n, dtype=np.uint8)
    files = {name: idx(array) for name, array in arrays.items()}
    archive = homes("mirror") / mnist.ARCHIVE
    write_tar(archive, files, "w:xz")
    monkeypatch.setattr(mnist, "ARCHIVE_SHA256", sha256(archive.read_bytes()))
    monkeypatch.setattr(mnist, "IDX_SHA256", {name: sha256(content) for name, content in files.items()})
    packed = {name: gzip.compress(content, mtime=0) for name, content in files.items()}
    monkeypatch.setattr(mnist, "GZ_SHA256", {name: sha256(content) for name, content in packed.items()})
    for name, content in packed.items():
        (homes("home") / f"{name}.gz").write_bytes(content)
    return arrays


@pytest.mark.parametrize("home", ["mirror", "home"])
def test_mnist_is_the_same_from_either_home(small_mnist, homes, home):
    homes(home)
    splits = image_sets.load("mnist", 1)
    for split, prefix in (("train", "train"), ("test", "t10k")):
        np.testing.assert_array_equal(splits[split][0], small_mnist[f"{prefix}-images-idx3-ubyte"])
        np.testing.assert_array_equal(splits[split][1], small_mnist[f"{prefix}-labels-idx1-ubyte"])
        assert {array.dtype for array in splits[split]} == {np.dtype(np.uint8)}


def test_mnist_with_another_content_stops(small_mnist, homes, monkeypatch):
    homes("mirror")
    monkeypatch.setitem(mnist.IDX_SHA256, "t10k-labels-idx1-ubyte", "0" * 64)
    with pytest.raises(fetch.DataUnavailable, match=r"content of t10k-labels-idx1-ubyte has not the SHA-256 0000"):
        mnist.mnist()


def test_mnist_in_neither_home_names_both(small_mnist, homes, tmp_path, monkeypatch):
    monkeypatch.setattr(mnist, "_URL", "http://127.0.0.1:9/")
    homes("cache")
    with pytest.raises(fetch.DataUnavailable) as caught:
        mnist.mnist()
    message = str(caught.value)
    assert "\n" not in message
    assert all(part in message for part in (mnist.ARCHIVE, "127.0.0.1: ConnectionError"))


@pytest.mark.parametrize("kept", [0, 60, -2_000])
def test_a_truncated_mnist_archive_stops_in_one_line(small_mnist, homes, kept):
    cut = homes("home") / "cut.tar.xz"
    cut.write_bytes((homes("mirror") / mnist.ARCHIVE).read_bytes()[:kept])
    with pytest.raises(fetch.DataUnavailable, match=r"cut\.tar\.xz: not a readable archive") as caught:
        mnist.read_archive(cut)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "not an IDX file"), (b"\0\0\x0d\1\0\0\0\1x", "not an IDX file"), (b"\0\0\x08\1\0\0\0\2x", "holds 1 values")],
)
def test_what_is_no_idx_file_stops(content, why):
    with pytest.raises(fetch.DataUnavailable, match=why):
        mnist.parse_idx(content)


# CIFAR-10


class Python2Pickler(pickle._Pickler):
    """Writes texts and bytes as Python 2 wrote its strings, as the official batches do."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_string(self, value):
        content = value if isinstance(value, bytes) else value.encode()
        self.write(pickle.BINSTRING + len(content).to_bytes(4, "little") + content)
        self.memoize(value)

    dispatch[bytes] = dispatch[str] = save_string


def official_batch(images, labels, names):
    planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    batch = {"data": planes, "labels": [int(label) for label in labels], "filenames": names, "batch_label": "a batch"}
    buffer = io.BytesIO()
    Python2Pickler(buffer, protocol=2).dump(batch)
    return buffer.getvalue().replace(b"numpy._core.multiarray", b"numpy.core.multiarray")  # its name at the time


@pytest.fixture
def small_cifar(homes, monkeypatch):
    """Both layouts of the same pictures; the official one in another order. Returns the canonical splits."""
    rng = seeds.numpy_generator(1, "cifar10")
    canonical, mirror, official = {}, {}, {}
    for split, n in SIZES.items():
        images = rng.integers(256, size=(n, 32, 32, 3), dtype=np.uint8)
        labels = np.sort(rng.integers(10, size=n, dtype=np.uint8))
        names = [f"picture_s_{i:06d}.png" for i in range(n)]
        canonical[split] = images, labels
        for k, strip in enumerate(images.reshape(2, n // 2 * 32, 32, 3)):
            buffer = io.BytesIO()
            Image.fromarray(strip).save(buffer, "webp", lossless=True)
            mirror[f"packed/{split}_{k:03d}.webp"] = buffer.getvalue()
        about = {"labels": labels.tolist(), "filenames": names, "sha256_rgb_hwc_uint8": sha256(images.tobytes())}
        mirror[f"packed/{split}.json"] = json.dumps(about).encode()
        batches = cifar10._OFFICIAL_BATCHES[split]
        for name, part in zip(batches, np.array_split(rng.permutation(n), len(batches)), strict=True):
            batch = official_batch(images[part], labels[part], [names[i] for i in part])
            official[f"cifar-10-batches-py/{name}"] = batch
        monkeypatch.setitem(cifar10.PIXELS_SHA256, split, sha256(images.tobytes()))
    write_tar(homes("mirror") / cifar10.MIRROR, mirror)
    write_tar(homes("home") / cifar10.OFFICIAL, official, "w:gz")
    monkeypatch.setattr(cifar10, "MIRROR_SHA256", sha256((homes("mirror") / cifar10.MIRROR).read_bytes()))
    monkeypatch.setattr(cifar10, "OFFICIAL_SHA256", sha256((homes("home") / cifar10.OFFICIAL).read_bytes()))
    return canonical


@pytest.mark.parametrize("home", ["mirror", "home"])
def test_cifar10_is_the_same_from_either_home(small_cifar, homes, home):
    homes(home)
    splits = image_sets.load("cifar10", 1)
    for split, (images, labels) in small_cifar.items():
        np.testing.assert_array_equal(splits[split][0], images)
        np.testing.assert_array_equal(splits[split][1], labels)
        assert splits[split][0].flags.c_contiguous


def test_cifar10_with_other_pixels_stops(small_cifar, homes, monkeypatch):
    homes("mirror")
    monkeypatch.setitem(cifar10.PIXELS_SHA256, "test", "0" * 64)
    with pytest.raises(fetch.DataUnavailable, match=r"the test pixels have not the SHA-256 0000"):
        cifar10.cifar10()


@pytest.mark.parametrize("kept", [0, 5_000, -40])
@pytest.mark.parametrize("layout", ["mirror", "home"])
def test_a_truncated_cifar10_archive_stops_in_one_line(small_cifar, homes, layout, kept):
    whole, read = (
        (homes("mirror") / cifar10.MIRROR, cifar10.read_mirror)
        if layout == "mirror"
        else (homes("home") / cifar10.OFFICIAL, cifar10.read_official)
    )
    kept = kept if layout == "home" else min(kept, 0) * 2_000  # a tar ends in much padding
    cut = whole.with_name("cut.tar")
    cut.write_bytes(whole.read_bytes()[:kept])
    with pytest.raises(fetch.DataUnavailable, match=r"cut\.tar: not a readable archive") as caught:
        read(cut)
    assert "\n" not in str(caught.value)


def test_an_archive_without_a_split_stops(homes):
    path = homes("mirror") / "empty.tar"
    write_tar(path, {"packed/notes.txt": b"nothing"})
    for read in (cifar10.read_mirror, cifar10.read_official):
        with pytest.raises(fetch.DataUnavailable, match=r"empty\.tar: not a readable archive"):
            read(path)


class Evil:
    def __reduce__(self):
        return os.mkdir, ("was_run",)


def test_a_pickle_cannot_run_code(homes, monkeypatch):
    folder = homes("home")
    monkeypatch.chdir(folder)
    names = [name for batches in cifar10._OFFICIAL_BATCHES.values() for name in batches]
    write_tar(folder / "evil.tar.gz", {f"x/{name}": pickle.dumps(Evil()) for name in names}, "w:gz")
    with pytest.raises(fetch.DataUnavailable, match=r"mkdir has no place in a batch of pictures"):
        cifar10.read_official(folder / "evil.tar.gz")
    assert not (folder / "was_run").exists()


# generated images


@pytest.mark.parametrize(("name", "shape"), [("digits", (28, 28)), ("textures", (32, 32, 3))])
def test_generated_images_are_always_the_same_and_their_classes_equally_many(name, shape):
    draw = getattr(embedded_images, name)
    (images, labels), (again, _), (other, _) = draw(60, 1, "train"), draw(60, 1, "train"), draw(60, 1, "test")
    assert images.shape == (60, *shape)
    assert images.dtype == labels.dtype == np.uint8
    np.testing.assert_array_equal(images, again)
    assert not np.array_equal(images, other)
    assert np.bincount(labels).tolist() == [6] * 10
    assert len(np.unique(images.reshape(60, -1), axis=0)) == 60


def test_generated_digits_are_bright_strokes_inside_a_black_frame():
    images, _ = embedded_images.digits(200, 1, "train")
    share_of_ink = (images > 100).mean(axis=(1, 2))
    assert share_of_ink.min() > 0.03
    assert share_of_ink.max() < 0.35
    assert (images[:, 0] > 100).mean() < 0.01


def test_an_unknown_image_set_is_named():
    with pytest.raises(ValueError, match=r"images = 'svhn' is unknown; one of: mnist, cifar10, embedded_digits"):
        image_sets.load("svhn", 1)
    assert set(image_sets.CAPTIONS) == {"mnist", "cifar10", "embedded_digits", "embedded_textures"}
    assert all("demo" in image_sets.CAPTIONS[name] for name in ("embedded_digits", "embedded_textures"))
