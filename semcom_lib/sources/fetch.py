"""Raw datasets: from the ``SEMCOM_DATA`` directory, else from the public home; by checksum either way.

Nothing here falls back to other data: a file that can be had from neither place, or whose SHA-256 is wrong, stops
the caller with one message that names the file, both places, the checksum and the way out.
"""

import os
from pathlib import Path

import pooch
import requests

CACHE = pooch.os_cache("semcom")
_TIMEOUT_S = 30


class DataUnavailable(RuntimeError):
    """A raw dataset that can be had from neither place, or is not what its checksum says."""


def fetch(name: str, *, sha256: str, url: str | None = None) -> Path:
    """The local path of the raw file ``name`` with the given SHA-256.

    Looked for in the directory that the environment variable SEMCOM_DATA names, then in the download cache, then at
    ``url`` (the download resumes where an earlier one was cut off). Raises DataUnavailable.
    """
    mirror = os.environ.get("SEMCOM_DATA")
    if mirror:
        local = Path(mirror) / name
        if local.is_file():
            return _checked(local, sha256)
    if url is not None:
        try:
            pooch.get_logger().setLevel("WARNING")
            found = pooch.retrieve(url, f"sha256:{sha256}", fname=name, path=CACHE, downloader=_resuming_download)
        except (requests.RequestException, OSError) as error:
            raise _unavailable(name, sha256, url, mirror, type(error).__name__) from error
        except ValueError as error:  # pooch's word for a checksum that does not match
            raise _unavailable(name, sha256, url, mirror, "the download's checksum is another") from error
        return Path(found)
    raise _unavailable(name, sha256, url, mirror, "not in that directory")


def _checked(path: Path, sha256: str) -> Path:
    found = pooch.file_hash(str(path), alg="sha256")
    if found != sha256:
        raise DataUnavailable(f"{path}: SHA-256 is {found}, must be {sha256}; the file is damaged or another release")
    return path


def _unavailable(name: str, sha256: str, url: str | None, mirror: str | None, why: str) -> DataUnavailable:
    return DataUnavailable(
        f"{name} cannot be had ({why}): looked in SEMCOM_DATA = {mirror or '(not set)'} and at {url or '(no address)'}; "
        f"put the file with SHA-256 {sha256} into SEMCOM_DATA, or run the demo on generated data: make repro"
    )


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
