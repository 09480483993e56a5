"""Backups of the keys expire, and until then it is known that they may hold what was destroyed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from eventstore.backup.manifest import (
    MANIFEST,
    VAULT_FILE,
    BackupInvalid,
    VaultManifest,
    begun,
    forget_expired,
    newest,
    read_manifest,
)
from tests.backup.places import MONTH, Place, destroy, fates, sealed_by

if TYPE_CHECKING:
    from pathlib import Path


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
