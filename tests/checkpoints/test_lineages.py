"""What a contact believes of a log that goes on as a later lineage: what is proven, and no more."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.proof.forgery import MemoryLog, acknowledgement, sealed
from eventstore.tlog.checkpoint import Checkpoint
from eventstore.tlog.merkle import root_of
from services.client.checkpoints import evidence, texts
from services.client.checkpoints.comparison import Alarm, Shown, Status
from services.client.checkpoints.store import CheckpointStore
from tests.checkpoints.logs import SERVER, SIGNER, another, contact, log

if TYPE_CHECKING:
    from pathlib import Path

    from services.client.checkpoints.acknowledgement import Ended
    from services.client.checkpoints.comparison import Growth

CHANCE = random.Random(5)  # noqa: S311 - a seed repeats what was found


@pytest.fixture
def store(tmp_path: Path) -> CheckpointStore:
    return CheckpointStore(tmp_path / "kept")


def signed(count: int) -> Checkpoint:
    """Return what the log signed in its first lineage when it had so many events."""
    return Checkpoint(SIGNER.name, count, root_of(log(count).leaves))


def of_lineage(rows: MemoryLog, lineage: int, *ended: tuple[int, int, int]) -> MemoryLog:
    """Return a log as a later lineage; it ended others: their number, last size, and where."""
    more = [acknowledgement(signed(size), at, CHANCE, number) for number, size, at in ended]
    return replace(rows, rows=sealed([*rows.rows, *more]), lineage=lineage)


@dataclass
class Listing:
    """Shows a log, with the acknowledgements that somebody chose."""

    log: MemoryLog
    acknowledged: tuple[Ended, ...]

    async def newest(self) -> Shown:
        """Show it."""
        key = SIGNER.named(f"{SIGNER.name}/{self.log.lineage}").verifier.vkey
        return Shown(self.log.note(), self.log.lineage, key, self.acknowledged)

    async def growth(self, first: int, second: int) -> Growth:
        """Prove by the log."""
        return await self.log.growth(first, second)


async def test_a_lineage_that_holds_all_that_was_kept_is_followed(store: CheckpointStore) -> None:
    await contact(log(10), store).check()
    shown = of_lineage(log(30), 2, (1, 20, 16))
    found = await contact(shown, store).check()
    assert (found.status, found.alarm, found.growth is not None) == (Status.NEW_LINEAGE, None, True)
    assert "proven to be in it" in texts.headline(found, "en")
    assert "a disk was lost" in " ".join(texts.details(found, "zh").values())
    (one,) = store.logs()
    assert (one.checkpoint.origin, one.checkpoint.size) == (f"{SIGNER.name}/2", 31)
    assert one.key.vkey == SIGNER.verifier.vkey
    (file,) = (store.folder / "evidence").iterdir()
    (said,) = evidence.parse(file.read_text("utf-8")).acknowledged
    assert {"data", "meta", "hash", "proof", "event_id", "recorded_at"} <= set(said)
    assert (await contact(shown, store).check()).status is Status.SAME
    assert (await contact(log(40), store).check()).alarm is Alarm.SHRUNK


@pytest.mark.parametrize("differs_from", [1, 3, 10])
async def test_what_was_kept_and_is_not_proven_is_an_alarm_until_it_is_trusted(
    store: CheckpointStore, differs_from: int
) -> None:
    await contact(log(10), store).check()
    shown = of_lineage(another(30), 2, (1, 20, differs_from))
    first, again = [await contact(shown, store).check() for _ in range(2)]
    assert (first.alarm, first.evidence) == (Alarm.LINEAGE_DIFFERS, again.evidence)
    assert f"from position {differs_from} on" in texts.headline(first, "en")
    assert "a disk was lost" in " ".join(texts.details(first, "en").values())
    (kept,) = store.logs()
    assert kept.checkpoint.size == 10
    assert first.shown is not None
    store.replace(SERVER, first.shown, "the disk was lost, says the keeper")
    assert (await contact(shown, store).check()).status is Status.SAME


@pytest.mark.parametrize(
    ("ended", "alarm"),
    [
        ((), Alarm.LINEAGE_UNEXPLAINED),
        (((2, 20, 3),), Alarm.LINEAGE_UNEXPLAINED),
        (((1, 9, 3),), Alarm.LINEAGE_UNEXPLAINED),
        (((1, 20, 11),), Alarm.UNPROVEN),
    ],
    ids=["none", "of another lineage", "of less than was kept", "of what lies behind"],
)
async def test_a_lineage_excuses_no_more_than_was_acknowledged(
    store: CheckpointStore, ended: tuple[tuple[int, int, int], ...], alarm: Alarm
) -> None:
    await contact(log(10), store).check()
    found = await contact(of_lineage(another(30), 2, *ended), store).check()
    assert (found.alarm, store.logs()[0].checkpoint.size) == (alarm, 10)


@pytest.mark.parametrize(
    "changes",
    [
        {"event": None, "proof": ()},
        {"proof": ()},
        {"proof": (bytes(32),) * 5},
        {"signed_size": 99},
        {"differs_from": 40},
        {"position": 30},
        {"divergence": "another"},
        {"reason": "another"},
        {"actor": "another"},
        {"lineage": 2},
    ],
    ids=str,
)
async def test_an_acknowledgement_is_what_the_log_has_and_not_what_the_service_says(
    store: CheckpointStore, changes: dict[str, Any]
) -> None:
    await contact(log(10), store).check()
    shown = of_lineage(log(30), 2, (1, 20, 16))
    (listed,) = shown.acknowledged()
    listing = Listing(shown, (listed._replace(**changes),))
    assert (await contact(listing, store).check()).alarm is Alarm.LINEAGE_UNEXPLAINED


@pytest.mark.parametrize(
    "changes",
    [{"data": "{}"}, {"data": "["}, {"meta": "0"}, {"version": 2}, {"type": "DoorOpened"}],
    ids=str,
)
async def test_an_event_that_acknowledges_nothing_explains_nothing(
    store: CheckpointStore, changes: dict[str, Any]
) -> None:
    await contact(log(10), store).check()
    true = of_lineage(log(30), 2, (1, 20, 16))
    (listed,) = true.acknowledged()
    assert listed.event is not None
    rows = sealed([*true.rows[:-1], true.rows[-1]._replace(**changes)])
    event = listed.event._replace(**changes, hash=rows[-1].hash)
    listing = Listing(replace(true, rows=rows), (listed._replace(event=event),))
    assert (await contact(listing, store).check()).alarm is Alarm.LINEAGE_UNEXPLAINED


async def test_every_lineage_on_the_way_is_accounted_for(store: CheckpointStore) -> None:
    await contact(log(10), store).check()
    first_only = of_lineage(log(30), 3, (1, 20, 16))
    assert (await contact(first_only, store).check()).alarm is Alarm.LINEAGE_UNEXPLAINED
    both = of_lineage(log(30), 3, (1, 20, 16), (2, 25, 18))
    assert (await contact(both, store).check()).status is Status.NEW_LINEAGE


async def test_a_log_is_first_seen_in_a_later_lineage(store: CheckpointStore) -> None:
    shown = of_lineage(log(10), 3)
    assert (await contact(shown, store).check()).status is Status.FIRST
    pin = SIGNER.named(f"{SIGNER.name}/3").verifier.vkey
    assert (await contact(shown, store, pin).check()).status is Status.SAME
    assert store.logs()[0].key.vkey == SIGNER.verifier.vkey


async def test_a_lineage_that_is_called_a_log_of_its_own_is_still_compared(
    store: CheckpointStore,
) -> None:
    await contact(of_lineage(log(10), 2), store).check()
    called = replace(another(20), signer=SIGNER.named(f"{SIGNER.name}/2"))
    elsewhere = replace(contact(called, store), server="x:1")
    assert (await elsewhere.check()).alarm is Alarm.FORKED
