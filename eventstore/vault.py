"""Personal data, sealed with a key per subject that is kept outside the log and can be destroyed.

A subject is a person of an incident, `incident/<id>/<person>`, or of the directory of contacts,
`directory/<person>`: what is erased in one place stays known in another.

A sealed text is `sealed:v1:<key id>:<base64 of nonce and ciphertext>`: AES-256-GCM with the subject
as associated data. Sealing the same text again gives the same text, so that recording it again is
recognised; the nonce is a keyed hash of subject and text. Once a key is destroyed, what it sealed
stays where it is, proves what it proved, and can never be read again.
"""

from __future__ import annotations

import hmac
import os
import re
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, NamedTuple, Self
from uuid import UUID, uuid4

import asyncpg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from eventstore.connecting import Pool, close_pool, connect_pool
from eventstore.patience import patiently

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
VAULT_CONNECTIONS = 2

SEALED = re.compile(r"sealed:v1:(?P<key>[0-9a-f-]{36}):(?P<sealed>[A-Za-z0-9+/=]+)")

KEY_OF = "SELECT key_id, wrapped FROM muster_vault.key WHERE subject = $1 AND wrapped IS NOT NULL"
KEYS_CALLED = "SELECT key_id, subject, wrapped FROM muster_vault.key WHERE key_id = ANY ($1)"
LIVING = "SELECT key_id, wrapped FROM muster_vault.key WHERE wrapped IS NOT NULL FOR UPDATE"
REWRAP = "UPDATE muster_vault.key SET wrapped = $2 WHERE key_id = $1"
KEEP_KEY = """
    INSERT INTO muster_vault.key (key_id, subject, wrapped) VALUES ($1, $2, $3)
    ON CONFLICT (subject) WHERE wrapped IS NOT NULL DO NOTHING"""
DESTROY = """
    UPDATE muster_vault.key SET wrapped = NULL, erased_at = now()
    WHERE key_id = ANY ($1) AND wrapped IS NOT NULL"""


class VaultBroken(Exception):
    """A key or a sealed text is not one of this vault's, or was tampered with."""


class _Keys(NamedTuple):
    """What is derived from a subject's key: one for each use."""

    key_id: UUID
    cipher: AESGCM
    nonces: bytes


class _Parts(NamedTuple):
    """What a sealed text consists of."""

    key_id: UUID
    sealed: bytes
    """Nonce and ciphertext."""


class Vault:
    """Seals and opens texts. Needs the key-encryption key, which is not in the database."""

    def __init__(self, pool: Pool, key: bytes, previous: bytes | None = None) -> None:
        if any(len(one) != KEY_BYTES for one in (key, previous) if one is not None):
            raise VaultBroken(f"the vault's key must have {KEY_BYTES} bytes")
        self._pool = pool
        self._wrapping = AESGCM(key)
        self._before = None if previous is None else AESGCM(previous)

    @classmethod
    async def connect(cls, dsn: str, key_file: Path, previous_file: Path | None = None) -> Self:
        """Open the vault with the key in a file, and the one before it. Raises VaultBroken."""
        key = read_key(key_file)
        previous = None if previous_file is None else read_key(previous_file)
        return cls(await connect_pool(dsn, size=VAULT_CONNECTIONS), key, previous)

    async def close(self) -> None:
        """Disconnect."""
        await close_pool(self._pool)

    async def seal(self, subject: str, text: str) -> str:
        """Return a text that only this vault opens, until the key is destroyed."""
        keys = await self._keys_of(subject)
        plain, about = text.encode(), subject.encode()
        sized = len(about).to_bytes(4, "big") + about + plain
        nonce = hmac.digest(keys.nonces, sized, "sha256")[:NONCE_BYTES]
        sealed = nonce + keys.cipher.encrypt(nonce, plain, about)
        return f"sealed:v1:{keys.key_id}:{b64encode(sealed).decode()}"

    async def open(self, sealed: str) -> str | None:
        """Return what was sealed; None once its key is destroyed. Raises VaultBroken."""
        found = (await self.open_all([sealed]))[sealed]
        if isinstance(found, VaultBroken):
            raise found
        return found

    async def open_all(self, sealed: Sequence[str]) -> dict[str, str | VaultBroken | None]:
        """Return what each text was, in one look at the keys; what is broken spoils no other."""
        parts = {one: _parts(one) for one in sealed}
        ids = {one.key_id for one in parts.values() if isinstance(one, _Parts)}
        rows = await patiently(self._pool, lambda lent: lent.fetch(KEYS_CALLED, ids))
        keys = {row["key_id"]: row for row in rows}
        return {
            text: self._opened(one, keys) if isinstance(one, _Parts) else one
            for text, one in parts.items()
        }

    def _opened(
        self, parts: _Parts, keys: Mapping[UUID, asyncpg.Record]
    ) -> str | VaultBroken | None:
        key_id, sealed = parts
        row = keys.get(key_id)
        if row is None:
            return VaultBroken(f"the vault has no key {key_id}")
        if row["wrapped"] is None:
            return None
        try:
            cipher = self._unwrapped(key_id, row["wrapped"]).cipher
            return _decrypted(cipher, sealed, row["subject"].encode()).decode()
        except VaultBroken as broken:
            return broken

    async def destroy(self, keys: Iterable[str]) -> None:
        """Destroy keys, as often as asked. What is sealed for their subjects next has a new one."""
        ids = [UUID(key) for key in keys]
        await patiently(self._pool, lambda lent: lent.execute(DESTROY, ids))

    async def rewrap(self) -> int:
        """Wrap every key with the new key-encryption key; return how many had another.

        All or none. Afterwards the old one opens nothing that is in the vault.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            old = [
                (row["key_id"], key)
                for row in await connection.fetch(LIVING)
                if (key := self._under_old(row["key_id"], row["wrapped"])) is not None
            ]
            await connection.executemany(
                REWRAP, [(name, self._wrapped(name, key)) for name, key in old]
            )
        return len(old)

    async def _keys_of(self, subject: str) -> _Keys:
        """Return the subject's keys, made at first use by whoever comes first."""
        row = await self._key_of(subject)
        while row is None:
            await self._make_key(subject)
            row = await self._key_of(subject)
        return self._unwrapped(row["key_id"], row["wrapped"])

    async def _key_of(self, subject: str) -> asyncpg.Record | None:
        return await patiently(self._pool, lambda lent: lent.fetchrow(KEY_OF, subject))

    async def _make_key(self, subject: str) -> None:
        key_id = uuid4()
        wrapped = self._wrapped(key_id, os.urandom(KEY_BYTES))
        await patiently(self._pool, lambda lent: lent.execute(KEEP_KEY, key_id, subject, wrapped))

    def _unwrapped(self, key_id: UUID, wrapped: bytes) -> _Keys:
        about = UUID(str(key_id)).bytes
        key = self._under_old(key_id, wrapped) or _decrypted(self._wrapping, wrapped, about)
        cipher = AESGCM(hmac.digest(key, b"muster/vault/v1/cipher", "sha256"))
        return _Keys(key_id, cipher, hmac.digest(key, b"muster/vault/v1/nonce", "sha256"))

    def _wrapped(self, key_id: UUID, key: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._wrapping.encrypt(nonce, key, key_id.bytes)

    def _under_old(self, key_id: UUID, wrapped: bytes) -> bytes | None:
        """Return a key that the key-encryption key before this one wraps; None if it does not."""
        if self._before is None:
            return None
        try:
            return _decrypted(self._before, wrapped, UUID(str(key_id)).bytes)
        except VaultBroken:
            return None


def read_key(file: Path) -> bytes:
    """Return the key-encryption key: 32 bytes in hexadecimal. Raises VaultBroken."""
    try:
        return bytes.fromhex(file.read_text(encoding="ascii").strip())
    except FileNotFoundError as error:
        raise VaultBroken(f"there is no {file}: bring the key of the vault back first") from error
    except ValueError as error:
        raise VaultBroken(f"{file} holds no key in hexadecimal") from error


def _parts(text: str) -> _Parts | VaultBroken:
    """Return what a sealed text consists of, or what is wrong with it."""
    parts = SEALED.fullmatch(text)
    if parts is None:
        return VaultBroken("this was not sealed by a vault")
    try:
        return _Parts(UUID(parts["key"]), b64decode(parts["sealed"], validate=True))
    except ValueError:  # also of base64
        return VaultBroken("this was not sealed by a vault: no key id, or no base64")


def _decrypted(cipher: AESGCM, sealed: bytes, about: bytes) -> bytes:
    if len(sealed) < NONCE_BYTES + TAG_BYTES:
        raise VaultBroken("what was sealed was cut")
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about)
    except InvalidTag as error:
        raise VaultBroken("the key is another one, or what was sealed was changed") from error
