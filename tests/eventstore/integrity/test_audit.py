"""Verifying the whole log: chain and tree, in one process or several, every flaw in its place."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventstore.integrity.archive import Archive
from eventstore.integrity.audit import Report, Signed, audit
from eventstore.integrity.chain_verifier import Doubt, verify
from eventstore.integrity.tree_builder import TreeBuilder
from eventstore.log.log import Log
from eventstore.postgres.connection import LOG_SETTINGS, connect
from eventstore.postgres.errors import LogUnavailable
from eventstore.tlog.merkle import EMPTY_ROOT, leaf_hash, root_of
from tests.eventstore.notarising import tamper
from tests.eventstore.samples import event, events, whole

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Database

STREAMS = ("door/a", "door/b", "门/中文")
EVENTS = 1_200
CUT = "DELETE FROM muster.event WHERE position >= {from}"
HERE, APART = 10_000, 0
"""How many events are verified in the test's own process: all, or none."""


async def filled(log: Log) -> None:
    """Append a few tiles of events, of three streams in turn."""
    for version in range(0, EVENTS // len(STREAMS), 40):
        for stream in STREAMS:
            await log.append(stream, version, events(40))


async def archived(database: Database, folder: Path, size: int) -> tuple[Archive, Signed]:
    """Keep the tree as it is now."""
    archive = Archive(folder)
    growing = TreeBuilder(archive)
    connection = await connect(database.dsn, LOG_SETTINGS)
    await growing.read_on(connection, size)
    await connection.close()
    growing.keep_end()
    return archive, Signed(growing.size, growing.root())


async def audited(
    database: Database, signed: Signed | None, archive: Archive | None, alone: int
) -> Report:
    told: list[int] = []
    report = await audit(database.dsn, signed, archive, told.append, alone=alone)
    assert report.flaws or sum(told) == report.size
    return report


@pytest.mark.parametrize(
    ("size", "alone"),
    [*((size, HERE) for size in (1, 255, 256, 257, 1_000, EVENTS)), (256, APART), (1_000, APART)],
)
async def test_a_sound_log_is_sound_up_to_any_size_that_was_signed(
    database: Database, log: Log, tmp_path: Path, alone: int, size: int
) -> None:
    await filled(log)
    archive, signed = await archived(database, tmp_path, size)
    report = await audited(database, signed, archive, alone)
    assert (report.size, list(report.flaws)) == (EVENTS, [])
    assert report.root == root_of(leaf_hash(row.hash) for row in await whole(log))


async def test_an_empty_log_is_sound(database: Database) -> None:
    assert await audited(database, None, None, HERE) == Report(0, EMPTY_ROOT, [])


@pytest.mark.parametrize(
    ("position", "alone"), [(1, HERE), (257, HERE), (EVENTS, HERE), (700, APART)]
)
@pytest.mark.parametrize(
    ("forgery", "doubt"),
    [
        ("UPDATE muster.event SET data = '{\"number\":1 }' WHERE position = {at}", Doubt.CONTENT),
        ("UPDATE muster.event SET type = 'DoorOpenee' WHERE position = {at}", Doubt.CONTENT),
        ("UPDATE muster.event SET hash = sha256(hash) WHERE position = {at}", Doubt.CONTENT),
        ("UPDATE muster.event SET stream = 'door/c' WHERE position = {at}", Doubt.VERSION),
    ],
)
async def test_a_forgery_is_named_where_it_is(  # noqa: PLR0913, PLR0917 - a table of them
    database: Database, log: Log, forgery: str, doubt: Doubt, position: int, alone: int
) -> None:
    await filled(log)
    await tamper(database.owner_dsn, forgery.replace("{at}", str(position)))
    first = (await audited(database, None, None, alone)).flaws[0]
    expected = verify(await whole(log)).divergence
    assert expected is not None
    assert (first.position, first.stream, first.version) == expected[:3]
    assert first.doubt in {doubt, expected.doubt}


@pytest.mark.parametrize("alone", [HERE, APART])
async def test_a_gap_is_named_where_it_begins(database: Database, log: Log, alone: int) -> None:
    await filled(log)
    await tamper(database.owner_dsn, "DELETE FROM muster.event WHERE position = 700")
    first = (await audited(database, None, None, alone)).flaws[0]
    assert (first.doubt, first.position) == (Doubt.POSITION, 701)


@pytest.mark.parametrize(
    ("position", "alone"), [(1, HERE), (256, HERE), (1_000, HERE), (1_100, HERE), (700, APART)]
)
async def test_a_log_that_was_written_anew_is_named_where_it_begins_to_differ(
    database: Database, log: Log, tmp_path: Path, position: int, alone: int
) -> None:
    await filled(log)
    archive, signed = await archived(database, tmp_path, 1_100)
    await tamper(database.owner_dsn, CUT.replace("{from}", str(position)))
    for stream in STREAMS:
        version = len([row for row in await whole(log) if row.stream == stream])
        await log.append(stream, version, [event() for _ in range(400)])
    report = await audited(database, signed, archive, alone)
    assert [(one.doubt, one.position) for one in report.flaws] == [(Doubt.LEAF, position)]
    blind = await audited(database, signed, None, alone)
    assert [(one.doubt, one.position) for one in blind.flaws] == [(Doubt.ROOT, 1_100)]


@pytest.mark.parametrize("kept", [0, 1, 255, 256, 1_000])
async def test_a_tail_that_was_cut_is_named(
    database: Database, log: Log, tmp_path: Path, kept: int
) -> None:
    await filled(log)
    archive, signed = await archived(database, tmp_path, EVENTS)
    await tamper(database.owner_dsn, CUT.replace("{from}", str(kept + 1)))
    for seen in (archive, None):
        report = await audited(database, signed, seen, HERE)
        assert [(one.doubt, one.position) for one in report.flaws] == [(Doubt.END, kept + 1)]


async def test_a_database_that_is_away_is_told_as_such() -> None:
    with pytest.raises(LogUnavailable):
        await audit("postgresql://nobody@127.0.0.1:1/nowhere", None, None, lambda _: None)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.integers(0, 2), st.text(max_size=40)), min_size=1, max_size=30))
def test_any_content_is_verified_as_it_was_hashed(
    fresh_dsn: str, appends: list[tuple[int, str]]
) -> None:
    """Each append: to which stream, and what the event says."""

    async def play() -> None:
        log = await Log.open(fresh_dsn)
        for number, text in appends:
            versions = [row.version for row in await whole(log) if row.stream == STREAMS[number]]
            said = [event(json.dumps({"said": text}, ensure_ascii=False))]
            await log.append(STREAMS[number], max(versions, default=0), said)
        report = await audit(fresh_dsn, None, None, lambda _: None)
        rows = await whole(log)
        await log.close()
        assert (report.size, list(report.flaws)) == (len(rows), [])
        assert report.root == root_of(leaf_hash(row.hash) for row in rows)

    asyncio.run(play())
