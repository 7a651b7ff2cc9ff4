"""Certificates for tests, in files as an operator would have them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization


@dataclass(frozen=True, slots=True)
class Files:
    """A certificate and its key in PEM, each in a file."""

    cert: str
    key: str

    def context(self) -> ssl.SSLContext:
        """What a server shows it with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        return context

    def in_one(self) -> str:
        """A file that holds both."""
        both = Path(self.cert).with_suffix(".pem")
        both.write_bytes(Path(self.key).read_bytes() + Path(self.cert).read_bytes())
        return str(both)

    def lock(self) -> None:
        """Encrypt the key with a password."""
        key = serialization.load_pem_private_key(Path(self.key).read_bytes(), None)
        secret = serialization.BestAvailableEncryption(b"password")
        form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        Path(self.key).write_bytes(key.private_bytes(*form, secret))

    def spoil(self) -> None:
        """Leave the certificate half written."""
        Path(self.cert).write_text("half of it", encoding="utf-8")


class Authority:
    """Somebody who signs, with his files in one folder."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._ca = trustme.CA()
        self._folder = folder
        self.file = str(folder / f"{name}.pem")
        self._ca.cert_pem.write_to_path(self.file)

    @contextmanager
    def in_the_file_of(self, other: Authority) -> Iterator[None]:
        """Let whoever trusts the *other* one's file trust this one, too, while the block lasts."""
        before = Path(other.file).read_bytes()
        self._ca.cert_pem.write_to_path(other.file, append=True)
        yield
        Path(other.file).write_bytes(before)

    async def names_at(self, port: int) -> set[str]:
        """The names of the certificate that is shown at a port of this host, which has to be signed by us."""
        context = ssl.create_default_context(cafile=self.file)
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        shown = writer.get_extra_info("peercert")["subjectAltName"]
        writer.close()
        await writer.wait_closed()
        return {name for _, name in shown}

    def signs(self, *names: str, file: str = "server", expired: bool = False) -> Files:
        """A certificate for *names*: hosts, addresses, services."""
        made = self._ca.issue_cert(
            *names,
            not_before=datetime(2020, 1, 1, tzinfo=UTC) if expired else None,
            not_after=datetime(2020, 1, 2, tzinfo=UTC) if expired else None,
        )
        cert, key = self._folder / f"{file}.crt", self._folder / f"{file}.key"
        cert.write_bytes(b"".join(each.bytes() for each in made.cert_chain_pems))
        made.private_key_pem.write_to_path(key)
        return Files(str(cert), str(key))
