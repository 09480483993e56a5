"""Decides whether a log held: it knows the journals, the tables and the definitions, no more.

Nothing of Muster is imported here, on purpose: what a writer was promised is in its journal, what
is kept is read by SQL, and what the hashes must be is computed anew from how they are defined.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from uuid import UUID

from benchmarks.torture.evidence import Event, Journals, Promise
from benchmarks.torture.hashes import genesis, seal
from benchmarks.torture.notes import opened, roots

UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass
class Verdict:
    """What held, counted, and every complaint in words."""

    events: int = 0
    acknowledged: int = 0
    asked: int = 0
    lost: int = 0
    duplicated: int = 0
    watched: int = 0
    checkpoints: int = 0
    complaints: list[str] = field(default_factory=list)

    @property
    def divergences(self) -> int:
        """Return how many complaints there are, of all kinds."""
        return len(self.complaints)

    def doubt(self, complaint: str) -> None:
        """Write down what does not hold."""
        self.complaints.append(complaint)


def check(log: Sequence[Event], journals: Journals) -> Verdict:
    """Compare a log with what was written down about it."""
    verdict = Verdict(events=len(log), asked=len(journals.promises))
    verdict.complaints.extend(journals.wrong)
    check_order(log, verdict)
    check_chain(log, verdict)
    check_promises(log, journals.promises, verdict)
    check_precedence(log, journals.promises, verdict)
    for name, pages in journals.pages.items():
        check_watcher(name, pages, log, verdict)
    check_checkpoints(log, journals.notes, journals.vkey, verdict)
    return verdict


def check_order(log: Sequence[Event], verdict: Verdict) -> None:
    """Positions are 1..N, versions 1..n of each stream, and the time never goes back."""
    versions: Counter[str] = Counter()
    last_time = datetime.min.replace(tzinfo=UTC)
    for expected, event in enumerate(log, 1):
        versions[event.stream] += 1
        if event.position != expected:
            verdict.doubt(f"position {event.position} where {expected} should be")
        if event.version != versions[event.stream]:
            verdict.doubt(
                f"{event.stream} has version {event.version} at position {event.position}, "
                f"where {versions[event.stream]} should be"
            )
        if event.recorded_at < last_time:
            verdict.doubt(f"recorded_at goes back at position {event.position}")
        last_time = event.recorded_at
    twice = [one for one, times in Counter(event.event_id for event in log).items() if times > 1]
    for one in twice:
        verdict.duplicated += 1
        verdict.doubt(f"event {one} is there more than once")


def check_chain(log: Sequence[Event], verdict: Verdict) -> None:
    """Every hash is that of its event and of the hash before it in its stream."""
    heads: dict[str, bytes] = {}
    for event in log:
        sealed = seal(heads.get(event.stream) or genesis(event.stream), event)
        if event.hash != sealed:
            verdict.doubt(f"the hash at position {event.position} is not that of its event")
        heads[event.stream] = event.hash


def check_promises(log: Sequence[Event], promises: Mapping[str, Promise], verdict: Verdict) -> None:
    """See that each acknowledged command is there once, whole, where it should; no stranger is."""
    by_id: dict[UUID, list[Event]] = {}
    for event in log:
        by_id.setdefault(event.event_id, []).append(event)
    known: set[UUID] = set()
    by_command = Counter(
        meta["command_id"] for event in log if "command" in (meta := json.loads(event.meta))
    )
    for command_id, promise in promises.items():
        ids = [_event_id(UUID(command_id), number) for number in range(len(promise.texts))]
        known.update(ids)
        found = [event for event_id in ids for event in by_id.get(event_id, [])[:1]]
        if by_command[command_id] > 1:
            verdict.duplicated += 1
            verdict.doubt(f"command {command_id} was carried out more than once")
        if promise.answers:
            verdict.acknowledged += 1
        if promise.answers and len(found) < len(ids):
            verdict.lost += 1
            verdict.doubt(f"acknowledged and lost: {command_id} at {promise.answers[0].position}")
        elif found:
            _check_content(command_id, promise, found, verdict)
    for event in log:
        if event.event_id not in known:
            verdict.doubt(f"nobody asked for what is at position {event.position}")


def _check_content(
    command_id: str, promise: Promise, found: Sequence[Event], verdict: Verdict
) -> None:
    texts = [json.loads(event.data)["text"] for event in found]
    lines = [json.loads(event.data)["line"] for event in found]
    first = found[0]
    together = all(
        (event.stream, event.version, event.position, event.recorded_at)
        == (promise.stream, first.version + n, first.position + n, first.recorded_at)
        for n, event in enumerate(found)
    )
    if texts != promise.texts or not together:
        verdict.doubt(f"command {command_id} is not there whole, as it was asked")
    if lines != [event.version for event in found]:
        verdict.doubt(f"command {command_id} was decided on another state than it was appended to")
    last = found[-1]
    for answer in promise.answers:
        if answer[:4] != (last.stream, last.version, last.position, len(found)):
            verdict.doubt(f"command {command_id} is not where it was acknowledged to be: {answer}")


def check_precedence(
    log: Sequence[Event], promises: Mapping[str, Promise], verdict: Verdict
) -> None:
    """See that what was asked after an acknowledgement comes after what that was of."""
    position_of = {event.event_id: event.position for event in log}
    answered = sorted(
        (min(answer.at for answer in promise.answers), promise.answers[0].position)
        for promise in promises.values()
        if promise.answers
    )
    times = [at for at, _ in answered]
    highest = [0]
    for _, position in answered:
        highest.append(max(highest[-1], position))
    for command_id, promise in promises.items():
        first = position_of.get(_event_id(UUID(command_id), 0))
        if first is not None and first < highest[bisect_left(times, promise.at)]:
            verdict.doubt(f"command {command_id} came before what was acknowledged earlier")


def check_watcher(
    name: str,
    pages: Sequence[Sequence[tuple[int, str, str, int]]],
    log: Sequence[Event],
    verdict: Verdict,
) -> None:
    """See that a watcher saw exactly the log, in order, to its end, each commit in one page."""
    seen = [one for page in pages for one in page]
    truth = [
        (
            event.position,
            str(event.event_id),
            event.hash.hex(),
            (event.recorded_at - UNIX_EPOCH) // MICROSECOND,
        )
        for event in log
    ]
    verdict.watched += len(seen)
    if seen != truth:
        pairs = enumerate(zip(seen, truth, strict=False))
        at = next((n for n, (one, other) in pairs if one != other), min(len(seen), len(truth)))
        verdict.doubt(f"{name} saw another log: {len(seen)} of {len(truth)}, differs at {at + 1}")
    for before, after in pairwise(pages):
        if before[-1][3] == after[0][3]:
            verdict.doubt(f"{name} was shown half a commit, up to position {before[-1][0]}")


def check_checkpoints(
    log: Sequence[Event], notes: Sequence[str], vkey: str, verdict: Verdict
) -> None:
    """All that was ever signed is about this log: its first events have that root."""
    signed = [opened(note, vkey) for note in notes]
    true = roots([event.hash for event in log], {one.size for one in signed if one})
    for number, one in enumerate(signed, 1):
        if one is None:
            verdict.doubt(f"checkpoint {number} is not signed by the notary")
        elif one.root != true.get(one.size):
            verdict.doubt(f"the checkpoint over {one.size} events is not one of this log")
        else:
            verdict.checkpoints += 1


def _event_id(command_id: UUID, number: int) -> UUID:
    """Return the id of a command's n-th event, as the decision on ids says it is made."""
    drawn = sha256(command_id.bytes + number.to_bytes(4, "big")).digest()
    made = bytearray(command_id.bytes[:6] + drawn[:10])
    made[6], made[8] = made[6] & 0x0F | 0x80, made[8] & 0x3F | 0x80
    return UUID(bytes=bytes(made))
