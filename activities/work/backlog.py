"""What one incident owes of one kind of work: what is under way, what waits, what is put back."""

from __future__ import annotations

import asyncio
import heapq
import math
import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from domain.incident.obligations.obligations import WorkKind, is_owed, subjects
from domain.values import Mode
from eventstore.postgres.backoff import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from domain.incident.state.incident import Incident

AT_ONCE_MAX: Final = {
    WorkKind.DISPATCH: 4,
    WorkKind.RETURN: 4,
    WorkKind.EVALUATE: 1,
    WorkKind.NOTIFY: 256,
}
"""Pieces of one incident's work that are under way at once: no kind waits for another."""

LET_GO_S: Final = 1.0
"""How long work that is owed no more may take to notice it."""

PUT_BACK: Final = Backoff(first_s=1.0, longest_s=60.0)
"""How long work that failed waits before it is taken up again."""


class NotYet(Exception):
    """A piece of work can't be done now, through no fault of its own; when it may be."""

    def __init__(self, after_s: float) -> None:
        super().__init__(f"not before {after_s:.1f} s from now")
        self.after_s = after_s


class PutBack(NamedTuple):
    """Work that failed, and waits for its next attempt."""

    due_at: float
    subject: str


class Backlog:
    """The work of one kind. Each piece is under way once at most, however often it is seen."""

    def __init__(
        self,
        kind: WorkKind,
        do: Callable[[str, Mode], Coroutine[Any, Any, float | None]],
        changed: asyncio.Event,
    ) -> None:
        self.kind = kind
        self._do = do
        """Returns in how many seconds work that could not be done may be, if that is known."""
        self._changed = changed
        """Is set when the incident has to be looked at."""
        self._mode = Mode.LIVE
        self._begins = True
        self._under_way: dict[str, asyncio.Task[float | None]] = {}
        self._let_go: set[str] = set()
        self._ended: set[str] = set()
        """Not looked at yet."""
        self._finished: set[str] = set()
        """Ended before the state was read that is looked at next."""
        self._waiting: deque[str] = deque()
        self._put_back: list[PutBack] = []
        self._failures: dict[str, int] = {}
        self._pauses: dict[str, float] = {}
        """Of what ended, where its work said so (seconds)."""
        self._known: set[str] = set()
        """All that is in one of the above."""
        self._notified = 0

    @property
    def is_under_way(self) -> bool:
        """Tell whether anything is being done."""
        return bool(self._under_way)

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing is left to do."""
        return not self._known

    @property
    def next_due_at(self) -> float:
        """Return when something that was put back is to be taken up, by the monotonic clock."""
        return self._put_back[0].due_at if self._put_back else math.inf

    def counts(self) -> dict[str, int]:
        """Return how much there is, for operators."""
        return {
            "under_way": len(self._under_way),
            "waiting": len(self._waiting),
            "put_back": len(self._put_back),
        }

    async def end(self) -> None:
        """Cancel what is under way, and wait until it has cleaned up."""
        self._begins = False
        ending = list(self._under_way.values())
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    def settle(self) -> None:
        """Note what has ended. To be called before the state is read that `look` is given."""
        self._finished |= self._ended
        self._ended.clear()

    def look(self, incident: Incident, *, begins: bool = True) -> None:
        """See what is owed: put back what failed, let go, take on, begin as far as there is room.

        Finished is what is owed no more, whatever its work said of itself.
        """
        self._mode = incident.mode
        for subject in self._finished:
            self._put_back_if(is_owed(incident, self.kind, subject), subject)
        self._finished.clear()
        self._let_go_of_what_is_over(incident)
        self._take_on(incident)
        while self._put_back and self._put_back[0].due_at <= time.monotonic():
            self._waiting.append(heapq.heappop(self._put_back).subject)
        self._begins = begins
        self._fill()

    def _put_back_if(self, owed: bool, subject: str) -> None:  # noqa: FBT001 - as `is_owed` says
        if not owed:
            self._forget(subject)
            return
        pause = self._pauses.pop(subject, None)
        if pause is None:
            self._failures[subject] = failures = self._failures.get(subject, 0) + 1
            pause = PUT_BACK.pause_s(failures)
        heapq.heappush(self._put_back, PutBack(time.monotonic() + pause, subject))

    def _let_go_of_what_is_over(self, incident: Incident) -> None:
        for subject, task in self._under_way.items():
            if subject not in self._let_go and not is_owed(incident, self.kind, subject):
                self._let_go.add(subject)
                asyncio.get_running_loop().call_later(LET_GO_S, task.cancel)
        if any(not is_owed(incident, self.kind, one.subject) for one in self._put_back):
            for one in self._put_back:
                if not is_owed(incident, self.kind, one.subject):
                    self._forget(one.subject)
            self._put_back = [one for one in self._put_back if one.subject in self._known]
            heapq.heapify(self._put_back)

    def _take_on(self, incident: Incident) -> None:
        """Queue what was not seen before. Of notifications there may be many: only new ones."""
        if self.kind is WorkKind.NOTIFY and self._known and incident.notified == self._notified:
            return
        new = [one for one in subjects(incident, self.kind) if one not in self._known]
        self._waiting.extend(new)
        self._known.update(new)
        self._notified = incident.notified

    def _fill(self) -> None:
        """Begin as much as there is room for. What is owed no more its work finds out by itself."""
        while self._begins and self._waiting and len(self._under_way) < AT_ONCE_MAX[self.kind]:
            subject = self._waiting.popleft()
            task = self._under_way[subject] = asyncio.create_task(self._do(subject, self._mode))
            task.add_done_callback(partial(self._end, subject))

    def _end(self, subject: str, done: asyncio.Task[float | None]) -> None:
        """Make room for the next; look at the incident only once there is none."""
        if not done.cancelled() and (pause := done.result()) is not None:
            self._pauses[subject] = pause
        del self._under_way[subject]
        self._let_go.discard(subject)
        self._ended.add(subject)
        self._fill()
        if not self._waiting:
            self._changed.set()

    def _forget(self, subject: str) -> None:
        self._known.discard(subject)
        self._failures.pop(subject, None)
        self._pauses.pop(subject, None)
