"""How a local stack is: what runs, where the log stands, and what lags behind it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict, dataclass, replace
from typing import Any

from domain.record.divergence import Standing
from domain.values import Mode
from eventstore.divergence.alarms import Alarms
from eventstore.log.log import Log
from eventstore.postgres.migrations import check
from eventstore.proofs.proofs import Proofs
from eventstore.queries.reconciliations import Comparison, Reconciliations
from eventstore.queries.second_clock import Acts, SecondClockActs
from projections.checkpoints import Checkpoints
from projections.queries import overdue
from projections.registry import VIEWS
from projections.status import ProjectionStatus
from services.local.postgres import RUNTIME, Postgres
from services.local.stack import Stack
from services.local.temporal import listens
from services.runtime.settings.settings import Overdue

LOOK_TIMEOUT_S = 5.0
LAG_EVENTS_MAX = 1_000
"""Events that a follower may be behind before `status` calls it delayed."""

GOOD, WARN, BAD = "green", "yellow", "red"
BOUNDS = Overdue()

COMPARES_WITHIN_S = 30.0
"""How soon after its start a follower has compared open incidents with running workflows."""


@dataclass(frozen=True, slots=True)
class Line:
    """One part, and how it is."""

    part: str
    state: str
    what: str
    colour: str = GOOD


@dataclass(frozen=True, slots=True)
class Health:
    """All parts."""

    lines: tuple[Line, ...]

    @property
    def is_well(self) -> bool:
        """Tell whether nothing is broken or delayed."""
        return all(line.colour != BAD for line in self.lines)

    def as_json(self) -> dict[str, Any]:
        """Return the same for programs."""
        parts = {
            line.part: {k: v for k, v in asdict(line).items() if k != "colour"}
            for line in self.lines
        }
        return {"well": self.is_well, "parts": parts}


async def look(stack: Stack, bounds: Overdue = BOUNDS) -> Health:
    """Look at every part of a running stack, and at what is late beyond some bounds."""
    processes = [await _process(stack, name) for name in stack.parts]
    try:
        async with asyncio.timeout(LOOK_TIMEOUT_S):
            log = await _log(stack, bounds)
    except Exception as error:  # noqa: BLE001 - whatever is wrong is what is looked for
        log = [Line("log", "away", f"{type(error).__name__}: {error}", BAD)]
    return Health((*processes, *log))


async def _process(stack: Stack, name: str) -> Line:
    part = stack.parts[name]
    pid, restarts = part["pid"], part["restarts"]
    age = f"{time.time() - part['since']:.0f} s"
    what = f"pid {pid}, up {age}" + (f", restarted {restarts} times" if restarts else "")
    port = {"api": stack.ports.api, "temporal": stack.ports.temporal, "mail": stack.ports.mail}
    if pid is None:
        return Line(name, "starting", "it died and is started again", BAD)
    if name not in port:
        return Line(name, "running", what)
    what += f", 127.0.0.1:{port[name]}"
    if await listens(port[name]):
        return Line(name, "serving", what)
    delayed = ": commands are recorded, deadlines and hands wait" if name == "temporal" else ""
    return Line(name, "not answering", what + delayed, BAD)


async def _log(stack: Stack, bounds: Overdue) -> list[Line]:
    dsn = Postgres(stack.folder).dsn(RUNTIME)
    await check(dsn)
    log = await Log.open(dsn)
    try:
        head = await log.head()
        compared = await Reconciliations(log).latest()
        acts = await SecondClockActs(log).lately()
        bookmarks = await Checkpoints.open(dsn)
        try:
            marks = await bookmarks.positions()
        finally:
            await bookmarks.close()
        late = overdue_lines(await overdue.look(log), bounds)
    finally:
        await log.close()
    followers = [_follower(name, head, position) for name, position in sorted(marks.items())]
    proven = [*await proof_lines(dsn, head), *await _stopped_views(dsn)]
    workflows = workflow_line(compared, time.time() - stack.parts["follower"]["since"])
    opened = Line("log", "open", f"schema up to date, position {head}")
    return [opened, workflows, *late, second_clock_line(acts), *proven, *followers]


def overdue_lines(seen: overdue.Overdue, bounds: Overdue) -> list[Line]:
    """Say how late the oldest deadline and the oldest owed work are: live ones, then exercises'."""
    lines = []
    for mode, colour in ((Mode.LIVE, BAD), (Mode.EXERCISE, WARN)):
        of = "" if mode is Mode.LIVE else " of exercises"
        late, owed = seen.deadlines[mode], seen.owed[mode]
        lines += [
            _age(f"deadlines{of}", late, bounds.deadline_seconds, colour),
            _age(f"owed work{of}", owed, bounds.owed_seconds, colour),
        ]
    return lines


def _age(part: str, age: overdue.Age, bound_s: float, colour: str) -> Line:
    late = age.seconds > bound_s
    if not age.seconds:
        return Line(part, "in time", f"nothing is overdue; {bound_s:g} s are allowed")
    which = age.which or "what the view of incidents has not seen yet"
    what = f"the oldest since {age.seconds:.1f} s, {bound_s:g} s are allowed: {which}"
    if age.incidents > 1:
        what += f" (and {age.incidents - 1} other incidents)"
    return Line(part, "late" if late else "in time", what, colour if late else GOOD)


def workflow_line(compared: Comparison | None, follower_up_s: float) -> Line:
    """Say whether every open incident has a workflow that moves."""
    if compared is None:
        return Line("workflows", "not compared", "no follower has compared them yet", WARN)
    if compared.is_well:
        return Line("workflows", "moving", str(compared))
    if not compared.is_stale:
        return Line("workflows", "standing still", str(compared), BAD)
    if follower_up_s < COMPARES_WITHIN_S:
        return Line("workflows", "not compared", "the follower has just started", WARN)
    why = "nobody knows whether deadlines pass: is Temporal away, or every follower?"
    return Line("workflows", "not compared", f"{compared}: {why}", BAD)


def second_clock_line(acts: Acts | None) -> Line:
    """Say whether deadlines had to pass without Temporal lately."""
    if acts is None:
        return Line("second clock", "at rest", "no deadline had to pass without Temporal lately")
    return Line("second clock", "acting", f"{acts}: Temporal is slow, or away", WARN)


async def _stopped_views(dsn: str) -> list[Line]:
    """Say which views have come to a stop, and why; the record goes on without them."""
    overseer = await ProjectionStatus.open(dsn, VIEWS)
    try:
        seen = await overseer.look()
    finally:
        await overseer.close()
    return [
        Line(f"view {one.name} stopped", "stopped", str(one.stopped or one.making_stopped), BAD)
        for one in seen
        if one.state == "stopped"
    ]


async def proof_lines(dsn: str, head: int) -> list[Line]:
    """Say how far the log is signed, what is wrong with that, and whether it refuses to be written.

    The worst comes first.
    """
    proofs = await Proofs.open(dsn)
    try:
        latest, standing = await proofs.latest(), await proofs.standing()
        alarms = await Alarms(proofs.pool).raised()
    finally:
        await proofs.close()
    lines = [_refusing(standing)] if standing is not None else []
    for one in sorted(alarms, key=lambda alarm: not alarm.is_grave):
        says = f"{one.says}; since {one.since:%Y-%m-%d %H:%M:%S}Z"
        lines.append(Line(f"proof: {one.kind}", "alarm", says, BAD if one.is_grave else WARN))
    size = latest.size if latest else 0
    behind = head - size
    state = "signed" if behind <= LAG_EVENTS_MAX else "delayed"
    signed = Line("checkpoint", state, f"position {size}, {behind} behind")
    if state == "delayed":
        return [*lines[:1], replace(signed, colour=BAD), *lines[1:]]
    return [*lines, signed]


def _refusing(standing: Standing) -> Line:
    what = standing.what
    found = f"{what.doubt} at position {what.position}: expected {what.expected}"
    said = (
        f"{found}, found {what.found}, by {standing.found_by}; "
        f"`muster acknowledge {standing.divergence}` lets it go on"
    )
    return Line("log is not as signed", "refusing", said, BAD)


def _follower(name: str, head: int, position: int) -> Line:
    behind = head - position
    late = behind > LAG_EVENTS_MAX
    state = "delayed" if late else "following"
    return Line(name, state, f"position {position}, {behind} behind", BAD if late else GOOD)
