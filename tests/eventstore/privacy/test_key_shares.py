"""A copied row of a key and the vault's key open nothing once the key's share is destroyed."""

from __future__ import annotations

import asyncio
import json
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import asyncpg
import pytest

from domain.privacy import key_of
from eventstore.log.log import Log
from eventstore.privacy.erasure import Eraser
from eventstore.privacy.key_wrap import KeyWrap
from eventstore.privacy.sealed import Parts, VaultBroken, open_sealed, parts_of
from eventstore.privacy.shares import BLOCK_SHARES, Shares
from eventstore.privacy.vault import Vault
from tests.conftest import execute
from tests.eventstore.samples import event

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.conftest import Database

KEY = bytes(range(32))
PATIENCE_S = 15.0
PHONE = "+86 138 0000 0000 张三"


class Place(NamedTuple):
    """Where a vault is: in a database, with a key in a file, and shares in a folder."""

    database: Database
    folder: Path

    @property
    def shares(self) -> Shares:
        return Shares(self.folder / "shares")

    @asynccontextmanager
    async def vault(self, folder: str = "shares", key: str = "vault") -> AsyncIterator[Vault]:
        opened = await Vault.connect(
            self.database.dsn, self.folder / key, shares_folder=self.folder / folder
        )
        yield opened
        await opened.close()

    @asynccontextmanager
    async def follower(self) -> AsyncIterator[None]:
        """Carry out what the log orders to erase."""
        log = await Log.open(self.database.dsn)
        eraser = await Eraser.open(self.database.dsn, log, self.folder / "shares")
        following = asyncio.create_task(eraser.run())
        yield
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await eraser.close()
        await log.close()

    async def rows(self, subject: str = "person/zhang") -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.database.owner_dsn)
        found = await connection.fetch(
            "SELECT key_id, wrapped, share FROM muster_vault.key WHERE subject = $1", subject
        )
        await connection.close()
        return list(found)


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Place:
    (tmp_path / "vault").write_text(KEY.hex())
    return Place(database, tmp_path)


def read_with(row: asyncpg.Record, share: bytes | None, sealed: str) -> str:
    """Read a text with a copied row, the vault's key, and what there is of a share."""
    key_id = UUID(str(row["key_id"]))
    parts = parts_of(sealed)
    assert isinstance(parts, Parts)
    found = KeyWrap(KEY).unwrapped(key_id, row["wrapped"], share)
    return open_sealed(parts, found.key, "person/zhang").text


async def test_a_copied_row_and_the_vault_s_key_read_nothing_after_the_erasure(
    place: Place,
) -> None:
    async with place.vault() as vault:
        sealed = await vault.seal("person/zhang", PHONE)
        other = await vault.seal("person/li", PHONE)
        (copied,) = await place.rows()
        share = place.shares.of(copied["share"])
        await vault.destroy([key_of(sealed)])
        assert await vault.open(sealed) is None
        assert await vault.open(other) == PHONE
    left = place.shares.of(copied["share"])
    assert left is None
    for tried in (left, bytes(32)):
        with pytest.raises(VaultBroken):
            read_with(copied, tried, sealed)
    assert read_with(copied, share, sealed) == PHONE, "a copy of both places still does"


async def test_a_row_that_is_brought_back_stays_erased(place: Place) -> None:
    async with place.vault() as vault:
        sealed = await vault.seal("person/zhang", PHONE)
        await execute(place.database.owner_dsn, "CREATE TABLE saved AS TABLE muster_vault.key")
        await vault.destroy([key_of(sealed)])
        back = ["TRUNCATE muster_vault.key", "INSERT INTO muster_vault.key TABLE saved"]
        await execute(place.database.owner_dsn, *back)
        assert await vault.open(sealed) is None
        again = await vault.seal("person/zhang", PHONE)
        assert key_of(again) != key_of(sealed)
        assert await vault.open(again) == PHONE


async def test_who_is_killed_between_share_and_row_leaves_nothing_to_read(place: Place) -> None:
    async with place.vault() as vault:
        sealed = await vault.seal("person/zhang", PHONE)
        (row,) = await place.rows()
        place.shares.destroy([row["share"]])
        assert await vault.open(sealed) is None
        again = await vault.seal("person/zhang", PHONE)
        assert await vault.open(again) == PHONE
        assert [one["wrapped"] is None for one in await place.rows()] == [True, False]


async def test_an_older_copy_of_the_folder_is_destroyed_again(place: Place) -> None:
    async with place.vault() as vault:
        erased = await vault.seal("person/zhang", PHONE)
        living = await vault.seal("person/li", PHONE)
        (row,) = await place.rows()
        shutil.copytree(place.folder / "shares", place.folder / "older")
        later = await vault.seal("person/later", PHONE)
        await vault.destroy([key_of(erased)])
    shutil.rmtree(place.folder / "shares")
    (place.folder / "older").rename(place.folder / "shares")
    assert place.shares.of(row["share"]) is not None
    async with place.follower(), asyncio.timeout(PATIENCE_S):
        while place.shares.of(row["share"]) is not None:
            await asyncio.sleep(0.02)
    assert place.shares.of(row["share"]) is None
    async with place.vault() as vault:
        assert await vault.open(living) == PHONE
        assert await vault.open(later) == PHONE, "its share was there before it was needed"


async def test_processes_that_share_a_folder_open_what_each_other_sealed(place: Place) -> None:
    async with place.vault() as one, place.vault() as two:
        sealing = [
            vault.seal(f"person/p{number}", PHONE) for number in range(40) for vault in (one, two)
        ]
        sealed = await asyncio.gather(*sealing)
        assert len(set(sealed)) == 40, "whoever comes first makes the key"
        assert set((await two.open_all(sealed)).values()) == {PHONE}
    assert len(place.shares.blocks()) == 2, "the next block is there before it is needed"


async def test_the_next_block_is_begun_when_one_is_full(place: Place) -> None:
    begin = f"SELECT setval('muster_vault.share_number', {BLOCK_SHARES - 1})"
    async with place.vault() as vault:
        first = await vault.seal("person/zhang", PHONE)
        await execute(place.database.owner_dsn, begin)
        second = await vault.seal("person/li", PHONE)
        assert [await vault.open(one) for one in (first, second)] == [PHONE, PHONE]
    assert [row["share"] for row in await place.rows("person/li")] == [BLOCK_SHARES]
    assert len(place.shares.blocks()) == 3


async def test_shares_of_another_vault_open_and_seal_nothing_and_are_not_harmed(
    place: Place,
) -> None:
    async with place.vault() as vault:
        sealed = await vault.seal("person/zhang", PHONE)
    wrong = Shares(place.folder / "wrong")
    wrong.make(0)
    (file,) = wrong.blocks()
    before = file.read_bytes()
    async with place.vault("wrong") as vault:
        await refuse_all(vault, sealed, "another vault")
    assert file.read_bytes() == before


async def test_in_a_folder_that_is_not_mounted_nothing_is_made(place: Place) -> None:
    async with place.vault() as vault:
        sealed = await vault.seal("person/zhang", PHONE)
    async with place.vault("empty") as vault:
        await refuse_all(vault, sealed, "mounted")
    assert not (place.folder / "empty").exists()


async def refuse_all(vault: Vault, sealed: str, why: str) -> None:
    for work in (
        vault.check(),
        vault.open(sealed),
        vault.seal("person/zhang", PHONE),
        vault.seal("person/new", PHONE),
        vault.destroy([key_of(sealed)]),
    ):
        with pytest.raises(VaultBroken, match=why):
            await work


async def test_a_folder_that_goes_away_breaks_what_needs_it_and_is_not_made_anew(
    place: Place,
) -> None:
    async with place.vault() as vault:
        sealed = await vault.seal("person/zhang", PHONE)
        (place.folder / "shares").rename(place.folder / "away")
        for work in (vault.open(sealed), vault.seal("person/li", "139")):
            with pytest.raises(VaultBroken, match="mounted"):
                await work
        with pytest.raises(VaultBroken, match="mounted"):
            await vault.destroy([key_of(sealed)])
        assert not (place.folder / "shares").exists()
        (place.folder / "away").rename(place.folder / "shares")
        assert await vault.open(sealed) == PHONE
        await vault.destroy([key_of(sealed)])
        assert await vault.open(sealed) is None


async def test_who_does_not_name_the_folder_is_told_so_and_makes_no_key_without_a_share(
    place: Place,
) -> None:
    async with place.vault() as vault:
        sealed = await vault.seal("person/zhang", PHONE)
    without = await Vault.connect(place.database.dsn, place.folder / "vault")
    await refuse_all(without, sealed, "shares_folder")
    await without.close()


async def test_orders_wait_for_a_folder_that_is_away_and_are_carried_out_then(
    place: Place,
) -> None:
    async with place.vault() as vault:
        sealed = await vault.seal("person/zhang", PHONE)
        (row,) = await place.rows()
        (place.folder / "shares").rename(place.folder / "away")
        log = await Log.open(place.database.dsn)
        what = json.dumps({"person": "zhang", "keys": [key_of(sealed)], "basis": "other_law"})
        await log.append("person/zhang", 0, [event(what, kind="PersonalDataErased")])
        await log.close()
        async with place.follower(), asyncio.timeout(PATIENCE_S):
            await asyncio.sleep(0.3)
            assert [one["wrapped"] is None for one in await place.rows()] == [False]
            (place.folder / "away").rename(place.folder / "shares")
            while (await place.rows())[0]["wrapped"] is not None:
                await asyncio.sleep(0.02)
        assert place.shares.of(row["share"]) is None
        assert await vault.open(sealed) is None


async def test_a_key_from_before_opens_and_has_a_share_once_it_is_wrapped_anew(
    place: Place,
) -> None:
    before = await Vault.connect(place.database.dsn, place.folder / "vault")
    sealed = await before.seal("person/zhang", PHONE)
    await before.close()
    async with place.vault() as vault:
        assert await vault.open(sealed) == PHONE
        assert await vault.rewrap() == 0, "a share without a new key would help nobody"
    (place.folder / "new").write_text("ab" * 32)
    both = await Vault.connect(
        place.database.dsn,
        place.folder / "new",
        place.folder / "vault",
        shares_folder=place.folder / "shares",
    )
    assert await both.rewrap() == 1
    assert await both.rewrap() == 0
    await both.close()
    async with place.vault(key="new") as vault:
        (row,) = await place.rows()
        assert place.shares.of(row["share"]) is not None
        assert await vault.open(sealed) == PHONE
