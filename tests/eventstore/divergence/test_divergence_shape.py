"""A divergence that no program can read is not stored, and stops nobody where it is stored."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import asyncpg
import pytest

from domain.record.divergence import Diverged
from eventstore.divergence.alarms import ACKNOWLEDGEMENT, RAISE
from eventstore.divergence.write_gate import UNREADABLE
from eventstore.integrity.chain_verifier import Doubt
from eventstore.proofs.proofs import Proofs
from eventstore.recorder.recorder import Receipt
from tests.conftest import execute
from tests.eventstore.notarising import (
    acknowledge,
    alarm,
    notarising,
    refused_because,
    signed_up_to,
    tamper,
)
from tests.eventstore.samples import DIVERGED, events

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from eventstore.log.log import Log
    from tests.conftest import Database

REFUSE = "SELECT muster.refuse($1, $2)"
REFUSAL = """
    INSERT INTO muster.refusal (divergence, what) VALUES ('d1', '{"doubt": "content"}')"""
OTHER_KIND = """
    UPDATE muster.event SET stream = 'log/d1', version = 1, data = '{"what": 5}',
        type = 'DivergenceAcknowledged' WHERE position = 3"""


@pytest.fixture
async def runtime(database: Database) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Connect with the password of the runtime role, and no program in between."""
    connection = await asyncpg.connect(database.dsn)
    yield connection
    await connection.close()


MISSING = {key: value for key, value in DIVERGED.items() if key != "root"}
FAULTS: list[tuple[str, object]] = [
    ("d1", {}),
    ("d1", []),
    ("d1", None),
    ("d1", 5),
    ("d1", MISSING),
    ("d1", {**DIVERGED, "more": 1}),
    *(("d1", {**DIVERGED, key: None}) for key in DIVERGED),
    *(("d1", {**DIVERGED, key: [value]}) for key, value in DIVERGED.items()),
    *(
        ("d1", {**DIVERGED, key: 5 if isinstance(value, str) else "5"})
        for key, value in DIVERGED.items()
    ),
    *(("d1", {**DIVERGED, key: "a\0b"}) for key in ("stream", "expected", "found")),
    *(("d1", {**DIVERGED, key: "\ud800"}) for key in ("stream", "expected", "found")),
    *(("d1", {**DIVERGED, "position": value}) for value in (2**63, -(2**63) - 1, 1.5, 1e30, True)),
    *(("d1", {**DIVERGED, "lineage": value}) for value in (0, -1, 2**31, 2**63 - 1)),
    *(("d1", {**DIVERGED, key: -1}) for key in ("size", "signed_size")),
    *(("d1", {**DIVERGED, "root": value}) for value in ("", "A1" * 32, "a1" * 31, "g1" * 32)),
    *(("d1", {**DIVERGED, "signed_root": value}) for value in ("a1", "a1" * 32 + "\n")),
    *(("d1", {**DIVERGED, "doubt": value}) for value in ("", "none", "LEAF")),
    ("d1", {**DIVERGED, "expected": "a" * 70_000}),
    *((name, DIVERGED) for name in ("", "D1", "d/1", "d 1", "-d", "d" * 65, "d1\n", "é")),
]


async def test_what_no_program_can_read_is_refused(
    runtime: asyncpg.Connection[asyncpg.Record],
) -> None:
    for name, what in FAULTS:
        said = (name, json.dumps(what))
        with pytest.raises(asyncpg.CheckViolationError):
            await runtime.fetch(REFUSE, *said)
        with pytest.raises(asyncpg.CheckViolationError):
            await runtime.fetch(RAISE, "k", "says", *said)


async def test_a_field_that_is_said_twice_is_refused(
    runtime: asyncpg.Connection[asyncpg.Record],
) -> None:
    twice = json.dumps(DIVERGED)[:-1] + ', "size": 9}'
    with pytest.raises(asyncpg.CheckViolationError):
        await runtime.fetch(REFUSE, "d1", twice)


async def test_what_programs_say_is_taken(
    runtime: asyncpg.Connection[asyncpg.Record],
) -> None:
    for doubt in Doubt:
        changes = {"doubt": doubt, "position": 2**63 - 1, "version": -(2**63), "expected": "火警"}
        what = Diverged.model_validate({**DIVERGED, **changes, "signed_root": "b2" * 32})
        await runtime.execute(RAISE, doubt, "says", "d1", what.model_dump_json())
        await runtime.execute(REFUSE, "d1", what.model_dump_json())


async def test_a_divergence_that_stands_and_can_t_be_read_is_acknowledged(
    database: Database, log: Log, tmp_path: Path
) -> None:
    await log.append("door/a", 0, events(3))
    await execute(database.owner_dsn, REFUSAL)
    async with notarising(database.dsn, tmp_path):
        divergence, what = await refused_because(database.dsn)
        assert (divergence, what) == ("d1", UNREADABLE)
        assert isinstance(await acknowledge(database.dsn, "d1", "known"), Receipt)
        assert (await signed_up_to(tmp_path, 4)).size == 4
    proofs = await Proofs.open(database.dsn)
    assert await proofs.standing() is None
    await proofs.close()


async def test_an_acknowledgement_that_can_t_be_read_is_an_alarm(
    database: Database, log: Log, tmp_path: Path
) -> None:
    await log.append("door/a", 0, events(3))
    await tamper(database.owner_dsn, OTHER_KIND)
    async with notarising(database.dsn, tmp_path):
        assert "position 3" in await alarm(database.dsn, ACKNOWLEDGEMENT)
        await signed_up_to(tmp_path, 3)
