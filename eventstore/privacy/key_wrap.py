"""Keys of personal data, wrapped: by the vault's key, and by a share outside of the database.

wrapped = nonce | AES-256-GCM( wrapping key, key, associated data: key id )
wrapping key, with a share    = HMAC-SHA256( vault's key, "muster/vault/v2/wrap" 00 | share )
wrapping key, without a share = vault's key
"""

from __future__ import annotations

import hmac
import os
from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from eventstore.privacy.sealed import KEY_BYTES, NONCE_BYTES, VaultBroken, decrypted

if TYPE_CHECKING:
    from uuid import UUID

WRAP_TAG = b"muster/vault/v2/wrap\x00"


class Unwrapped(NamedTuple):
    """A key, and whether the vault's key before this one wraps it."""

    key: bytes
    is_old: bool


class KeyWrap:
    """Wraps keys with the vault's key; opens also what the one before it wrapped."""

    def __init__(self, key: bytes, previous: bytes | None = None) -> None:
        if any(len(one) != KEY_BYTES for one in (key, previous) if one is not None):
            raise VaultBroken(f"the vault's key must have {KEY_BYTES} bytes")
        self._key, self._previous = key, previous

    def wrapped(self, key_id: UUID, key: bytes, share: bytes | None) -> bytes:
        """Wrap a key."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + _cipher(self._key, share).encrypt(nonce, key, key_id.bytes)

    def unwrapped(self, key_id: UUID, wrapped: bytes, share: bytes | None) -> Unwrapped:
        """Return a key. Raises VaultBroken."""
        if self._previous is not None:
            try:
                old = decrypted(_cipher(self._previous, share), wrapped, key_id.bytes)
                return Unwrapped(old, is_old=True)
            except VaultBroken:
                pass  # this one wrapped it, then
        return Unwrapped(decrypted(_cipher(self._key, share), wrapped, key_id.bytes), is_old=False)


def _cipher(key: bytes, share: bytes | None) -> AESGCM:
    return AESGCM(key if share is None else hmac.digest(key, WRAP_TAG + share, "sha256"))
