"""Raw datasets: from the ``SEMCOM_DATA`` directory, else from the public home; by checksum either way.

Nothing here falls back to other data: a file that can be had from neither place, or whose SHA-256 is wrong, stops
the caller with one message that names the file, both places, the checksum and the way out.
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

import pooch
import requests

CACHE = pooch.os_cache("semcom")
_TIMEOUT_S = 30
_SHOWN_PATH, _SHOWN_DIGITS = 24, 8  # characters, hexadecimal digits: a message is read in one line of a terminal


class DataUnavailable(RuntimeError):
    """A raw dataset that can be had from neither place, or is not what its checksum says."""


class NotFound(DataUnavailable):
    """Neither place has the file; the message says what was found in each, in at most 200 characters for our names."""

    def __init__(self, name: str, sha256: str, mirror: str | None, home: str | None) -> None:
        self.name, self.sha256, self.mirror, self.home = name, sha256, mirror, home
        shown = mirror if mirror is None or len(mirror) <= _SHOWN_PATH else f"...{mirror[3 - _SHOWN_PATH :]}"
        if mirror is None:
            looked, way_out = "SEMCOM_DATA is not set", "set it to a folder with the file"
        elif Path(mirror).is_dir():
            looked, way_out = f"not in SEMCOM_DATA = {shown}", "put it there"
        else:
            looked, way_out = f"SEMCOM_DATA = {shown} is no folder", "correct it"
        places = looked if home is None else f"{looked}, {home}"
        super().__init__(
            f"{name} (SHA-256 {sha256[:_SHOWN_DIGITS]}...): {places}; {way_out}, or run the demo: make repro"
        )


def neither(in_mirror: DataUnavailable, at_home: DataUnavailable) -> DataUnavailable:
    """The one message for data that come as one file from the mirror and as others from their public home."""
    if isinstance(in_mirror, NotFound) and isinstance(at_home, NotFound):
        return NotFound(in_mirror.name, in_mirror.sha256, in_mirror.mirror, at_home.home)
    return at_home if isinstance(in_mirror, NotFound) else in_mirror  # the one that is there, but damaged


def fetch(name: str, *, sha256: str, url: str | None = None) -> Path:
    """The local path of the raw file ``name`` with the given SHA-256.

    Looked for in the directory that the environment variable SEMCOM_DATA names, then in the download cache, then at
    ``url`` (the download resumes where an earlier one was cut off). Raises DataUnavailable.
    """
    mirror = str(Path(given).expanduser()) if (given := os.environ.get("SEMCOM_DATA")) else None
    if mirror:
        local = Path(mirror) / name
        if local.is_file():
            return _checked(local, sha256)
    if url is None:
        raise NotFound(name, sha256, mirror, None)
    try:
        pooch.get_logger().setLevel("WARNING")
        found = pooch.retrieve(url, f"sha256:{sha256}", fname=name, path=CACHE, downloader=_resuming_download)
    except requests.RequestException as error:
        raise NotFound(name, sha256, mirror, f"{urlsplit(url).hostname}: {type(error).__name__}") from error
    except OSError as error:  # no room, or no right to write
        raise NotFound(name, sha256, mirror, f"{CACHE}: {error.strerror}") from error
    except ValueError as error:  # pooch's word for a checksum that does not match
        raise NotFound(name, sha256, mirror, f"{urlsplit(url).hostname}: has another checksum") from error
    return Path(found)


def _checked(path: Path, sha256: str) -> Path:
    found = pooch.file_hash(str(path), alg="sha256")
    if found != sha256:
        raise DataUnavailable(f"{path}: SHA-256 is {found}, must be {sha256}; the file is damaged or another release")
    return path


def _resuming_download(url: str, output_file: str, _: pooch.Pooch) -> None:
    """pooch's downloader: continue ``<cache>/<name>.part`` by a range request, then move it into place."""
    part = CACHE / (url.rsplit("/", 1)[1] + ".part")
    have = part.stat().st_size if part.is_file() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT_S) as response:
        if response.status_code != requests.codes.requested_range_not_satisfiable:  # else: it was complete
            response.raise_for_status()
            appends = response.status_code == requests.codes.partial_content
            with part.open("ab" if appends else "wb") as file:
                for chunk in response.iter_content(1 << 20):
                    file.write(chunk)
    part.replace(output_file)
