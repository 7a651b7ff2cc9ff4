"""What is sealed is read by who has the secret, and by nobody else."""

from __future__ import annotations

from services.kit.auth.sealing import seal, unseal


def test_who_has_the_secret_reads_what_was_sealed() -> None:
    assert unseal(seal("tökens", "secret"), "secret") == "tökens"


def test_nobody_else_reads_it_or_changes_it() -> None:
    sealed = seal("tokens", "secret")
    assert b"tokens" not in sealed
    assert unseal(sealed, "another") is None
    assert unseal(b"", "secret") is None
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        assert unseal(bytes(changed), "secret") is None, place


def test_the_same_text_is_never_sealed_alike() -> None:
    assert seal("tokens", "secret") != seal("tokens", "secret")
