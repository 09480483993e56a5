"""Backups of the keys: for a stated time, and what the log orders to erase never comes back."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from domain.privacy import key_of
from eventstore.backup.backup import DatabaseInUse
from eventstore.backup.manifest import MANIFEST, BackupInvalid, newest
from eventstore.backup.vault_backup import KeyDiffers, restore_vault, save_vault
from eventstore.privacy.sealed import VaultBroken
from eventstore.privacy.vault import Vault
from tests.backup.places import KEY, MONTH, PHONE, Place, destroy, opened_by, sealed_by

if TYPE_CHECKING:
    from pathlib import Path


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
