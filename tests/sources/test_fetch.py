"""Raw data by checksum: the mirror first, then the public home; nothing damaged is ever parsed."""

import hashlib
import http.server
import io
import tarfile
import threading

import pytest
import requests

from semcom_lib.sources import cifar10, corpora, europarl, fetch, mnist

CONTENT = bytes(range(256)) * 40
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class RangeHandler(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT, honours range requests, and remembers what was asked for."""

    def do_GET(self):
        asked = self.headers.get("Range")
        self.server.asked.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        if start >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        self.wfile.write(CONTENT[start:])

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "CACHE", tmp_path / "cache")
    (tmp_path / "cache").mkdir()
    monkeypatch.delenv("SEMCOM_DATA", raising=False)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), RangeHandler) as running:
        running.asked = []
        threading.Thread(target=running.serve_forever, daemon=True).start()
        running.url = f"http://127.0.0.1:{running.server_port}/raw.bin"
        yield running
        running.shutdown()


def test_the_mirror_comes_first(tmp_path, monkeypatch, server):
    (tmp_path / "raw.bin").write_bytes(CONTENT)
    monkeypatch.setenv("SEMCOM_DATA", str(tmp_path))
    assert fetch.fetch("raw.bin", sha256=SHA256, url=server.url) == tmp_path / "raw.bin"
    assert server.asked == []


def test_a_wrong_checksum_in_the_mirror_stops(tmp_path, monkeypatch):
    (tmp_path / "raw.bin").write_bytes(CONTENT[:-1])
    monkeypatch.setenv("SEMCOM_DATA", str(tmp_path))
    with pytest.raises(fetch.DataUnavailable, match=rf"raw.bin: SHA-256 is .* must be {SHA256}"):
        fetch.fetch("raw.bin", sha256=SHA256)


def test_a_download_is_checked_and_cached(server):
    for _ in range(2):
        assert fetch.fetch("raw.bin", sha256=SHA256, url=server.url).read_bytes() == CONTENT
    assert server.asked == [None]


@pytest.mark.parametrize("have", [1_000, len(CONTENT)])
def test_a_download_resumes_where_it_was_cut_off(server, have):
    (fetch.CACHE / "raw.bin.part").write_bytes(CONTENT[:have])
    assert fetch.fetch("raw.bin", sha256=SHA256, url=server.url).read_bytes() == CONTENT
    assert server.asked == [f"bytes={have}-"]


def test_a_download_with_another_checksum_stops(server):
    with pytest.raises(fetch.DataUnavailable, match=r"127\.0\.0\.1: has another checksum"):
        fetch.fetch("raw.bin", sha256="0" * 64, url=server.url)


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """No file in the cache, and no public home that answers."""
    monkeypatch.setattr(fetch, "CACHE", tmp_path / "cache")
    (tmp_path / "cache").mkdir()

    def refused(*_, **__):
        raise requests.ConnectionError

    monkeypatch.setattr(requests, "get", refused)


def said_by(source):
    with pytest.raises(fetch.DataUnavailable) as caught:
        source()
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) <= 200
    assert message.endswith("or run the demo: make repro")
    return message


HOMES = {
    europarl.europarl_1996_2001: "raw.githubusercontent.com",
    europarl.europarl_v7: "www.statmt.org",
    mnist.mnist: "ossci-datasets.s3.amazonaws.com",
    cifar10.cifar10: "www.cs.toronto.edu",
}


@pytest.mark.parametrize("source", HOMES, ids=lambda source: source.__name__)
def test_data_in_neither_place_are_a_message_that_a_terminal_shows_whole_and_that_is_true(nowhere, monkeypatch, source):
    home = f"{HOMES[source]}: ConnectionError"
    monkeypatch.delenv("SEMCOM_DATA", raising=False)
    assert f"): SEMCOM_DATA is not set, {home}; set it to a folder with the file" in said_by(source)
    monkeypatch.setenv("SEMCOM_DATA", "/")
    assert f"): not in SEMCOM_DATA = /, {home}; put it there" in said_by(source)
    monkeypatch.setenv("SEMCOM_DATA", "/no/such/folder" + "/long" * 50)
    assert f"long/long is no folder, {home}; correct it" in said_by(source)


def test_the_message_names_the_file_and_its_checksum(nowhere, monkeypatch):
    monkeypatch.delenv("SEMCOM_DATA", raising=False)
    message = said_by(lambda: fetch.fetch("raw.bin", sha256=SHA256))
    assert message.startswith(f"raw.bin (SHA-256 {SHA256[:8]}...): SEMCOM_DATA is not set; set it to")


def test_a_damaged_file_in_the_mirror_is_named_before_a_public_home_that_does_not_answer(
    nowhere, tmp_path, monkeypatch
):
    (tmp_path / mnist.ARCHIVE).write_bytes(CONTENT)
    monkeypatch.setenv("SEMCOM_DATA", str(tmp_path))
    with pytest.raises(fetch.DataUnavailable, match=rf"{mnist.ARCHIVE}: SHA-256 is {SHA256}"):
        mnist.mnist()


def test_the_tilde_in_semcom_data_is_the_home_directory(tmp_path, monkeypatch):
    (tmp_path / "corpora").mkdir()
    (tmp_path / "corpora" / "raw.bin").write_bytes(CONTENT)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SEMCOM_DATA", "~/corpora")
    assert fetch.fetch("raw.bin", sha256=SHA256) == tmp_path / "corpora" / "raw.bin"


def write_archive(path, days):
    with tarfile.open(path, "w:xz") as tar:
        for day, content in days.items():
            member = tarfile.TarInfo(f"txt/en/{day}.txt")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def test_mirror_and_public_home_give_the_same_lines(tmp_path, monkeypatch):
    days = {"ep-96-04-15": "Barón said\nyes .\n", "ep-96-04-16": "\nno .\n"}
    mirror, home = tmp_path / "mirror", tmp_path / "home"
    mirror.mkdir()
    home.mkdir()
    write_archive(mirror / europarl.ARCHIVE, {day: lines.encode() for day, lines in days.items()})
    for day, lines in days.items():
        (home / f"{day}.al").write_bytes(lines.encode("iso-8859-1"))
    rows = [f"{hashlib.sha256(lines.encode('iso-8859-1')).hexdigest()}  {day}\n" for day, lines in days.items()]
    (tmp_path / "days.sha256").write_text("".join(rows))
    monkeypatch.setattr(
        europarl, "ARCHIVE_SHA256", hashlib.sha256((mirror / europarl.ARCHIVE).read_bytes()).hexdigest()
    )
    monkeypatch.setattr(europarl, "_DAY_CHECKSUMS", tmp_path / "days.sha256")
    monkeypatch.setenv("SEMCOM_DATA", str(mirror))
    from_mirror = europarl.europarl_1996_2001()
    monkeypatch.setenv("SEMCOM_DATA", str(home))
    assert europarl.europarl_1996_2001() == from_mirror
    assert from_mirror["ep-96-04-15"] == ["Barón said", "yes .", ""]


@pytest.mark.parametrize("kept", [0, 100, -50])
def test_a_truncated_archive_stops_in_one_line(tmp_path, kept):
    whole = tmp_path / "whole.tar.xz"
    write_archive(whole, {f"ep-{i}": bytes(str(i), "ascii") * 5_000 for i in range(5)})
    (tmp_path / "cut.tar.xz").write_bytes(whole.read_bytes()[:kept])
    with pytest.raises(fetch.DataUnavailable, match=r"cut\.tar\.xz: not a readable archive") as caught:
        europarl.read_archive(tmp_path / "cut.tar.xz")
    assert "\n" not in str(caught.value)


def test_an_archive_without_days_stops(tmp_path):
    write_archive(tmp_path / "empty.tar.xz", {})
    with pytest.raises(fetch.DataUnavailable, match=r"holds no txt/en"):
        europarl.read_archive(tmp_path / "empty.tar.xz")


def test_an_unknown_corpus_is_named():
    with pytest.raises(
        ValueError, match=r"corpus = 'brown' is unknown; one of: embedded, europarl_1996_2001, europarl_v7"
    ):
        corpora.load("brown", 1)
