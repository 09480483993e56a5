"""What is true, told from where it must be told anew: the same as if all were told each time."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from benchmarks.folding import long_life
from domain.decider import Versioned, decode, encode
from domain.incident.decider import INCIDENTS
from domain.incident.events.aftermath import DamageRecorded
from domain.incident.events.corrections import Correction, DamageCorrected, ReportCorrected
from domain.incident.events.duties import SituationReported
from domain.incident.evolution.valid_time import DatedEvent, ValidTimeState
from domain.values import Event
from eventstore.log.events import Appended, NewEvent
from eventstore.log.log import Log
from eventstore.queries.valid_time import ValidTimeStreams
from eventstore.recorder.load import load_from
from services.api.history import valid_time
from services.api.history.valid_time import ValidTimeHistory
from services.runtime.snapshots import snapshots_of_incidents
from tests.domain.incident.evolution.truth import all_corrected, true_state

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from domain.incident.state.incident import Incident
    from tests.conftest import Database

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = "case"
LIFE = long_life(90)


@pytest.fixture
async def log(database: Database) -> AsyncIterator[Log]:
    opened = await Log.open(database.dsn)
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def _short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valid_time, "PAGE_FACTS", 7)
    monkeypatch.setattr(valid_time, "EVERY_FACTS", 5)
    monkeypatch.setattr(valid_time, "AT_ONCE_FACTS", 3)


class Case:
    """An incident that is told at random: late, and corrected."""

    def __init__(self, log: Log, seed: int) -> None:
        self.log = log
        self.chance = random.Random(seed)  # noqa: S311 - no secret
        self.version = 0
        self.left = list(LIFE)
        self.entries: list[Event] = []
        self.truths = ValidTimeHistory(ValidTimeStreams(log), snapshots_of_incidents(log))

    async def tell(self, *, late: float, wrong: float) -> None:
        """Append what comes next, or a correction of what came."""
        if self.entries and self.chance.random() < wrong:
            fact: Event = self._correction(self.chance.choice(self.entries))
        else:
            fact = self.left.pop(0)
            if isinstance(fact, SituationReported | DamageRecorded):
                self.entries.append(fact)
        back = self.chance.randrange(60) if self.chance.random() < late else 0
        at = max(NOON, NOON + timedelta(seconds=self.version - back))
        event = NewEvent(uuid4(), fact.kind, fact.schema_version, at, encode(fact), "{}")
        done = await self.log.append(INCIDENTS.stream(KEY), self.version, [event])
        assert isinstance(done, Appended), done
        self.version = done.version

    async def compare(self) -> None:
        """Ask what was true at an instant, and tell it plainly."""
        instant = NOON + timedelta(seconds=self.chance.randrange(self.version + 5))
        current = await self._known()
        assert await self.truths.at(KEY, instant, current) == true_state(
            all_corrected(await self._told()), instant
        )

    def _correction(self, entry: Event) -> Correction:
        back = NOON + timedelta(seconds=self.chance.randrange(self.version))
        moved = self.chance.choice([None, back])
        if isinstance(entry, SituationReported):
            count = self.chance.randrange(500)
            return ReportCorrected(
                filing=entry.filing,
                summary=None,
                headcount=count,
                casualties=None,
                happened_at=moved,
            )
        assert isinstance(entry, DamageRecorded), entry
        return DamageCorrected(
            damage=entry.damage, asset=None, description="Broken.", estimate_fen=None,
            happened_at=moved,
        )  # fmt: skip

    async def _known(self) -> Versioned[Incident]:
        return await load_from(self.log, INCIDENTS, KEY, Versioned(INCIDENTS.initial))

    async def _told(self) -> list[DatedEvent]:
        return [
            DatedEvent(
                event.occurred_at,
                event.version,
                decode(INCIDENTS, event.type, event.schema_version, event.data),
            )
            async for page in self.log.read_stream(INCIDENTS.stream(KEY))
            for event in page
        ]


@pytest.mark.parametrize(
    ("late", "wrong"), [(0.0, 0.0), (0.3, 0.0), (0.0, 0.1), (0.05, 0.05), (0.4, 0.3)]
)
async def test_it_is_as_if_all_were_told_anew(log: Log, late: float, wrong: float) -> None:
    case = Case(log, seed=round(100 * late + 7 * wrong))
    while case.left:
        for _ in range(case.chance.randrange(1, 4)):
            if case.left:
                await case.tell(late=late, wrong=wrong)
        for _ in range(3):
            await case.compare()


async def test_what_was_told_is_not_told_again_until_something_belongs_before_it(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case(log, seed=1)
    for _ in range(40):
        await case.tell(late=0, wrong=0)
    await case.tell(late=1, wrong=0)
    end = NOON + timedelta(hours=1)
    told: list[int] = []
    after = valid_time._after  # noqa: SLF001 - counted, not changed

    async def counted(truth: ValidTimeState, some: list[DatedEvent]) -> ValidTimeState:
        told.append(len(some))
        return await after(truth, some)

    monkeypatch.setattr(valid_time, "_after", counted)
    current = await case._known()  # noqa: SLF001 - its own test
    await case.truths.at(KEY, end, current)
    assert sum(told) > 7
    told.clear()
    await case.truths.at(KEY, end, current)
    assert sum(told) <= 5
