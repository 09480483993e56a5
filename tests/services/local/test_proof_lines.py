"""What `muster status` and `muster doctor` say of the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.divergence.alarms import FOLDER, QUORUM, WITNESS, Alarms
from eventstore.log.log import Log
from eventstore.proofs.proofs import Proofs
from services.local.health import BAD, GOOD, WARN, proof_lines
from tests.eventstore.forgery import rewritten, signed, writing
from tests.eventstore.notarising import notarising, refused_because, tamper
from tests.eventstore.samples import whole

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Database


async def test_alarms_are_shown_the_grave_ones_first(database: Database) -> None:
    proofs = await Proofs.open(database.dsn)
    alarms = Alarms(proofs.pool)
    await alarms.say(f"{WITNESS}a", "a has not cosigned")
    await alarms.say(QUORUM, "too few cosigned")
    await alarms.say(FOLDER, "the folder is empty")
    shown = [(line.part, line.colour) for line in await proof_lines(database.dsn, 0)]
    for kind in (f"{WITNESS}a", QUORUM, FOLDER):
        await alarms.clear(kind)
    await proofs.close()
    assert shown == [
        ("proof: folder", BAD),
        ("proof: quorum", BAD),
        ("proof: witness a", WARN),
        ("checkpoint", GOOD),
    ]
    assert [line.part for line in await proof_lines(database.dsn, 0)] == ["checkpoint"]


async def test_a_divergence_is_shown_first_with_who_found_it(
    database: Database, tmp_path: Path
) -> None:
    log = await Log.open(database.dsn)
    await signed(database, log, tmp_path)
    await tamper(database.owner_dsn, *writing(rewritten(await whole(log), 7)))
    async with notarising(database.dsn, tmp_path):
        divergence, _ = await refused_because(database.dsn)
    first, *_ = await proof_lines(database.dsn, 20)
    await log.close()
    assert (first.state, first.colour) == ("refusing", BAD)
    assert "leaf at position 7" in first.what
    assert "by notary" in first.what
    assert divergence in first.what
