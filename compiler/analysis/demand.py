"""What a response takes: supplies by level, units by the minute, in the worst of hazards."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from domain.values import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from domain.plan.model.duties import Task
    from domain.plan.model.plan import Plan
    from domain.values import HazardKind, ResponseLevel


class Taken(NamedTuple):
    """How much of something is taken, in the worst case, and by whom."""

    pieces: int
    level: ResponseLevel
    hazard: HazardKind
    by: Sequence[str]
    """Tasks and rules of assistance, as `task/guide: 2`; the level itself as `level/II: 4`."""


class Peak(NamedTuple):
    """When most units of a kind are at work at once, by the plan's own deadlines."""

    units: int
    after: timedelta
    tasks: Sequence[str]


def supplies_taken(plan: Plan) -> Mapping[str, Taken]:
    """Return the most that a response takes of each supply."""
    most: dict[str, Taken] = {}
    for level in sorted({rule.level for rule in plan.levels}):
        for hazard in dict.fromkeys(plan.hazards):
            for supply, by in _takers(plan, level, hazard).items():
                pieces = sum(by.values())
                if supply not in most or pieces > most[supply].pieces:
                    listed = [f"{name}: {number}" for name, number in by.items()]
                    most[supply] = Taken(pieces, level, hazard, listed)
    return most


def units_at_once(tasks: Sequence[Task]) -> Mapping[str, Peak]:
    """Return the most units of each kind that tasks of one response need at the same time.

    A task begins when those before it should be finished; without a deadline it lasts.
    """
    kinds = {kind for task in tasks for kind in task.units}
    begins = beginnings(tasks) if kinds else {}
    return {
        kind: _peak(kind, [task for task in tasks if kind in task.units], begins)
        for kind in sorted(kinds)
    }


def beginnings(tasks: Sequence[Task]) -> Mapping[str, timedelta]:
    """Return when each task begins; those in a circle begin at once."""
    known = {task.id: task for task in tasks}
    waits = {task.id: {name for name in task.after if name in known} for task in tasks}
    followers: dict[str, list[str]] = {}
    for name, before in waits.items():
        for one in before:
            followers.setdefault(one, []).append(name)
    begins = {name: timedelta(0) for name in waits}
    ready = [name for name, before in waits.items() if not before]
    while ready:
        name = ready.pop()
        ends = begins[name] + (known[name].finish_within or timedelta(0))
        for follower in followers.get(name, ()):
            begins[follower] = max(begins[follower], ends)
            waits[follower].discard(name)
            if not waits[follower]:
                ready.append(follower)
    return begins


def _takers(plan: Plan, level: ResponseLevel, hazard: HazardKind) -> dict[str, Counter[str]]:
    takers: dict[str, Counter[str]] = {}
    for supply in plan.supplies:
        if supply.demand.get(level):
            takers[supply.id] = Counter({f"level/{level.name}": supply.demand[level]})
    for name, supplies in (
        *((f"task/{one.id}", one.supplies) for one in _with_supplies(plan, hazard, level)),
        *((f"assistance/{rule.id}", rule.supplies) for rule in plan.assistance),
    ):
        for one, pieces in supplies.items():
            takers.setdefault(one, Counter())[name] += pieces
    return takers


def _with_supplies(plan: Plan, hazard: HazardKind, level: ResponseLevel) -> Iterable[Task]:
    return (task for task in plan.tasks_of(Phase.RESPONSE, hazard, level) if task.supplies)


def _peak(kind: str, tasks: Sequence[Task], begins: Mapping[str, timedelta]) -> Peak:
    changes: list[tuple[timedelta, int, int]] = []
    for task in tasks:
        begin, units = begins[task.id], task.units[kind]
        changes.append((begin, 1, units))
        if task.finish_within is not None:
            changes.append((begin + task.finish_within, 0, -units))
    most = busy = 0
    when = timedelta(0)
    for moment, _, units in sorted(changes):
        busy += units
        if busy > most:
            most, when = busy, moment
    return Peak(most, when, [task.id for task in tasks if _is_open(task, begins[task.id], when)])


def _is_open(task: Task, begins: timedelta, when: timedelta) -> bool:
    ends = task.finish_within
    return begins <= when and (ends is None or when < begins + ends)
