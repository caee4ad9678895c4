"""VoiceBank's clean utterances, 30 speakers, 48 kHz: the set of the paper  [deepsc_s Sec. V; Valentini-Botinhao 2017].

It is 2.3 GB in two archives of Edinburgh DataShare, 10283/2791, which must be unpacked by hand: SEMCOM_DATA/voicebank/ holds the
folders FOLDERS with their WAV files, named <speaker>_<number>. No checksum of these is known to us: the numbers of files and of
speakers are checked, and each file as any recording.
"""

import os
from pathlib import Path

import numpy as np

from semcom_lib.progress import Progress
from semcom_lib.sources.fetch import DataUnavailable
from semcom_lib.sources.recordings import read_recording, resample

RATE_HZ = 16_000
HOME = "https://datashare.ed.ac.uk/handle/10283/2791"
FOLDERS = {"clean_trainset_28spk_wav": (11_572, 28), "clean_testset_wav": (824, 2)}
"""Files and speakers of each."""


def voicebank(min_seconds: float) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """{name: samples float32 (num_samples,) at RATE_HZ} and {name: its speaker}, sorted by name.

    Utterances shorter than ``min_seconds`` are left out: no clip fits in. Raises DataUnavailable, one line, for folders that are
    missing or not whole, and for a file that is no recording.
    """
    files = [file for folder, expected in FOLDERS.items() for file in _files_of(folder, *expected)]
    recordings, progress = {}, Progress("VoiceBank", len(files))
    for number, file in enumerate(sorted(files, key=lambda file: file.stem), start=1):
        try:
            samples, rate_hz = read_recording(file.read_bytes(), str(file))
        except ValueError as error:
            raise DataUnavailable(f"{error}; unpack it again") from error
        if len(samples) >= min_seconds * rate_hz:
            recordings[file.stem] = resample(samples, rate_hz, RATE_HZ)
        progress.update(number)
    return recordings, {name: _speaker(name) for name in recordings}


def _files_of(folder: str, num_files: int, num_speakers: int) -> list[Path]:
    given = os.environ.get("SEMCOM_DATA")
    if not given:
        raise DataUnavailable(f"voicebank/{folder}: SEMCOM_DATA is not set; unpack it there from {HOME}")
    where = Path(given).expanduser() / "voicebank" / folder
    files = list(where.glob("*.wav"))
    found = (len(files), len({_speaker(file.stem) for file in files}))
    if found != (num_files, num_speakers):
        raise DataUnavailable(
            f"{where}: {found[0]} WAV files of {found[1]} speakers, must be {num_files} of {num_speakers}; from {HOME}"
        )
    return files


def _speaker(name: str) -> str:
    return name.partition("_")[0]
