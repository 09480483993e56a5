"""Decides whether a stack held: `python -m benchmarks.soak.checker JOURNAL...` prints a verdict.

A process of its own that imports nothing of Muster: it reads the journals of the load, and the log
by SQL at the address in MUSTER_SOAK_DSN.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

import asyncpg

from benchmarks.soak import deadlines
from benchmarks.soak.deadlines import Deadlines, Happened
from benchmarks.soak.promises import Promises
from benchmarks.torture import checker as chain
from benchmarks.torture.evidence import Event, read_log

DSN_VARIABLE = "MUSTER_SOAK_DSN"
GRACE = timedelta(seconds=10)
"""A deadline that is over for longer, and still armed, was not fired; so with what is owed."""

COMPLAINTS_MAX = 40
OUTCOMES = frozenset({"NotificationDelivered", "NotificationFailed"})


@dataclass
class Verdict:
    """What held, counted, and every complaint in words."""

    events: int = 0
    incidents: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    deadlines_passed: int = 0
    deadlines_unfired: int = 0
    notifications_unsettled: int = 0
    late_s: list[float] = field(default_factory=list)
    outcome_s: list[float] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def document(self) -> dict[str, object]:
        """Return the verdict as JSON takes it, with distributions in place of their values."""
        said = {key: value for key, value in asdict(self).items() if not key.endswith("_s")}
        return {
            **said,
            "deadline_late_p50_s": middle(self.late_s),
            "deadline_late_max_s": round(max(self.late_s, default=0.0), 3),
            "deadline_early_max_s": round(max(0.0, -min(self.late_s, default=0.0)), 3),
            "outcome_p50_s": middle(self.outcome_s),
            "outcome_max_s": round(max(self.outcome_s, default=0.0), 3),
            "complaints": self.complaints[:COMPLAINTS_MAX],
            "complaints_in_all": len(self.complaints),
        }


def check(log: Sequence[Event], promises: Promises, now: datetime) -> Verdict:
    """Compare a log, read at some moment, with what was written down about it."""
    verdict = Verdict(events=len(log), complaints=list(promises.wrong))
    held = chain.Verdict()
    chain.check_order(log, held)
    chain.check_chain(log, held)
    verdict.doubled += held.duplicated
    verdict.complaints += held.complaints
    metas = [json.loads(event.meta) for event in log]
    _check_promises(log, [meta.get("command_id", "") for meta in metas], promises, verdict)
    _check_twice(metas, verdict)
    if promises.asked:
        _check_strangers(log, metas, promises, verdict)
    happened = deadlines.happened(log)
    found = deadlines.read(happened)
    verdict.incidents = len(found)
    for one in found.values():
        _check_deadlines(one, now, verdict)
    _check_notifications(happened, now, verdict)
    return verdict


def _check_promises(
    log: Sequence[Event], command_ids: Sequence[str], promises: Promises, verdict: Verdict
) -> None:
    """See that each acknowledged command is there, whole, where it was said to be."""
    for command_id, promise in promises.asked.items():
        verdict.acknowledged += bool(promise.answers)
        if not promise.is_answered:
            verdict.complaints.append(f"{promise.method} {command_id} was never answered")
        for answer in promise.answers:
            first = answer.position - len(answer.kinds)
            there = log[first : answer.position]
            whole = (
                [event.type for event in there] == list(answer.kinds)
                and all(event.stream == answer.stream for event in there)
                and there[-1:] == [event for event in there[-1:] if event.version == answer.version]
                and set(command_ids[first : answer.position]) <= {command_id}
            )
            if not whole:
                verdict.lost += 1
                verdict.complaints.append(
                    f"acknowledged and lost: {promise.method} {command_id} {answer}"
                )
                break


def _check_twice(metas: Sequence[dict[str, object]], verdict: Verdict) -> None:
    carried_out = Counter(meta["command_id"] for meta in metas if "command" in meta)
    for command_id, times in carried_out.items():
        if times > 1:
            verdict.doubled += 1
            verdict.complaints.append(f"command {command_id} was carried out {times} times")


def _check_strangers(
    log: Sequence[Event],
    metas: Sequence[dict[str, object]],
    promises: Promises,
    verdict: Verdict,
) -> None:
    """See that nothing is there that neither the load asked for nor the system itself."""
    for event, meta in zip(log, metas, strict=True):
        known = promises.asked.get(str(meta.get("command_id")))
        ours = meta.get("roles") == ["system"] or not event.stream.startswith("incident/")
        if known is None and not ours:
            verdict.complaints.append(f"nobody asked for what is at position {event.position}")
        if known is not None and known.is_refused_only:
            verdict.complaints.append(f"refused, and there at position {event.position}")


def _check_deadlines(found: Deadlines, now: datetime, verdict: Verdict) -> None:
    verdict.complaints += found.wrong
    verdict.doubled += found.twice
    verdict.deadlines_passed += len(found.passed)
    verdict.late_s += [one.late_s for one in found.passed]
    for key, due_at in found.armed.items():
        if due_at < now - GRACE:
            verdict.deadlines_unfired += 1
            late = (now - due_at).total_seconds()
            verdict.complaints.append(
                f"unfired: {found.stream} {'/'.join(key)}, due {late:.1f} s ago"
            )


def _check_notifications(happened: Sequence[Happened], now: datetime, verdict: Verdict) -> None:
    """See that each notification has one outcome, or was withdrawn, or was ordered just now."""
    ordered: dict[tuple[str, str], datetime] = {}
    settled: set[tuple[str, str]] = set()
    for event in happened:
        if event.type == "NotificationOrdered":
            ordered[event.stream, event.data["notification"]] = event.recorded_at
        elif event.type in OUTCOMES or event.type == "NotificationWithdrawn":
            key = event.stream, event.data["notification"]
            if key in settled or key not in ordered:
                verdict.doubled += 1
                verdict.complaints.append(f"{'/'.join(key)} has a second outcome: {event.type}")
            elif event.type in OUTCOMES:
                verdict.outcome_s.append((event.recorded_at - ordered[key]).total_seconds())
            settled.add(key)
    for key, since in ordered.items():
        if key not in settled and since < now - GRACE:
            verdict.notifications_unsettled += 1
            age = (now - since).total_seconds()
            verdict.complaints.append(f"owed for {age:.1f} s: {'/'.join(key)}")


def middle(values: Sequence[float]) -> float:
    """Return the median, 0 of nothing."""
    return round(median(values), 3) if values else 0.0


async def look(dsn: str) -> tuple[datetime, list[Event]]:
    """Return the database's time, and then the log."""
    connection = await asyncpg.connect(dsn)
    try:
        now: datetime = await connection.fetchval("SELECT clock_timestamp()")
    finally:
        await connection.close()
    return now, await read_log(dsn)


async def main(journals: Sequence[Path]) -> None:
    """Read, judge, print."""
    now, log = await look(os.environ[DSN_VARIABLE])
    print(json.dumps(check(log, Promises.read(journals), now).document, ensure_ascii=False))


if __name__ == "__main__":
    asyncio.run(main([Path(one) for one in sys.argv[1:]]))
