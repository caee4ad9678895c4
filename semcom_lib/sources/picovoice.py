"""619 spoken coffee orders, 88.9 minutes of English in real rooms, 16 kHz and 16 bits  [Picovoice speech-to-intent benchmark].

A local mirror keeps them as one archive of FLAC files, their public home as WAV files; each recording is checked by the SHA-256 of
its little-endian int16 samples, whichever home it comes from. Apache-2.0.

The set names no speakers: "more than 50", about ten recordings each, says its README. ``voice_groups`` are ours, found by
clustering voice embeddings (resemblyzer 0.1.4, cosine distance 0.20): an estimate. A split by them is voice-group-disjoint, not
speaker-disjoint; 3.5 % of its test recordings have a near voice in training, 95 % in a random split.
"""

import csv
import hashlib
import tarfile
from pathlib import Path

import numpy as np

from semcom_lib.sources.download import download
from semcom_lib.sources.fetch import DataUnavailable, fetch, neither
from semcom_lib.sources.recordings import read_recording

RATE_HZ = 16_000
ARCHIVE = "picovoice-s2i-16k-flac.tar"
ARCHIVE_SHA256 = "a6d9e35b6a743801b4d715923a3a4745b2c1720e7fc2660b63e816b69ba83c75"
_CHECKSUMS = Path(__file__).with_name("picovoice.sha256")
_VOICE_GROUPS = Path(__file__).with_name("picovoice_voice_groups.csv")
_URL = (
    "https://raw.githubusercontent.com/Picovoice/speech-to-intent-benchmark/"
    "0a2397b26b4767ba6a655c4e351f73a264e62034/data/speech/clean/{}.wav"
)


def picovoice() -> dict[str, np.ndarray]:
    """{name: samples float32 (num_samples,) at RATE_HZ}, sorted by name. Raises DataUnavailable."""
    try:
        files = read_archive(fetch(ARCHIVE, sha256=ARCHIVE_SHA256))
    except DataUnavailable as not_in_mirror:
        return _from_public_home(not_in_mirror)
    if missing := _checksums().keys() - files.keys():
        raise DataUnavailable(f"{ARCHIVE}: the archive holds no {min(missing)}.flac; fetch it again")
    return {name: decode(files[name], name, sha256) for name, sha256 in _checksums().items()}


def voice_groups() -> dict[str, str]:
    """{name of a recording: its voice group}."""
    with _VOICE_GROUPS.open(newline="") as file:
        return {row["name"]: row["voice_group"] for row in csv.DictReader(file)}


def read_archive(archive: Path) -> dict[str, bytes]:
    """{name: bytes} of the archive's FLAC files. Raises DataUnavailable when it is truncated."""
    try:
        with tarfile.open(archive) as tar:
            members = [member for member in tar if member.isfile() and member.name.endswith(".flac")]
            return {Path(member.name).stem: tar.extractfile(member).read() for member in members}
    except (tarfile.TarError, EOFError, OSError) as error:
        why = str(error).split("\n")[0]
        raise DataUnavailable(f"{archive}: not a readable archive ({why}); fetch it again") from error


def decode(content: bytes, name: str, sha256: str) -> np.ndarray:
    """The samples of one file, checked: float32 (num_samples,). Raises DataUnavailable, one line, for any other content."""
    try:
        samples, rate_hz = read_recording(content, name)
    except ValueError as error:
        raise DataUnavailable(f"{error}; fetch it again") from error
    if rate_hz != RATE_HZ:
        raise DataUnavailable(f"{name} has {rate_hz} samples a second, must have {RATE_HZ}; fetch it again")
    levels = np.rint(samples * 2**15).astype("<i2")
    if hashlib.sha256(levels.tobytes()).hexdigest() != sha256:
        raise DataUnavailable(f"the samples of {name} have not the SHA-256 {sha256}; fetch it again")
    return samples


def _checksums() -> dict[str, str]:
    return {name: sha256 for sha256, name in map(str.split, _CHECKSUMS.read_text().splitlines())}


def _from_public_home(not_in_mirror: DataUnavailable) -> dict[str, np.ndarray]:
    recordings = {}
    for name, sha256 in _checksums().items():
        try:
            path = download(f"picovoice-{name}.wav", url=_URL.format(name))
        except DataUnavailable as nor_there:
            raise neither(not_in_mirror, nor_there) from nor_there
        try:
            recordings[name] = decode(path.read_bytes(), name, sha256)
        except DataUnavailable:
            path.unlink()
            raise
    return recordings
