"""MNIST, the handwritten digits [LeCun et al. 1998]: 60,000 training and 10,000 test images of 28 x 28 grey levels.

A local mirror keeps the four IDX files as one archive, the public home each one compressed: both give the same bytes, checked
by the SHA-256 of the IDX file itself.
"""

import gzip
import hashlib
import tarfile
import zlib
from pathlib import Path

import numpy as np

from semcom_lib.sources.fetch import DataUnavailable, fetch, neither

ARCHIVE = "mnist-idx.tar.xz"
ARCHIVE_SHA256 = "284d6b6dd808390ea974f3a2b86a884367d2127449fabb25f634563e67e4199d"
_URL = "https://ossci-datasets.s3.amazonaws.com/mnist/"
IDX_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
GZ_SHA256 = {
    "train-images-idx3-ubyte": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
_MAGIC = b"\0\0\x08"  # unsigned bytes; the fourth byte is the number of dimensions


def mnist() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """{"train", "test"}: images uint8 (n, 28, 28) and labels uint8 (n,), in the files' own order. Raises DataUnavailable."""
    try:
        files = read_archive(fetch(ARCHIVE, sha256=ARCHIVE_SHA256))
    except DataUnavailable as not_in_mirror:
        files = _files_from_public_home(not_in_mirror)
    arrays = {}
    for name, expected in IDX_SHA256.items():
        if hashlib.sha256(files.get(name, b"")).hexdigest() != expected:
            raise DataUnavailable(f"MNIST: the content of {name} has not the SHA-256 {expected}; fetch it again")
        arrays[name] = parse_idx(files[name])
    return {
        split: (arrays[f"{prefix}-images-idx3-ubyte"], arrays[f"{prefix}-labels-idx1-ubyte"])
        for split, prefix in (("train", "train"), ("test", "t10k"))
    }


def read_archive(archive: Path) -> dict[str, bytes]:
    """{name: content} of a local archive's files. Raises DataUnavailable when it is truncated."""
    try:
        with tarfile.open(archive) as tar:
            return {Path(member.name).name: tar.extractfile(member).read() for member in tar if member.isfile()}
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DataUnavailable(f"{archive}: not a readable archive ({_why(error)}); fetch it again") from error


def parse_idx(content: bytes) -> np.ndarray:
    """The uint8 array of one IDX file: magic number, sizes as big-endian 32-bit numbers, then the values.

    Raises DataUnavailable when the header is another or the length does not fit it.
    """
    dimensions = content[3] if len(content) > 3 else 0
    start = 4 + 4 * dimensions
    if content[:3] != _MAGIC or not dimensions or len(content) < start:
        raise DataUnavailable("MNIST: not an IDX file of unsigned bytes; fetch it again")
    shape = np.frombuffer(content[4:start], dtype=">u4").astype(np.int64)
    if len(content) - start != shape.prod():
        raise DataUnavailable(
            f"MNIST: an IDX file of shape {tuple(shape.tolist())} holds {len(content) - start} values; fetch it again"
        )
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape).copy()


def _files_from_public_home(not_in_mirror: DataUnavailable) -> dict[str, bytes]:
    files = {}
    for name, sha256 in GZ_SHA256.items():
        try:
            files[name] = gzip.decompress(fetch(f"{name}.gz", sha256=sha256, url=f"{_URL}{name}.gz").read_bytes())
        except DataUnavailable as nor_there:
            raise neither(not_in_mirror, nor_there) from nor_there
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise DataUnavailable(f"{name}.gz: not a readable archive ({_why(error)}); fetch it again") from error
    return files


def _why(error: Exception) -> str:
    return str(error).split("\n")[0]
