"""Backups of the keys: for a stated time, and what the log orders to erase never comes back."""

from __future__ import annotations

import asyncio
import json
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import asyncpg
import pytest

from domain.privacy import key_of
from eventstore.backup import DatabaseInUse, restore_log, save_log
from eventstore.log import Log
from eventstore.manifest import (
    MANIFEST,
    VAULT_FILE,
    BackupInvalid,
    VaultManifest,
    begun,
    forget_expired,
    newest,
    read_manifest,
)
from eventstore.sealed import VaultBroken
from eventstore.shares import Shares
from eventstore.vault import KeyFate, Vault
from eventstore.vault_backup import KeyDiffers, restore_vault, save_vault
from tests.conftest import execute
from tests.eventstore.samples import event

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.conftest import Database
    from tests.postgres import Cluster

KEY = bytes(range(32))
MONTH = timedelta(days=30)
PHONE = "138 0000 0000"


class Place(NamedTuple):
    """A database, the address of its owner, and a folder of shares."""

    programs: Path
    owner: str
    runtime: str
    folder: Path

    @property
    def shares(self) -> Shares:
        return Shares(self.folder / "shares")

    async def vault(self) -> Vault:
        self.folder.mkdir(exist_ok=True)
        (self.folder / "vault").write_text(KEY.hex())
        return await Vault.connect(
            self.runtime, self.folder / "vault", shares_folder=self.folder / "shares"
        )

    async def save_keys(self, into: Path, keep: timedelta = MONTH) -> tuple[Path, VaultManifest]:
        return await save_vault(self.programs, self.owner, into, KEY, keep, self.shares)

    async def restore_keys(self, place: Path, key: bytes = KEY) -> VaultManifest:
        return await restore_vault(self.programs, self.owner, place, key, MONTH, self.shares)

    async def restore_log_of(self, other: Place, through: Path) -> None:
        saved, _ = await save_log(self.programs, other.owner, through, lambda *_: None)
        await restore_log(self.programs, self.owner, saved, lambda *_: None)

    async def order(self, *sealed: str) -> None:
        """Record the order to destroy the keys of sealed texts, and let nobody follow it."""
        log = await Log.open(self.runtime)
        for text in sealed:
            what = {"person": "li", "keys": [key_of(text)], "basis": "other_law"}
            order = event(json.dumps(what), kind="PersonalDataErased")
            await log.append(f"person/{key_of(text)}", 0, [order])
        await log.close()

    async def rows(self) -> dict[str, asyncpg.Record]:
        connection = await asyncpg.connect(self.owner)
        rows = await connection.fetch("SELECT key_id, wrapped, share FROM muster_vault.key")
        await connection.close()
        return {str(row["key_id"]): row for row in rows}


@pytest.fixture
def here(database: Database, tmp_path: Path) -> Place:
    owner, runtime = database.owner_dsn, database.dsn
    return Place(database.cluster.programs, owner, runtime, tmp_path / "here")


@pytest.fixture
async def elsewhere(postgres: Cluster, tmp_path: Path) -> AsyncIterator[Place]:
    name = f"other_{uuid4().hex}"
    await execute(postgres.dsn(), f"CREATE DATABASE {name} TEMPLATE template0")
    runtime = postgres.dsn(name, user="muster_runtime")
    yield Place(postgres.programs, postgres.dsn(name), runtime, tmp_path / "elsewhere")
    await execute(postgres.dsn(), f"DROP DATABASE {name} WITH (FORCE)")


async def sealed_by(place: Place, *people: str) -> list[str]:
    vault = await place.vault()
    sealed = [await vault.seal(f"directory/{one}", PHONE) for one in people]
    await vault.close()
    return sealed


async def opened_by(place: Place, *sealed: str) -> list[object]:
    vault = await place.vault()
    found = await vault.open_all(sealed)
    await vault.close()
    return [found[one] for one in sealed]


async def fates(place: Place, *sealed: str) -> list[KeyFate]:
    vault = await place.vault()
    found = await vault.fates(map(key_of, sealed))
    await vault.close()
    return [found[key_of(one)] for one in sealed]


async def destroy(place: Place, *sealed: str) -> None:
    vault = await place.vault()
    await vault.destroy(map(key_of, sealed))
    await vault.close()


async def test_keys_come_back_with_their_shares_and_open_what_they_sealed(
    here: Place, elsewhere: Place, tmp_path: Path
) -> None:
    li, wu = await sealed_by(here, "li", "wu")
    where, manifest = await here.save_keys(tmp_path / "keys")
    assert (manifest.keys, sorted(manifest.shares)) == (2, ["00000000.shares", "00000001.shares"])
    assert manifest.expires_at - manifest.made_at == MONTH
    await elsewhere.restore_log_of(here, tmp_path / "log")
    await elsewhere.restore_keys(where)
    assert await opened_by(elsewhere, li, wu) == [PHONE, PHONE]
    (later,) = await sealed_by(elsewhere, "later")
    shares = [row["share"] for row in (await elsewhere.rows()).values()]
    assert len(set(shares)) == 3, "no share is used twice"
    assert await opened_by(elsewhere, later) == [PHONE]
    with pytest.raises(DatabaseInUse):
        await elsewhere.restore_keys(where)


async def test_an_old_backup_brings_no_key_back_that_the_log_orders_to_destroy(
    here: Place, elsewhere: Place, tmp_path: Path
) -> None:
    erased, living = await sealed_by(here, "li", "wu")
    where, _ = await here.save_keys(tmp_path / "keys")
    await here.order(erased)
    await elsewhere.restore_log_of(here, tmp_path / "log")
    await elsewhere.restore_keys(where)
    rows = await elsewhere.rows()
    assert rows[key_of(erased)]["wrapped"] is None
    assert elsewhere.shares.of(rows[key_of(erased)]["share"]) is None
    assert await opened_by(elsewhere, erased, living) == [None, PHONE]


async def test_shares_that_are_there_are_not_brought_back_from_a_backup(
    here: Place, elsewhere: Place, tmp_path: Path
) -> None:
    erased, living = await sealed_by(here, "li", "wu")
    where, _ = await here.save_keys(tmp_path / "keys")
    await destroy(here, erased)
    elsewhere.folder.mkdir()
    shutil.copytree(here.folder / "shares", elsewhere.folder / "shares")
    await elsewhere.restore_log_of(here, tmp_path / "log")
    await elsewhere.restore_keys(where)
    assert await opened_by(elsewhere, erased, living) == [None, PHONE], "nothing ordered it"


async def test_shares_of_another_vault_are_neither_used_nor_harmed(
    here: Place, elsewhere: Place, tmp_path: Path
) -> None:
    await sealed_by(here, "li")
    where, _ = await here.save_keys(tmp_path / "keys")
    elsewhere.shares.make(0)
    before = elsewhere.shares.id_of(0)
    await elsewhere.restore_log_of(here, tmp_path / "log")
    with pytest.raises(VaultBroken, match="another vault"):
        await elsewhere.restore_keys(where)
    assert elsewhere.shares.id_of(0) == before
    assert await elsewhere.rows() == {}


async def test_a_backup_that_takes_shares_needs_a_folder_for_them(
    here: Place, elsewhere: Place, tmp_path: Path
) -> None:
    await sealed_by(here, "li")
    where, _ = await here.save_keys(tmp_path / "keys")
    await elsewhere.restore_log_of(here, tmp_path / "log")
    with pytest.raises(BackupInvalid, match="shares_folder"):
        await restore_vault(here.programs, elsewhere.owner, where, KEY, MONTH)


async def test_keys_are_not_saved_without_the_shares_that_they_take(
    here: Place, tmp_path: Path
) -> None:
    await sealed_by(here, "li")
    with pytest.raises(VaultBroken, match="shares_folder"):
        await save_vault(here.programs, here.owner, tmp_path / "keys", KEY, MONTH)
    (here.folder / "shares").rename(here.folder / "away")
    with pytest.raises(VaultBroken, match="mounted"):
        await here.save_keys(tmp_path / "keys")
    with pytest.raises(BackupInvalid, match="no backup"):
        newest(tmp_path / "keys")


async def test_shares_that_were_changed_are_not_restored(
    here: Place, elsewhere: Place, tmp_path: Path
) -> None:
    await sealed_by(here, "li")
    where, manifest = await here.save_keys(tmp_path / "keys")
    file = where / "shares" / min(manifest.shares)
    file.write_bytes(bytes(len(file.read_bytes())))
    await elsewhere.restore_log_of(here, tmp_path / "log")
    with pytest.raises(BackupInvalid, match="not what it was"):
        await elsewhere.restore_keys(where)


async def test_a_backup_from_before_there_were_shares_is_restored(
    here: Place, elsewhere: Place, tmp_path: Path
) -> None:
    here.folder.mkdir()
    (here.folder / "vault").write_text(KEY.hex())
    vault = await Vault.connect(here.runtime, here.folder / "vault")
    li = await vault.seal("directory/li", PHONE)
    await vault.close()
    where, _ = await save_vault(here.programs, here.owner, tmp_path / "keys", KEY, MONTH)
    said = json.loads((where / MANIFEST).read_text())
    del said["shares"]
    said["format"] = "muster/backup/vault/v1"
    (where / MANIFEST).write_text(json.dumps(said))
    await elsewhere.restore_log_of(here, tmp_path / "log")
    await elsewhere.restore_keys(where)
    assert await opened_by(elsewhere, li) == [PHONE]


async def test_keys_under_another_wrapping_key_are_not_restored(
    here: Place, elsewhere: Place, tmp_path: Path
) -> None:
    where, _ = await here.save_keys(tmp_path / "keys")
    await elsewhere.restore_log_of(here, tmp_path / "log")
    with pytest.raises(KeyDiffers):
        await elsewhere.restore_keys(where, bytes(32))


async def test_keys_are_not_kept_nor_restored_beyond_their_time(
    here: Place, elsewhere: Place, tmp_path: Path
) -> None:
    old, manifest = await here.save_keys(tmp_path, timedelta(microseconds=1))
    assert manifest.expires_at < datetime.now(UTC)
    with pytest.raises(BackupInvalid, match="only"):
        await elsewhere.restore_keys(old)
    kept, _ = await here.save_keys(tmp_path)
    assert not old.exists(), "the next backup removes what has expired"
    assert forget_expired(tmp_path, datetime.now(UTC), MONTH) == []
    assert read_manifest(kept, VaultManifest).expires_at > datetime.now(UTC)


async def test_a_backup_from_the_future_is_refused_for_nothing_tells_its_age(
    here: Place, elsewhere: Place, tmp_path: Path
) -> None:
    where, manifest = await here.save_keys(tmp_path)
    later = {"made_at": manifest.made_at + MONTH, "expires_at": manifest.expires_at + MONTH}
    (where / MANIFEST).write_text(manifest.model_copy(update=later).model_dump_json())
    with pytest.raises(BackupInvalid, match="clock"):
        await elsewhere.restore_keys(where)


def test_a_backup_that_was_cut_off_is_no_backup_and_goes_at_its_time(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    old, fresh = begun(tmp_path, now - MONTH), begun(tmp_path, now)
    for part in (old, fresh):
        (part / VAULT_FILE).write_bytes(b"keys")
    other = begun(tmp_path / "log", now - MONTH)
    assert forget_expired(tmp_path, now, MONTH) == [old]
    assert (old.exists(), fresh.exists(), other.exists()) == (False, True, True)
    with pytest.raises(BackupInvalid, match="no backup"):
        newest(tmp_path)


async def test_of_a_destroyed_key_it_is_known_until_when_backups_hold_it(
    here: Place, tmp_path: Path
) -> None:
    never, held, living = await sealed_by(here, "never", "held", "living")
    await destroy(here, never)
    _, long = await here.save_keys(tmp_path / "keys", 2 * MONTH)
    await here.save_keys(tmp_path / "keys", MONTH)
    await destroy(here, held)
    _, after = await here.save_keys(tmp_path / "keys", 3 * MONTH)
    of_never, of_held, of_living = await fates(here, never, held, living)
    assert (of_never.copies_until, of_never.had_share) == (None, True)
    assert of_held.copies_until == long.expires_at, "the setting of back then, not of now"
    assert (of_living.destroyed_at, of_living.copies_until) == (None, after.expires_at)
    assert of_held.destroyed_at is not None
    assert long.made_at < of_held.destroyed_at < after.made_at


async def test_a_backup_that_is_cut_off_is_entered_all_the_same(
    here: Place, tmp_path: Path
) -> None:
    (held,) = await sealed_by(here, "held")
    lost = here._replace(programs=tmp_path / "no-programs")
    with pytest.raises(FileNotFoundError):
        await lost.save_keys(tmp_path / "keys")
    await destroy(here, held)
    (fate,) = await fates(here, held)
    assert fate.copies_until is not None, "what was written of it may be a copy"


async def test_a_restored_vault_reckons_with_backups_that_it_does_not_know(
    here: Place, elsewhere: Place, tmp_path: Path
) -> None:
    (erased,) = await sealed_by(here, "li")
    where, _ = await here.save_keys(tmp_path / "keys")
    await here.order(erased)
    await elsewhere.restore_log_of(here, tmp_path / "log")
    before = datetime.now(UTC)
    await elsewhere.restore_keys(where)
    (fate,) = await fates(elsewhere, erased)
    assert fate.copies_until is not None
    assert fate.copies_until >= before + MONTH


async def test_two_backups_at_once_are_two(here: Place, tmp_path: Path) -> None:
    await sealed_by(here, "li")
    made = await asyncio.gather(*(here.save_keys(tmp_path / "keys") for _ in range(3)))
    assert len({where for where, _ in made}) == 3
