"""Record what Temporal keeps of some lives: `python -m tests.workflows.record_histories`.

Record anew only after a change that the histories here don't survive, and raise `WORKFLOW_VERSION`
with it if a program that wrote them was released: its runs are then replaced by new ones, and its
histories stay, to show that they must be. Never write one by hand.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from domain.values import Phase, ResponseLevel
from services.runtime.temporal.client import come_to_rest
from tests.workflows.conftest import Stage, eventually, start_temporal
from tests.workflows.world import World, due, notify
from workflows.version import WORKFLOW_VERSION

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

HISTORIES = Path(__file__).parents[1] / "histories"
OF_THIS_VERSION = HISTORIES / f"version-{WORKFLOW_VERSION}"
HOUR = timedelta(hours=1)
MANY_TIMES = 3
A_MOMENT_S = 1.0
WHEREABOUTS = frozenset({"identity", "stackTrace"})


async def from_alarm_to_close(stage: Stage, world: World, incident: str) -> None:
    """Live a whole life, with work and a deadline."""
    await happened(stage, incident, world.opened(incident, phase=Phase.NORMAL, level=None))
    await happened(stage, incident, world.opened(incident, phase=Phase.WARNING, level=None))
    deadline = due(datetime.now(UTC) + HOUR)
    works = (notify(1), notify(2))
    version = world.opened(incident, next_deadline=deadline, outstanding=works)
    await happened(stage, incident, version)
    await eventually(lambda: not world.outstanding[incident])
    await stage.temporal.fast_forward(stage.life(incident), 2 * HOUR)
    await eventually(lambda: world.passed)
    await happened(stage, incident, world.say(incident, level=ResponseLevel.I))
    await happened(stage, incident, world.say(incident, phase=Phase.AFTERMATH))
    await stage.lives.tell(incident, world.say(incident, phase=Phase.CLOSED))
    await stage.life(incident).result()


async def still_open(stage: Stage, world: World, incident: str) -> None:
    """Wait for a deadline."""
    deadline = due(datetime.now(UTC) + HOUR)
    await happened(stage, incident, world.opened(incident, next_deadline=deadline))


async def answered_in_time(stage: Stage, world: World, incident: str) -> None:
    """Let go of a deadline because somebody answered, and be asked to cancel in vain."""
    first, later = due(datetime.now(UTC) + HOUR), due(datetime.now(UTC) + 3 * HOUR, "settle")
    version = world.opened(incident, next_deadline=first, outstanding=(notify(1),))
    await happened(stage, incident, version)
    await eventually(lambda: world.times(notify(1)))
    await stage.life(incident).cancel()
    await happened(stage, incident, world.say(incident, next_deadline=later, outstanding=()))
    await stage.temporal.fast_forward(stage.life(incident), 2 * HOUR)
    nearer = due(datetime.now(UTC) + 2.5 * HOUR, "report")
    await happened(stage, incident, world.say(incident, next_deadline=nearer))


async def begun_anew(stage: Stage, world: World, incident: str) -> None:
    """Go on in a second run."""
    await happened(stage, incident, world.opened(incident))
    first = await stage.run_of(incident)
    while await stage.run_of(incident) == first:
        version = world.say(incident, outstanding=(notify(world.read),))
        await happened(stage, incident, version)
    await happened(stage, incident, world.say(incident, next_deadline=due(datetime.now(UTC))))
    await eventually(lambda: world.passed)
    await keep(stage, incident, "begun-anew-first-run", first)


async def against_the_odds(stage: Stage, world: World, incident: str) -> None:
    """Keep saying that a deadline came, and wait for a log that is away."""
    stuck = due(datetime.now(UTC) - HOUR)
    world.stuck.add(stuck)
    await happened(stage, incident, world.opened(incident, next_deadline=stuck))
    await eventually(lambda: len(world.passed) == MANY_TIMES)
    world.log_is_away = True
    version = world.say(incident, outstanding=(notify(1),))
    await stage.lives.tell(incident, version)
    await asyncio.sleep(A_MOMENT_S)
    world.stuck.clear()
    world.log_is_away = False
    await stage.knows(incident, version + 2)


LIVES = (from_alarm_to_close, still_open, answered_in_time, begun_anew, against_the_odds)


async def happened(stage: Stage, incident: str, version: int) -> None:
    """Tell a life what happened, and wait until it knows."""
    await stage.lives.tell(incident, version)
    await stage.knows(incident, version)


async def keep(stage: Stage, incident: str, name: str, run: str | None = None) -> None:
    """Keep a run's history."""
    life = stage.client.get_workflow_handle(f"incident/{incident}", run_id=run)
    history = await life.fetch_history()
    file = OF_THIS_VERSION / f"{name}.json"
    kept = json.dumps(without_whereabouts(json.loads(history.to_json())), indent=1)
    file.write_text(f"{kept}\n", encoding="utf-8")


def without_whereabouts(value: Any) -> Any:
    """Leave out which machine it ran on, and where its files lay."""
    match value:
        case dict():
            return {
                key: without_whereabouts(inner)
                for key, inner in value.items()
                if key not in WHEREABOUTS
            }
        case list():
            return [without_whereabouts(inner) for inner in value]
        case _:
            return value


async def record(live: Callable[[Stage, World, str], Awaitable[None]], stage: Stage) -> None:
    """Live a life, and keep its last run's history."""
    world, incident = World(), str(uuid4())
    async with stage.worker(world.activities):
        await live(stage, world, incident)
        await keep(stage, incident, live.__name__.replace("_", "-"))


async def main() -> None:
    """Record all of them."""
    OF_THIS_VERSION.mkdir(exist_ok=True)
    async with await start_temporal() as temporal:
        for live in LIVES:
            await record(live, Stage(temporal, cached=100))
    await come_to_rest()


if __name__ == "__main__":
    asyncio.run(main())
