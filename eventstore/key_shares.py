"""Which share belongs to which key: the database has the numbers, a folder the shares.

A share is there, on the disk, before its key is kept; a share is destroyed before its key's row is.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from eventstore.patience import patiently
from eventstore.sealed import VaultBroken
from eventstore.shares import BLOCK_SHARES, Shares

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from uuid import UUID

    from eventstore.connecting import Lent, Pool

ANY_SHARE = """
    SELECT EXISTS (SELECT FROM muster_vault.key WHERE share IS NOT NULL AND wrapped IS NOT NULL)"""
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

    def __init__(self, pool: Pool, shares: Shares | None) -> None:
        self._pool = pool
        self._shares = shares
        self._known: set[int] = set()

    @classmethod
    async def open(cls, pool: Pool, folder: Path | None) -> KeyShares:
        """Look whether the folder is the one. Raises VaultBroken."""
        found = cls(pool, None if folder is None else Shares(folder))
        if folder is None:
            if await patiently(pool, lambda lent: lent.fetchval(ANY_SHARE)):
                raise VaultBroken("keys of this vault have shares: set vault.shares_folder")
            return found
        for block, file_id in await patiently(pool, lambda lent: lent.fetch(BLOCKS)):
            await found._see(block, file_id)
        return found

    async def reserve(self) -> Reserved:
        """Return a share for a new key. Raises VaultBroken."""
        if self._shares is None:
            return Reserved()
        while True:
            number = int(await patiently(self._pool, lambda lent: lent.fetchval(NEXT)))
            block = number // BLOCK_SHARES
            for one in (block, block + 1):
                await self._have(one)
            if (share := await asyncio.to_thread(self._shares.of, number)) is not None:
                return Reserved(number, share)

    async def of(self, numbers: Iterable[int | None]) -> Mapping[int, bytes | VaultBroken | None]:
        """Return shares by their numbers: None is destroyed."""
        wanted = {number for number in numbers if number is not None}
        return await asyncio.to_thread(self._of, wanted) if wanted else {}

    def _of(self, numbers: Iterable[int]) -> Mapping[int, bytes | VaultBroken | None]:
        return {number: self._one(number) for number in numbers}

    def _one(self, number: int) -> bytes | VaultBroken | None:
        if self._shares is None:
            return VaultBroken("a key has a share: set vault.shares_folder")
        try:
            return self._shares.of(number)
        except VaultBroken as broken:
            return broken

    async def destroy_of(self, lent: Lent, keys: Iterable[UUID]) -> None:
        """Destroy the shares of keys, as often as asked. Raises VaultBroken."""
        numbers = [row["share"] for row in await lent.fetch(NUMBERS, list(keys))]
        await self._destroy(numbers)

    async def destroy_again(self) -> None:
        """Destroy what an older copy of the folder has brought back. Raises VaultBroken."""
        rows = await patiently(self._pool, lambda lent: lent.fetch(DESTROYED))
        if self._shares is not None:
            numbers = [row["share"] for row in rows]
            await self._destroy(await asyncio.to_thread(self._shares.living, numbers))

    async def _destroy(self, numbers: list[int]) -> None:
        if not numbers:
            return
        if self._shares is None:
            raise VaultBroken("a key to be destroyed has a share: set vault.shares_folder")
        await asyncio.to_thread(self._shares.destroy, numbers)

    async def _have(self, block: int) -> None:
        """See that a block is there, and the one; the first time anybody needs it, make it."""
        if block in self._known:
            return
        assert self._shares is not None  # noqa: S101 - looked at before
        entered = await patiently(self._pool, lambda lent: lent.fetchval(BLOCK, block))
        if entered is None:
            made = await asyncio.to_thread(self._shares.make, block)
            await patiently(self._pool, lambda lent: lent.execute(ENTER_BLOCK, block, made))
            entered = await patiently(self._pool, lambda lent: lent.fetchval(BLOCK, block))
        await self._see(block, entered)

    async def _see(self, block: int, file_id: bytes) -> None:
        assert self._shares is not None  # noqa: S101 - as above
        here = await asyncio.to_thread(self._shares.id_of, block)
        if here != file_id:
            what = "is not there: is it mounted?" if here is None else "is of another vault"
            raise VaultBroken(f"block {block} of the shares in {self._shares.folder} {what}")
        self._known.add(block)
