"""A small file of a public home of which no SHA-256 is known, only that of what it holds: who calls checks the content."""

from pathlib import Path
from urllib.parse import urlsplit

import pooch
import requests

from semcom_lib.sources import fetch


def download(name: str, *, url: str) -> Path:
    """The local path of ``url``'s file, kept in the download cache as ``name``. Raises NotFound.

    Who finds its content damaged removes it, or it would be found again.
    """
    try:
        pooch.get_logger().setLevel("WARNING")
        return Path(pooch.retrieve(url, None, fname=name, path=fetch.CACHE))
    except requests.RequestException as error:
        raise fetch.NotFound(name, "", None, f"{urlsplit(url).hostname}: {type(error).__name__}") from error
    except OSError as error:  # no room, or no right to write
        raise fetch.NotFound(name, "", None, f"{fetch.CACHE}: {error.strerror}") from error
