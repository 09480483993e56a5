"""Personal data, sealed with a key per subject that is kept outside the log and can be destroyed.

A subject is a person of an incident, `incident/<id>/<person>`, or of the directory of contacts,
`directory/<person>`: what is erased in one place stays known in another.

What a sealed text is made of is in `eventstore.privacy.sealed`. Once a key is destroyed, what it
sealed stays where it is and proves what it proved. This vault can't open it any more; whoever
copied the key before, with all that wraps it, still can: see docs/explanation/privacy.md.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple, Self
from uuid import UUID, uuid4

from eventstore.postgres.connection import Pool, close_pool, connect_pool
from eventstore.postgres.retry import with_retry
from eventstore.privacy.key_shares import KeyShares
from eventstore.privacy.key_wrap import KeyWrap
from eventstore.privacy.sealed import (
    COMMITTING,
    KEY_BYTES,
    Opened,
    Parts,
    VaultBroken,
    open_sealed,
    parts_of,
    seal,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    import asyncpg

    from eventstore.privacy.key_wrap import Unwrapped

VAULT_CONNECTIONS = 2

KEY_OF = """
    SELECT key_id, wrapped, share FROM muster_vault.key
    WHERE subject = $1 AND wrapped IS NOT NULL"""
KEYS_CALLED = """
    SELECT key_id, subject, wrapped, share FROM muster_vault.key WHERE key_id = ANY ($1)"""
LIVING = """
    SELECT key_id, wrapped, share FROM muster_vault.key WHERE wrapped IS NOT NULL FOR UPDATE"""
REWRAP = "UPDATE muster_vault.key SET wrapped = $2, share = $3 WHERE key_id = $1"
KEEP_KEY = """
    INSERT INTO muster_vault.key (key_id, subject, wrapped, share) VALUES ($1, $2, $3, $4)
    ON CONFLICT (subject) WHERE wrapped IS NOT NULL DO NOTHING"""
DESTROY = """
    UPDATE muster_vault.key SET wrapped = NULL, erased_at = now()
    WHERE key_id = ANY ($1) AND wrapped IS NOT NULL"""


FATES = """
    SELECT k.key_id, k.erased_at, k.share IS NOT NULL AS had_share,
        (SELECT max(b.expires_at) FROM muster_vault.backup b
            WHERE b.made_at <= coalesce(k.erased_at, now())
                AND b.expires_at > coalesce(k.erased_at, now())) AS copies_until
    FROM muster_vault.key k WHERE k.key_id = ANY ($1)"""


class KeyFate(NamedTuple):
    """What became of a key, as far as this vault knows."""

    destroyed_at: datetime | None
    """None while it is not destroyed."""
    copies_until: datetime | None
    """When the last backup that may hold it expires; None if none was made that could."""
    had_share: bool
    """Whether it needed a share outside of the database."""


class Vault:
    """Seals and opens texts. Needs the key-encryption key, which is not in the database."""

    def __init__(
        self, pool: Pool, wrap: KeyWrap, shares: KeyShares, version: int = COMMITTING
    ) -> None:
        self._pool = pool
        self._wrap = wrap
        self._shares = shares
        self._version = version

    @classmethod
    async def connect(
        cls,
        dsn: str,
        key_file: Path,
        previous_file: Path | None = None,
        *,
        shares_folder: Path | None = None,
        version: int = COMMITTING,
    ) -> Self:
        """Open the vault with the key in a file, and the one before it. Raises VaultBroken.

        Without a folder of shares, keys are wrapped by the key in the file alone.
        """
        previous = None if previous_file is None else read_key(previous_file)
        wrap = KeyWrap(read_key(key_file), previous)
        pool = await connect_pool(dsn, size=VAULT_CONNECTIONS)
        return cls(pool, wrap, KeyShares(pool, shares_folder), version)

    async def check(self) -> None:
        """See that what keys need besides the vault's key is there. Raises VaultBroken."""
        await self._shares.check()

    async def close(self) -> None:
        """Disconnect."""
        await close_pool(self._pool)

    async def seal(self, subject: str, text: str) -> str:
        """Return a text that only this vault opens, until the key is destroyed."""
        key_id, key = await self._key_of(subject)
        return seal(key_id, key, subject, text, self._version)

    async def open(self, sealed: str) -> str | None:
        """Return what was sealed; None once its key is destroyed. Raises VaultBroken."""
        found = await self.disclose(sealed)
        return None if found is None else found.text

    async def disclose(self, sealed: str) -> Opened | None:
        """Return what was sealed, with what proves it to others; else as `open` does."""
        found = (await self._opened_all([sealed]))[sealed]
        if isinstance(found, VaultBroken):
            raise found
        return found

    async def open_all(self, sealed: Sequence[str]) -> dict[str, str | VaultBroken | None]:
        """Return what each text was, in one look at the keys; what is broken spoils no other."""
        found = await self._opened_all(sealed)
        return {one: now.text if isinstance(now, Opened) else now for one, now in found.items()}

    async def _opened_all(self, sealed: Sequence[str]) -> dict[str, Opened | VaultBroken | None]:
        parts = {one: parts_of(one) for one in sealed}
        ids = {one.key_id for one in parts.values() if isinstance(one, Parts)}
        rows = await with_retry(self._pool, lambda lent: lent.fetch(KEYS_CALLED, ids))
        keys = {row["key_id"]: row for row in rows}
        shares = await self._shares.of(row["share"] for row in rows)
        return {
            text: self._opened(one, keys, shares) if isinstance(one, Parts) else one
            for text, one in parts.items()
        }

    def _opened(
        self,
        parts: Parts,
        keys: Mapping[UUID, asyncpg.Record],
        shares: Mapping[int, bytes | VaultBroken | None],
    ) -> Opened | VaultBroken | None:
        row = keys.get(parts.key_id)
        if row is None:
            return VaultBroken(f"the vault has no key {parts.key_id}")
        try:
            found = self._unwrapped(row, shares)
            return None if found is None else open_sealed(parts, found.key, row["subject"])
        except VaultBroken as broken:
            return broken

    async def destroy(self, keys: Iterable[str]) -> None:
        """Destroy keys, as often as asked. What is sealed for their subjects next has a new one.

        The share goes first: a row that says that a key is destroyed never has a share left, but
        for one that `rewrap` gave it meanwhile, which goes afterwards.
        """
        ids = [UUID(key) for key in keys]
        await with_retry(self._pool, lambda lent: self._shares.destroy_of(lent, ids))
        await with_retry(self._pool, lambda lent: lent.execute(DESTROY, ids))
        await with_retry(self._pool, lambda lent: self._shares.destroy_of(lent, ids))

    async def fates(self, keys: Iterable[str]) -> Mapping[str, KeyFate]:
        """Return what became of keys, of those that this vault has ever had."""
        ids = [UUID(key) for key in keys]
        rows = await with_retry(self._pool, lambda lent: lent.fetch(FATES, ids))
        return {
            str(row["key_id"]): KeyFate(row["erased_at"], row["copies_until"], row["had_share"])
            for row in rows
        }

    async def rewrap(self) -> int:
        """Wrap every key with the new key-encryption key; return how many had another.

        All or none. They get a share, where there is a folder for it and they have none. Afterwards
        the old key opens nothing that is in the vault.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(LIVING)
            shares = await self._shares.of(row["share"] for row in rows)
            anew = [one for row in rows if (one := await self._anew(row, shares)) is not None]
            await connection.executemany(REWRAP, anew)
        return len(anew)

    async def _anew(
        self, row: asyncpg.Record, shares: Mapping[int, bytes | VaultBroken | None]
    ) -> tuple[UUID, bytes, int | None] | None:
        """Return a key's row as it should be; None if it is so, or its share is destroyed.

        Only what another key wrapped gets a share: a copy from before is useless to the new one.
        """
        key_id, number = _id(row), row["share"]
        if (found := self._unwrapped(row, shares)) is None:
            return None
        if not found.is_old:
            return None
        share = None if number is None else shares[number]
        assert not isinstance(share, VaultBroken)  # noqa: S101 - it opened
        if number is None:
            number, share = await self._shares.reserve()
        return key_id, self._wrap.wrapped(key_id, found.key, share), number

    async def _key_of(self, subject: str) -> tuple[UUID, bytes]:
        """Return the subject's key, made at first use by whoever comes first."""
        while True:
            row = await with_retry(self._pool, lambda lent: lent.fetchrow(KEY_OF, subject))
            if row is None:
                await self._make_key(subject)
                continue
            found = self._unwrapped(row, await self._shares.of([row["share"]]))
            if found is not None:
                return _id(row), found.key
            await self.destroy([str(_id(row))])  # who began to destroy it was killed

    async def _make_key(self, subject: str) -> None:
        key_id, (number, share) = uuid4(), await self._shares.reserve()
        wrapped = self._wrap.wrapped(key_id, os.urandom(KEY_BYTES), share)
        kept = (key_id, subject, wrapped, number)
        await with_retry(self._pool, lambda lent: lent.execute(KEEP_KEY, *kept))

    def _unwrapped(
        self, row: asyncpg.Record, shares: Mapping[int, bytes | VaultBroken | None]
    ) -> Unwrapped | None:
        """Return a row's key; None if it is destroyed. Raises VaultBroken."""
        if row["wrapped"] is None:
            return None
        share = None if row["share"] is None else shares[row["share"]]
        if isinstance(share, VaultBroken):
            raise share
        if row["share"] is not None and share is None:
            return None
        return self._wrap.unwrapped(_id(row), row["wrapped"], share)


def read_key(file: Path) -> bytes:
    """Return the key-encryption key: 32 bytes in hexadecimal. Raises VaultBroken."""
    try:
        return bytes.fromhex(file.read_text(encoding="ascii").strip())
    except FileNotFoundError as error:
        raise VaultBroken(f"there is no {file}: bring the key of the vault back first") from error
    except ValueError as error:
        raise VaultBroken(f"{file} holds no key in hexadecimal") from error


def _id(row: asyncpg.Record) -> UUID:
    return UUID(str(row["key_id"]))
