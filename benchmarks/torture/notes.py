"""Signed checkpoints, checked from their definitions: C2SP notes over an RFC 6962 tree."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

KEY_ID_BYTES = 4


class Signed(NamedTuple):
    """What somebody signed about a log."""

    size: int
    root: str
    """In base64, as it stands in the note."""


def opened(note: str, vkey: str) -> Signed | None:
    """Return what a note says; None if the key's owner did not sign just that."""
    text, _, below = note.rpartition("\n\n")
    text += "\n"
    name, key_id, encoded = vkey.split("+", 2)
    key = Ed25519PublicKey.from_public_bytes(b64decode(encoded)[1:])
    for line in below.splitlines():
        _, signer, signature = line.split(" ")
        content = b64decode(signature)
        if signer != name or content[:KEY_ID_BYTES].hex() != key_id:
            continue
        try:
            key.verify(content[KEY_ID_BYTES:], text.encode())
        except InvalidSignature:
            return None
        origin, size, root, *_ = text.splitlines()
        return Signed(int(size), root) if origin == name else None
    return None


def roots(hashes: Sequence[bytes], sizes: AbstractSet[int]) -> dict[int, str]:
    """Return the roots over the first so many hashes, in base64."""
    found = {}
    stack: list[bytes] = []
    for size, entry in enumerate(hashes, 1):
        stack.append(sha256(b"\0" + entry).digest())
        pairs = size
        while pairs % 2 == 0:
            right = stack.pop()
            stack.append(sha256(b"\1" + stack.pop() + right).digest())
            pairs //= 2
        if size in sizes:
            found[size] = b64encode(_folded(stack)).decode()
    return found


def _folded(stack: Sequence[bytes]) -> bytes:
    root = stack[-1]
    for left in reversed(stack[:-1]):
        root = sha256(b"\1" + left + root).digest()
    return root
