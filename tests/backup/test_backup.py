"""A backup is the log, verified, in one place; keys are in another, and not for as long."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import asyncpg
import pytest

from eventstore.backup.backup import DatabaseInUse, restore_log, save_log
from eventstore.backup.manifest import (
    LOG_FILE,
    MANIFEST,
    BackupInvalid,
    LogManifest,
    forget_expired,
    newest,
    read_manifest,
)
from eventstore.integrity.audit import audit
from eventstore.log.events import Appended
from eventstore.log.log import Log
from eventstore.privacy.key_shares import KeyShares
from eventstore.privacy.key_wrap import KeyWrap
from eventstore.privacy.vault import Vault
from eventstore.tlog.merkle import Tree, leaf_hash
from projections.queries.lists import ViewReader
from projections.registry import VIEWS
from projections.runner import ProjectionRunner
from tests.conftest import execute
from tests.eventstore.samples import event, events

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from eventstore.log.events import StoredEvent
    from tests.conftest import Database
    from tests.postgres import Cluster

KEY = bytes(range(32))
MONTH = timedelta(days=30)
ODD = [
    r'{"text":"back\\slash, tab\tnew\nline, \u0000 and \\."}',
    '{"text":"真实的 tab\there is not JSON, but json keeps it","n":1e2}'.replace("\t", " "),
    '{ "spaces" : "kept" ,  "spaces" : "twice" }',
    '{"text":"\\\\N"}',
    '{"emoji":"😀","quote":"\\"","sealed":"x"}',
    "[]",
    "\t{}\n ",
]
"""JSON texts that a dump must give back byte for byte."""


class Elsewhere(NamedTuple):
    """An empty database."""

    dsn: str
    """Of its owner."""
    runtime: str


@pytest.fixture
async def elsewhere(postgres: Cluster) -> AsyncIterator[Elsewhere]:
    name = f"other_{uuid4().hex}"
    await execute(postgres.dsn(), f"CREATE DATABASE {name} TEMPLATE template0")
    yield Elsewhere(postgres.dsn(name), postgres.dsn(name, user="muster_runtime"))
    await execute(postgres.dsn(), f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def log(database: Database) -> AsyncIterator[Log]:
    """Open a log that has some events, odd ones among them."""
    opened = await Log.open(database.dsn)
    await opened.append("door/a", 0, [event(text) for text in ODD])
    await opened.append("door/b", 0, events(300))
    yield opened
    await opened.close()


class Heard:
    """What was told while it was done."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, int]] = []

    def __call__(self, what: str, done: int, total: int) -> None:
        self.told.append((what, done, total))


async def whole(log: Log) -> Sequence[StoredEvent]:
    return await log.read(0, limit=10_000)


async def saved(database: Database, folder: Path) -> tuple[Path, LogManifest]:
    return await save_log(database.cluster.programs, database.owner_dsn, folder, Heard())


@pytest.mark.usefixtures("log")
async def test_a_backup_says_where_the_log_ends_and_what_its_root_is(
    database: Database, log: Log, tmp_path: Path
) -> None:
    heard = Heard()
    where, manifest = await save_log(database.cluster.programs, database.owner_dsn, tmp_path, heard)
    stored = await whole(log)
    tree = Tree()
    tree.extend(leaf_hash(one.hash) for one in stored)
    assert (manifest.log, manifest.position) == (stored[0].hash.hex(), len(stored))
    assert (manifest.hash, manifest.root) == (stored[-1].hash.hex(), tree.root().hex())
    assert manifest.unsound is None
    assert read_manifest(where, LogManifest) == manifest
    assert (newest(tmp_path), newest(where)) == (where, where)
    assert heard.told[0] == ("saving", 0, 307)
    assert heard.told[-1] == ("verifying", 307, 307)


async def test_what_is_restored_is_the_log_byte_for_byte_and_goes_on(
    database: Database, log: Log, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    where, manifest = await saved(database, tmp_path)
    await restore_log(database.cluster.programs, elsewhere.dsn, where, Heard())
    restored = await Log.open(elsewhere.runtime)
    assert await whole(restored) == await whole(log)
    appended = await restored.append("door/b", 300, [event('{"after":"restore"}')])
    assert isinstance(appended, Appended)
    assert appended.position == manifest.position + 1
    report = await audit(elsewhere.runtime, None, None, lambda _: None)
    assert (report.size, list(report.flaws)) == (manifest.position + 1, [])
    await restored.close()


async def test_views_are_made_again(
    database: Database, log: Log, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    await (await ProjectionRunner.open(database.dsn, log, VIEWS, print)).close()
    where, _ = await saved(database, tmp_path)
    await restore_log(database.cluster.programs, elsewhere.dsn, where, Heard())
    restored = await Log.open(elsewhere.runtime)
    keeper = await ProjectionRunner.open(elsewhere.runtime, restored, VIEWS, print)
    keeping = asyncio.create_task(keeper.run())
    views = await ViewReader.open(elsewhere.runtime)
    await views.wait_for("contacts", await restored.head(), 10)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    for one in (views, keeper, restored):
        await one.close()


async def test_a_restored_log_is_as_insert_only_as_before(
    database: Database, log: Log, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    assert await log.head()
    where, _ = await saved(database, tmp_path)
    await restore_log(database.cluster.programs, elsewhere.dsn, where, Heard())
    for statement in ("UPDATE muster.event SET type = 'x'", "DELETE FROM muster.event"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await execute(elsewhere.runtime, statement)
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="never changed"):
            await execute(elsewhere.dsn, statement)


async def test_an_empty_log_is_saved_and_restored(
    database: Database, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    where, manifest = await saved(database, tmp_path)
    assert (manifest.position, manifest.log, manifest.hash) == (0, "", "")
    await restore_log(database.cluster.programs, elsewhere.dsn, where, Heard())
    restored = await Log.open(elsewhere.runtime)
    assert isinstance(await restored.append("door/a", 0, [event()]), Appended)
    await restored.close()


async def test_events_that_come_while_it_is_saved_do_not_break_it(
    database: Database, log: Log, tmp_path: Path
) -> None:
    async def write() -> None:
        for number in range(200):
            await log.append(f"door/{number}", 0, [event()])

    writing = asyncio.create_task(write())
    await asyncio.sleep(0.05)
    _, manifest = await saved(database, tmp_path)
    await writing
    assert manifest.position >= 307
    assert manifest.unsound is None


async def test_an_append_that_lies_in_the_place_of_one_that_was_cut_off_is_in_its_order(
    database: Database, log: Log, tmp_path: Path
) -> None:
    moved = "UPDATE muster.event SET schema_version = schema_version WHERE position IN (1, 20, 307)"
    assert await log.head()
    await tampered(database, moved)
    _, manifest = await saved(database, tmp_path)
    assert (manifest.position, manifest.unsound) == (307, None)


async def test_nothing_is_restored_over_a_log(
    database: Database, log: Log, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    where, _ = await saved(database, tmp_path)
    await restore_log(database.cluster.programs, elsewhere.dsn, where, Heard())
    for dsn in (elsewhere.dsn, database.owner_dsn):
        with pytest.raises(DatabaseInUse, match="307 events"):
            await restore_log(database.cluster.programs, dsn, where, Heard())
    assert await log.head() == 307


async def test_the_keys_of_personal_data_are_not_in_it(
    database: Database, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    vault = await opened(database.dsn)
    sealed = await vault.seal("incident/1/li", "138 0000 0000")
    where, _ = await saved(database, tmp_path)
    await restore_log(database.cluster.programs, elsewhere.dsn, where, Heard())
    connection = await asyncpg.connect(elsewhere.dsn)
    assert await connection.fetchval("SELECT count(*) FROM muster_vault.key") == 0
    await connection.close()
    wrapped = await asyncpg.connect(database.dsn)
    (kept,) = await wrapped.fetch("SELECT wrapped FROM muster_vault.key")
    await wrapped.close()
    plain = dump_as_text(database, where / LOG_FILE)
    assert kept["wrapped"].hex() not in plain
    assert sealed not in plain, "nothing was recorded that holds it"
    await vault.close()


async def test_a_log_that_is_not_sound_is_saved_and_said_to_be_so(
    database: Database, log: Log, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    assert await log.head()
    await tampered(database, "UPDATE muster.event SET data = '{}' WHERE position = 5")
    where, manifest = await saved(database, tmp_path)
    assert manifest.unsound is not None
    assert "position=5" in manifest.unsound
    assert "content" in manifest.unsound
    await restore_log(database.cluster.programs, elsewhere.dsn, where, Heard())


async def test_a_checkpoint_over_another_root_is_found(
    database: Database, log: Log, tmp_path: Path
) -> None:
    assert await log.head()
    keep = "INSERT INTO muster.checkpoint (lineage, size, root, note) VALUES (1, $1, $2, 'note')"
    connection = await asyncpg.connect(database.owner_dsn)
    stored = await whole(log)
    tree = Tree()
    tree.extend(leaf_hash(one.hash) for one in stored[:100])
    await connection.execute(keep, 100, tree.root())
    _, manifest = await saved(database, tmp_path)
    assert (manifest.unsound, manifest.checkpoint) == (None, "note")
    await connection.execute(keep, 101, bytes(32))
    await connection.close()
    _, manifest = await saved(database, tmp_path)
    assert manifest.unsound is not None
    assert "101" in manifest.unsound


@pytest.mark.parametrize("harm", ["flipped", "cut", "gone", "no manifest", "another format"])
async def test_a_backup_that_was_harmed_is_not_restored(
    database: Database, log: Log, elsewhere: Elsewhere, tmp_path: Path, harm: str
) -> None:
    assert await log.head()
    where, _ = await saved(database, tmp_path)
    file, manifest = where / LOG_FILE, where / MANIFEST
    content = file.read_bytes()
    match harm:
        case "flipped":
            middle = len(content) // 2
            file.write_bytes(
                content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
            )
        case "cut":
            file.write_bytes(content[:-1])
        case "gone":
            file.unlink()
        case "no manifest":
            manifest.unlink()
        case _:
            said = json.loads(manifest.read_text()) | {"format": "muster/backup/log/v2"}
            manifest.write_text(json.dumps(said))
    with pytest.raises(BackupInvalid):
        await restore_log(database.cluster.programs, elsewhere.dsn, newest(where), Heard())
    connection = await asyncpg.connect(elsewhere.dsn)
    assert await connection.fetchval("SELECT to_regclass('muster.event')") is None
    await connection.close()


async def test_a_manifest_that_lies_about_the_root_is_found_after_restoring(
    database: Database, log: Log, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    assert await log.head()
    where, manifest = await saved(database, tmp_path)
    lie = manifest.model_copy(update={"root": "00" * 32})
    (where / MANIFEST).write_text(lie.model_dump_json())
    with pytest.raises(BackupInvalid, match="another root"):
        await restore_log(database.cluster.programs, elsewhere.dsn, where, Heard())


async def test_a_database_without_a_log_has_nothing_to_save(
    database: Database, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    with pytest.raises(BackupInvalid, match="no log"):
        await save_log(database.cluster.programs, elsewhere.dsn, tmp_path, Heard())


async def test_a_folder_without_a_backup_says_so(tmp_path: Path) -> None:
    (tmp_path / "2026-01-01T00-00-00.000000Z.part").mkdir()
    (tmp_path / "2026-01-01T00-00-00.000000Z.part" / MANIFEST).write_text("{}")
    with pytest.raises(BackupInvalid, match="no backup"):
        newest(tmp_path)


async def test_a_backup_of_the_log_is_never_removed_for_its_age(
    database: Database, tmp_path: Path
) -> None:
    where, _ = await saved(database, tmp_path)
    assert forget_expired(tmp_path, datetime.now(UTC) + 1_000 * MONTH, MONTH) == []
    assert where.exists()


async def opened(dsn: str) -> Vault:
    from eventstore.postgres.connection import connect_pool  # noqa: PLC0415 - only here

    pool = await connect_pool(dsn, size=1)
    return Vault(pool, KeyWrap(KEY), KeyShares(pool, None))


async def tampered(database: Database, statement: str) -> None:
    off = "ALTER TABLE muster.event DISABLE TRIGGER ALL"
    await execute(database.owner_dsn, off, statement, "ALTER TABLE muster.event ENABLE TRIGGER ALL")


def dump_as_text(database: Database, file: Path) -> str:
    import subprocess  # noqa: PLC0415 - only here

    program = database.cluster.programs / "pg_restore"
    done = subprocess.run([program, "--file=-", file], check=True, capture_output=True)
    return done.stdout.decode()
