"""Fetching Consul: from a server of our own, since what matters is what the script does with an answer."""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "consul" / "get-consul"
VERSION = "1.19.2"
PROGRAM = f"#!/bin/sh\necho Consul v{VERSION}\n".encode()


def archive(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    return packed.getvalue()


RELEASE = archive(consul=PROGRAM, **{"LICENSE.txt": b"a licence"})


@dataclass
class Site:
    """A site with releases, and what was asked of it."""

    url: str
    content: bytes
    asked: list[str]


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            self.send_response(200 if served.content else 404)
            self.end_headers()
            self.wfile.write(served.content)

        def log_message(self, *args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served = Site(f"http://127.0.0.1:{server.server_port}/consul", RELEASE, [])
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        yield served
        server.shutdown()
        serving.join()


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The script with the digest of our own release in the place of every pinned one."""
    copy = tmp_path / "get-consul"
    text, pins = re.subn(r"\b[0-9a-f]{64}\b", hashlib.sha256(RELEASE).hexdigest(), SCRIPT.read_text())
    assert pins == 4
    copy.write_text(text)
    copy.chmod(0o755)
    return copy


def run(
    script: Path, site: str, *words: str | Path, path: str = "", home: Path = Path("/nonexistent")
) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": f"{path}:{os.environ['PATH']}", "CONSUL_RELEASES": site, "HOME": str(home)}
    return subprocess.run([script, *words], env=environ, capture_output=True, text=True, check=False)


def test_a_release_becomes_a_program(site: Site, script: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    outcome = run(script, site.url, folder)
    assert (outcome.returncode, outcome.stdout) == (0, f"{folder}/consul\n")
    assert [file.name for file in folder.iterdir()] == ["consul"]
    assert (folder / "consul").read_bytes() == PROGRAM
    assert os.access(folder / "consul", os.X_OK)
    (asked,) = site.asked
    assert re.fullmatch(rf"/consul/{VERSION}/consul_{VERSION}_(linux|darwin)_(amd64|arm64)\.zip", asked)


def test_it_goes_to_the_cache_unless_told(site: Site, script: Path, tmp_path: Path) -> None:
    outcome = run(script, site.url, home=tmp_path)
    assert outcome.stdout == f"{tmp_path}/.cache/proconsul/consul\n"


def test_a_program_that_is_there_is_left_alone(site: Site, script: Path, tmp_path: Path) -> None:
    run(script, site.url, tmp_path)
    outcome = run(script, site.url, tmp_path)
    assert (outcome.returncode, outcome.stdout, len(site.asked)) == (0, f"{tmp_path}/consul\n", 1)


def test_another_version_is_replaced(site: Site, script: Path, tmp_path: Path) -> None:
    (tmp_path / "consul").write_text("#!/bin/sh\necho Consul v1.0.0\n")
    (tmp_path / "consul").chmod(0o755)
    run(script, site.url, tmp_path)
    assert (tmp_path / "consul").read_bytes() == PROGRAM


def test_a_wrong_digest_leaves_nothing_behind(site: Site, script: Path, tmp_path: Path) -> None:
    site.content = archive(consul=b"#!/bin/sh\necho something else\n")
    folder = tmp_path / "folder"
    outcome = run(script, site.url, folder)
    assert (outcome.returncode, outcome.stdout) == (1, "")
    assert f"is not Consul {VERSION}, and was thrown away" in outcome.stderr
    assert hashlib.sha256(site.content).hexdigest() in outcome.stderr
    assert list(folder.iterdir()) == []


def test_the_pinned_digests_refuse_what_is_not_hashicorps(site: Site, tmp_path: Path) -> None:
    outcome = run(SCRIPT, site.url, tmp_path)
    assert (outcome.returncode, "was thrown away" in outcome.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", [True, False])
def test_a_site_that_has_it_not_is_told_with_what_to_do(
    site: Site, script: Path, tmp_path: Path, *, there: bool
) -> None:
    site.content = b""
    outcome = run(script, site.url if there else "http://127.0.0.1:1", tmp_path / "folder")
    assert (outcome.returncode, outcome.stdout) == (1, "")
    assert "could not fetch http://127.0.0.1" in outcome.stderr
    assert "CONSUL_BIN" in outcome.stderr
    assert "--consul embedded" in outcome.stderr
    assert list((tmp_path / "folder").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_fetched(
    site: Site, script: Path, tmp_path: Path
) -> None:
    # Below a file nobody can write, not even root.
    outcome = run(script, site.url, script / "folder")
    assert (outcome.returncode, site.asked) == (1, [])
    assert f"cannot write to {script}/folder" in outcome.stderr


def test_an_archive_without_the_program_is_refused(site: Site, script: Path, tmp_path: Path) -> None:
    site.content = archive(readme=b"nothing here")
    script.write_text(
        script.read_text().replace(hashlib.sha256(RELEASE).hexdigest(), hashlib.sha256(site.content).hexdigest())
    )
    outcome = run(script, site.url, tmp_path / "folder")
    assert (outcome.returncode, "could not be unpacked" in outcome.stderr) == (1, True)
    assert list((tmp_path / "folder").iterdir()) == []


def test_a_machine_without_a_release_is_told_so(site: Site, script: Path, tmp_path: Path) -> None:
    (tmp_path / "uname").write_text("#!/bin/sh\necho sparc\n")
    (tmp_path / "uname").chmod(0o755)
    outcome = run(script, site.url, tmp_path, path=str(tmp_path))
    assert (outcome.returncode, site.asked) == (1, [])
    assert "for sparc_sparc" in outcome.stderr
