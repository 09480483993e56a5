"""Which share belongs to which key: the database has the numbers, a folder the shares.

A share is there, on the disk, before its key is kept; a share is destroyed before its key's row is.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from eventstore.postgres.retry import with_retry
from eventstore.privacy.sealed import VaultBroken
from eventstore.privacy.shares import BLOCK_SHARES, Shares, by_block

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from uuid import UUID

    from eventstore.postgres.connection import Lent, Pool

BLOCKS = "SELECT block, file_id FROM muster_vault.share_block ORDER BY block"
BLOCK = "SELECT file_id FROM muster_vault.share_block WHERE block = $1"
ENTER_BLOCK = """
    INSERT INTO muster_vault.share_block (block, file_id) VALUES ($1, $2) ON CONFLICT DO NOTHING"""
NEXT = "SELECT nextval('muster_vault.share_number')"
NUMBERS = """
    SELECT share FROM muster_vault.key WHERE key_id = ANY ($1) AND share IS NOT NULL"""
DESTROYED = "SELECT share FROM muster_vault.key WHERE wrapped IS NULL AND share IS NOT NULL"


class Reserved(NamedTuple):
    """A share that no key has yet; neither number nor share where there is no folder."""

    number: int | None = None
    share: bytes | None = None


class KeyShares:
    """Finds, reserves and destroys the shares of keys."""

    def __init__(self, pool: Pool, folder: Path | None) -> None:
        self._pool = pool
        self._shares = None if folder is None else Shares(folder)
        self._known: set[int] = set()

    async def check(self) -> None:
        """Look whether the folder is there, and the one. Raises VaultBroken.

        Nothing depends on its being asked: whoever needs a share looks again.
        """
        for block, file_id in await with_retry(self._pool, lambda lent: lent.fetch(BLOCKS)):
            await self._see(block, file_id)

    async def reserve(self) -> Reserved:
        """Return a share for a new key. Raises VaultBroken."""
        if self._shares is None:
            await self.check()  # a key without a share, among those that have one, is a mistake
            return Reserved()
        while True:
            number = int(await with_retry(self._pool, lambda lent: lent.fetchval(NEXT)))
            block = number // BLOCK_SHARES
            for one in (block, block + 1):
                await self._have(one)
            if (share := await asyncio.to_thread(self._shares.of, number)) is not None:
                return Reserved(number, share)

    async def of(self, numbers: Iterable[int | None]) -> Mapping[int, bytes | VaultBroken | None]:
        """Return shares by their numbers: None is destroyed."""
        found: dict[int, bytes | VaultBroken | None] = {}
        for block, group in by_block(number for number in numbers if number is not None):
            try:
                shares = await self._trusted(block)
                found |= await asyncio.to_thread(shares.read, group)
            except VaultBroken as broken:
                found |= dict.fromkeys(group, broken)
        return found

    async def destroy_of(self, lent: Lent, keys: Iterable[UUID]) -> None:
        """Destroy the shares of keys, as often as asked. Raises VaultBroken."""
        await self._destroy(row["share"] for row in await lent.fetch(NUMBERS, list(keys)))

    async def destroy_again(self) -> None:
        """Destroy what an older copy of the folder has brought back. Raises VaultBroken."""
        rows = await with_retry(self._pool, lambda lent: lent.fetch(DESTROYED))
        await self._destroy(row["share"] for row in rows)

    async def _destroy(self, numbers: Iterable[int]) -> None:
        for block, group in by_block(numbers):
            shares = await self._trusted(block)
            if living := await asyncio.to_thread(shares.living, group):
                await asyncio.to_thread(shares.destroy, living)

    async def _trusted(self, block: int) -> Shares:
        """Return the shares, once it was seen that this block is the one. Raises VaultBroken."""
        if block not in self._known:
            entered = await with_retry(self._pool, lambda lent: lent.fetchval(BLOCK, block))
            await self._see(block, entered)
        assert self._shares is not None  # noqa: S101 - it was seen
        return self._shares

    async def _have(self, block: int) -> None:
        """See that a block is there, and the one; the first time anybody needs it, make it."""
        if block in self._known:
            return
        assert self._shares is not None  # noqa: S101 - looked at before
        entered = await with_retry(self._pool, lambda lent: lent.fetchval(BLOCK, block))
        if entered is None:
            made = await asyncio.to_thread(self._shares.make, block)
            await with_retry(self._pool, lambda lent: lent.execute(ENTER_BLOCK, block, made))
            entered = await with_retry(self._pool, lambda lent: lent.fetchval(BLOCK, block))
        await self._see(block, entered)

    async def _see(self, block: int, file_id: bytes | None) -> None:
        await asyncio.to_thread(require_block, self._shares, block, file_id)
        self._known.add(block)


def require_block(shares: Shares | None, block: int, file_id: bytes | None) -> None:
    """See that a block is there, and the one that the database knows. Raises VaultBroken."""
    if shares is None:
        raise VaultBroken("keys of this vault have shares: set vault.shares_folder")
    here = shares.id_of(block)
    if here is None or here != file_id:
        what = "is not there: is it mounted?" if here is None else "is of another vault"
        raise VaultBroken(f"block {block} of the shares in {shares.folder} {what}")
