"""Text that only who knows a secret can read: what is kept for somebody who keeps the secret himself."""

from __future__ import annotations

from hashlib import blake2b

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox


def seal(text: str, secret: str) -> bytes:
    """*text*, for whoever has *secret*, which is chance of 128 bits or more."""
    return bytes(_box(secret).encrypt(text.encode()))


def unseal(sealed: bytes, secret: str) -> str | None:
    """What was sealed; None: not by this secret, or it was changed."""
    try:
        return _box(secret).decrypt(sealed).decode()
    except CryptoError:
        return None


def _box(secret: str) -> SecretBox:
    return SecretBox(blake2b(secret.encode(), digest_size=SecretBox.KEY_SIZE, person=b"sealing").digest())
