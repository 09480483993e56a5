"""A sealed text: what it is made of, how it is opened, and what proves which text it was.

    sealed:v2:<key id>:<base64 of commitment, ciphertext and tag>

    opening    = HMAC-SHA256( the subject's key for openings, sized subject | text )
    commitment = SHA-256( "muster/sealed/v2" 00 | opening | sized subject | text )
    ciphertext = AES-256-GCM( the subject's key for texts, nonce: 12 bytes of the commitment,
                              associated data: commitment | subject )

"Sized" puts the length before it, 4 bytes, big-endian. A ciphertext of AES-GCM alone can be made to
open to one text under one key and to another under another; the commitment stands in the log and
is of one text only. Who is shown a text gets its opening too, and with it anybody computes the
commitment, without any key. The opening of one text says nothing about another's, and without it a
commitment says nothing about the text: so it may stay when the key is destroyed.

`sealed:v1:<key id>:<base64 of nonce, ciphertext and tag>` was written before: it has no commitment.
Sealing the same text for the same subject gives the same, so that recording it again is recognised.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
COMMITMENT_BYTES = 32

NOT_COMMITTING, COMMITTING = 1, 2
"""Versions of a sealed text."""

COMMITMENT_TAG = b"muster/sealed/v2\x00"

SEALED = re.compile(r"sealed:v(?P<version>[12]):(?P<key>[0-9a-f-]{36}):(?P<sealed>[A-Za-z0-9+/=]+)")


class VaultBroken(Exception):
    """A key or a sealed text is not one of this vault's, or was tampered with."""


class Parts(NamedTuple):
    """What a sealed text consists of."""

    version: int
    key_id: UUID
    content: bytes
    """Version 1: nonce and ciphertext; version 2: commitment and ciphertext."""


class Opened(NamedTuple):
    """A text that was sealed, and what proves that it was this one."""

    text: str
    subject: str
    opening: bytes | None
    """None where the seal does not commit: nothing proves to others which text it was."""


def seal(key_id: UUID, key: bytes, subject: str, text: str, version: int = COMMITTING) -> str:
    """Seal a text with the key of its subject."""
    make = _committed if version == COMMITTING else _uncommitted
    content = make(key, subject.encode(), text.encode())
    return f"sealed:v{version}:{key_id}:{b64encode(content).decode()}"


def parts_of(sealed: str) -> Parts | VaultBroken:
    """Return what a sealed text consists of, or what is wrong with it."""
    found = SEALED.fullmatch(sealed)
    if found is None:
        return VaultBroken("this was not sealed by a vault")
    try:
        content = b64decode(found["sealed"], validate=True)
        return Parts(int(found["version"]), UUID(found["key"]), content)
    except ValueError:  # also of base64
        return VaultBroken("this was not sealed by a vault: no key id, or no base64")


def open_sealed(parts: Parts, key: bytes, subject: str) -> Opened:
    """Open what was sealed with this key for this subject. Raises VaultBroken."""
    about = subject.encode()
    if parts.version == NOT_COMMITTING:
        plain = decrypted(AESGCM(_derived(key, 1, b"cipher")), parts.content, about)
        return Opened(plain.decode(), subject, None)
    commitment, ciphertext = parts.content[:COMMITMENT_BYTES], parts.content[COMMITMENT_BYTES:]
    nonce, aad = commitment[:NONCE_BYTES], commitment + about
    plain = decrypted(AESGCM(_derived(key, 2, b"cipher")), nonce + ciphertext, aad)
    opening = _opening(key, about, plain)
    if commitment_of(opening, subject, plain.decode()) != commitment:
        raise VaultBroken("what was sealed is not what it commits to")
    return Opened(plain.decode(), subject, opening)


def commitment_of(opening: bytes, subject: str, text: str) -> bytes:
    """Return the commitment of a text: what the sealed text begins with, if it is this one."""
    return sha256(COMMITMENT_TAG + opening + _sized(subject.encode()) + text.encode()).digest()


def decrypted(cipher: AESGCM, sealed: bytes, about: bytes) -> bytes:
    """Return what a nonce and a ciphertext hold. Raises VaultBroken."""
    if len(sealed) < NONCE_BYTES + TAG_BYTES:
        raise VaultBroken("what was sealed was cut")
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about)
    except InvalidTag as error:
        raise VaultBroken("the key is another one, or what was sealed was changed") from error


def _committed(key: bytes, about: bytes, plain: bytes) -> bytes:
    opening = _opening(key, about, plain)
    commitment = commitment_of(opening, about.decode(), plain.decode())
    cipher = AESGCM(_derived(key, 2, b"cipher"))
    return commitment + cipher.encrypt(commitment[:NONCE_BYTES], plain, commitment + about)


def _uncommitted(key: bytes, about: bytes, plain: bytes) -> bytes:
    sized = _sized(about) + plain
    nonce = hmac.digest(_derived(key, 1, b"nonce"), sized, "sha256")[:NONCE_BYTES]
    return nonce + AESGCM(_derived(key, 1, b"cipher")).encrypt(nonce, plain, about)


def _opening(key: bytes, about: bytes, plain: bytes) -> bytes:
    return hmac.digest(_derived(key, 2, b"opening"), _sized(about) + plain, "sha256")


def _derived(key: bytes, version: int, use: bytes) -> bytes:
    return hmac.digest(key, b"muster/vault/v%d/%b" % (version, use), "sha256")


def _sized(text: bytes) -> bytes:
    return len(text).to_bytes(4, "big") + text
