"""A log that somebody with all rights changed: found, refused, acknowledged, gone on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from domain.refusals import Refusal
from eventstore.integrity.audit import audit
from eventstore.integrity.chain_verifier import Doubt
from eventstore.log.events import Appended
from eventstore.log.log import Log
from eventstore.recorder.recorder import Receipt
from tests.eventstore.forgery import refuses, rewritten, signed, writing
from tests.eventstore.notarising import (
    SIGNER,
    acknowledge,
    archive_of,
    checkpoint,
    notarising,
    refused_because,
    signed_up_to,
    tamper,
    until,
)
from tests.eventstore.samples import events, whole

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Database


CHANGED = "UPDATE muster.event SET data = '{\"number\": 7 }' WHERE position = 5"
BACKDATED = "UPDATE muster.event SET occurred_at = '2020-01-01' WHERE position = 5"
TAIL_CUT = "DELETE FROM muster.event WHERE position > 15"
SWAPPED = """
    UPDATE muster.event SET position = CASE position WHEN 105 THEN 6 ELSE 5 END,
        recorded_at = '2030-01-01' WHERE position IN (105, 106)"""


async def test_a_rewritten_chain_is_found_where_it_begins_and_nothing_is_appended(
    database: Database, log: Log, tmp_path: Path
) -> None:
    await signed(database, log, tmp_path)
    await tamper(database.owner_dsn, *writing(rewritten(await whole(log), 7)))
    async with notarising(database.dsn, tmp_path):
        _, what = await refused_because(database.dsn)
    assert (what.doubt, what.position, what.stream, what.version) == (Doubt.LEAF, 7, "door/a", 4)
    assert (what.signed_size, what.size) == (20, 20)
    assert await refuses(log)


async def test_a_tail_that_was_cut_is_found(database: Database, log: Log, tmp_path: Path) -> None:
    await signed(database, log, tmp_path)
    await tamper(database.owner_dsn, TAIL_CUT)
    async with notarising(database.dsn, tmp_path):
        _, what = await refused_because(database.dsn)
    assert (what.doubt, what.position, what.size) == (Doubt.END, 16, 15)
    assert await refuses(log)


async def test_a_tail_that_was_cut_and_grew_again_is_found(
    database: Database, log: Log, tmp_path: Path
) -> None:
    await signed(database, log, tmp_path)
    await tamper(database.owner_dsn, TAIL_CUT)
    await log.append("door/c", 0, events(10))
    async with notarising(database.dsn, tmp_path):
        _, what = await refused_because(database.dsn)
    assert (what.doubt, what.position) == (Doubt.LEAF, 16)


async def test_a_tail_that_is_cut_while_the_notary_runs_is_found(
    database: Database, log: Log, tmp_path: Path
) -> None:
    async with notarising(database.dsn, tmp_path) as notary:
        await log.append("door/a", 0, events(20))
        await signed_up_to(tmp_path, 20)
        await tamper(database.owner_dsn, TAIL_CUT)
        _, what = await refused_because(database.dsn)
        await until(lambda: notary.seen.refusing is not None)
    assert (what.doubt, what.position) == (Doubt.END, 16)


@pytest.mark.parametrize("forgery", [CHANGED, BACKDATED])
async def test_a_changed_event_under_its_old_hash_is_found_by_the_audit(
    database: Database, log: Log, tmp_path: Path, forgery: str
) -> None:
    await signed(database, log, tmp_path)
    await tamper(database.owner_dsn, forgery)
    async with notarising(database.dsn, tmp_path) as notary:
        await notary.seen.begun.wait()
        found = await notary.inspection.whole()
        _, what = await refused_because(database.dsn)
    assert [(one.doubt, one.position) for one in found] == [(Doubt.CONTENT, 5)]
    assert (what.doubt, what.position, what.stream, what.version) == (
        Doubt.CONTENT, 5, "door/a", 3,
    )  # fmt: skip
    assert await refuses(log)


async def test_events_that_changed_places_are_found(
    database: Database, log: Log, tmp_path: Path
) -> None:
    await signed(database, log, tmp_path)
    away = "UPDATE muster.event SET position = position + 100 WHERE position IN (5, 6)"
    await tamper(database.owner_dsn, away, SWAPPED)
    async with notarising(database.dsn, tmp_path):
        _, what = await refused_because(database.dsn)
    assert (what.doubt, what.position) == (Doubt.LEAF, 5)


async def test_an_event_missing_in_the_middle_is_found(
    database: Database, log: Log, tmp_path: Path
) -> None:
    await signed(database, log, tmp_path)
    await tamper(database.owner_dsn, "DELETE FROM muster.event WHERE position = 5")
    async with notarising(database.dsn, tmp_path):
        _, what = await refused_because(database.dsn)
    assert what.doubt == Doubt.POSITION
    assert await refuses(log)


async def test_only_the_divergence_that_stands_can_be_acknowledged_and_only_with_a_reason(
    database: Database, log: Log, tmp_path: Path
) -> None:
    await signed(database, log, tmp_path)
    assert await acknowledge(database.dsn, "none", "why not") == Refusal.DIVERGENCE_UNKNOWN
    await tamper(database.owner_dsn, TAIL_CUT)
    async with notarising(database.dsn, tmp_path):
        divergence, _ = await refused_because(database.dsn)
    assert await acknowledge(database.dsn, "none", "why not") == Refusal.DIVERGENCE_UNKNOWN
    assert await acknowledge(database.dsn, divergence, None) == Refusal.REASON_REQUIRED
    assert await refuses(log)


async def test_an_acknowledged_log_goes_on_under_another_origin(
    database: Database, log: Log, tmp_path: Path
) -> None:
    await signed(database, log, tmp_path)
    before = checkpoint(tmp_path)
    await tamper(database.owner_dsn, TAIL_CUT)
    async with notarising(database.dsn, tmp_path) as notary:
        divergence, _ = await refused_because(database.dsn)
        assert isinstance(await acknowledge(database.dsn, divergence, "restored"), Receipt)
        assert isinstance(await log.append("door/c", 0, events(1)), Appended)
        await until(lambda: notary.seen.size == 17)
        assert notary.seen.refusing is None
    after = checkpoint(tmp_path)
    assert (before.origin, after.origin) == (SIGNER.name, f"{SIGNER.name}/2")
    assert [row.type for row in await whole(log)][15:] == ["DivergenceAcknowledged", "DoorOpened"]
    report = await audit(database.dsn, None, None, lambda _: None)
    assert (report.size, report.root, list(report.flaws)) == (17, after.root, [])
    async with notarising(database.dsn, tmp_path) as again:
        await again.seen.begun.wait()
        assert (again.seen.refusing, archive_of(tmp_path).lineage) == (None, 2)


async def test_an_acknowledged_content_is_not_refused_again_but_another_one_is(
    database: Database, log: Log, tmp_path: Path
) -> None:
    await signed(database, log, tmp_path)
    await tamper(database.owner_dsn, CHANGED)
    async with notarising(database.dsn, tmp_path) as notary:
        await notary.seen.begun.wait()
        await notary.inspection.whole()
        divergence, _ = await refused_because(database.dsn)
        await acknowledge(database.dsn, divergence, "a repair that went wrong")
        await until(lambda: notary.seen.refusing is None and notary.seen.size == 21)
        assert await notary.inspection.whole() == []
        assert archive_of(tmp_path).lineage == 1
        await tamper(database.owner_dsn, CHANGED.replace("= 5", "= 8"))
        assert [one.position for one in await notary.inspection.whole()] == [8]
    assert await refuses(log)


async def test_an_acknowledgement_is_answered_again_like_any_command(
    database: Database, log: Log, tmp_path: Path
) -> None:
    await signed(database, log, tmp_path)
    await tamper(database.owner_dsn, TAIL_CUT)
    async with notarising(database.dsn, tmp_path):
        divergence, _ = await refused_because(database.dsn)
        first = await acknowledge(database.dsn, divergence, "restored")
        again = await acknowledge(database.dsn, divergence, "restored")
    assert isinstance(first, Receipt)
    assert isinstance(again, Receipt)
    assert (first.kinds, again.kinds) == (("DivergenceAcknowledged",), ())
