"""A sealed text opens to what was sealed, and is of that text only."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from hashlib import sha256
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from eventstore.privacy.sealed import (
    COMMITMENT_BYTES,
    NOT_COMMITTING,
    Opened,
    Parts,
    VaultBroken,
    commitment_of,
    open_sealed,
    parts_of,
    seal,
)

KEY_ID = UUID("0f8fad5b-d9cb-469f-a165-70867728950e")
KEY = bytes(range(32, 64))
WHO = "directory/zhang"
PHONE = "+86 138 0000 0000 张三"
BEFORE = (
    f"sealed:v1:{KEY_ID}:zRGPCJOhwFDSOyTf4BSOlsvRfl0qkuldymtx52+EDPOSp//1YdUaVoyL+46DAprVjXQZWw=="
)
"""PHONE as the program sealed it before there were commitments."""


def opened(sealed: str, key: bytes = KEY, subject: str = WHO) -> Opened:
    parts = parts_of(sealed)
    assert isinstance(parts, Parts)
    return open_sealed(parts, key, subject)


def content_of(sealed: str) -> bytes:
    return b64decode(sealed.rpartition(":")[2])


def remade(content: bytes) -> str:
    return f"sealed:v2:{KEY_ID}:{b64encode(content).decode()}"


def test_what_was_sealed_before_opens_and_proves_to_nobody_which_text_it_was() -> None:
    assert opened(BEFORE) == Opened(PHONE, WHO, None)
    assert seal(KEY_ID, KEY, WHO, PHONE, NOT_COMMITTING) == BEFORE


def test_what_is_sealed_opens_with_what_proves_it() -> None:
    sealed = seal(KEY_ID, KEY, WHO, PHONE)
    found = opened(sealed)
    assert (found.text, found.subject) == (PHONE, WHO)
    assert found.opening is not None
    about = WHO.encode()
    proven = b"muster/sealed/v2\0" + found.opening + len(about).to_bytes(4, "big") + about
    assert content_of(sealed)[:32] == sha256(proven + PHONE.encode()).digest()


@pytest.mark.parametrize("text", ["", "x", PHONE, "y" * 2_000])
def test_sealing_again_gives_the_same(text: str) -> None:
    assert seal(KEY_ID, KEY, WHO, text) == seal(KEY_ID, KEY, WHO, text)
    assert opened(seal(KEY_ID, KEY, WHO, text)).text == text


def test_neither_another_text_nor_another_subject_nor_another_opening_is_proven() -> None:
    sealed = seal(KEY_ID, KEY, WHO, PHONE)
    opening = opened(sealed).opening or b""
    commitment = content_of(sealed)[:COMMITMENT_BYTES]
    assert commitment_of(opening, WHO, PHONE) == commitment
    for other in (
        (opening, WHO, f"{PHONE} "),
        (opening, "directory/zhan", f"g{PHONE}"),
        (bytes(32), WHO, PHONE),
    ):
        assert commitment_of(*other) != commitment


def test_a_ciphertext_of_another_text_under_a_commitment_is_not_opened() -> None:
    """Whoever has the key can encrypt anything under a commitment; it does not open."""
    commitment = content_of(seal(KEY_ID, KEY, WHO, PHONE))[:COMMITMENT_BYTES]
    cipher = AESGCM(hmac.digest(KEY, b"muster/vault/v2/cipher", "sha256"))
    forged = cipher.encrypt(commitment[:12], b"another text", commitment + WHO.encode())
    with pytest.raises(VaultBroken, match="commits to"):
        opened(remade(commitment + forged))


@pytest.mark.parametrize("at", [0, 31, 32, -1])
def test_nothing_of_it_can_be_changed(at: int) -> None:
    content = bytearray(content_of(seal(KEY_ID, KEY, WHO, PHONE)))
    content[at] ^= 1
    with pytest.raises(VaultBroken):
        opened(remade(bytes(content)))


@pytest.mark.parametrize("size", [1, 31, 32, 47])
def test_what_was_cut_is_not_opened(size: int) -> None:
    with pytest.raises(VaultBroken):
        opened(remade(content_of(seal(KEY_ID, KEY, WHO, PHONE))[:size]))


@pytest.mark.parametrize(("key", "subject"), [(bytes(32), WHO), (KEY, "directory/li")])
def test_another_key_or_subject_opens_nothing(key: bytes, subject: str) -> None:
    for sealed in (BEFORE, seal(KEY_ID, KEY, WHO, PHONE)):
        with pytest.raises(VaultBroken):
            opened(sealed, key, subject)
