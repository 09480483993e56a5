"""The one activity of an incident's work: it works off what is owed until nothing is any more.

What is owed it reads from the log, again whenever the log has grown. Killed at any line it loses
nothing: the next attempt reads the same log, and what was done twice has the same key both times.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from temporalio import activity

from activities.work.backlog import Backlog, NotYet
from activities.work.timeout import time_limit
from domain.incident.obligations import obligations
from domain.incident.obligations.obligations import WorkflowView, WorkKind, WorkOrder
from eventstore.postgres.errors import LogUnavailable

if TYPE_CHECKING:
    from activities.work.shared_reads import SharedReads
    from activities.work.subscription import LogSubscription
    from domain.decider import Versioned
    from domain.incident.state.incident import Incident
    from domain.values import Mode

ATTEMPT_S: Final = {
    WorkKind.DISPATCH: 240.0,
    WorkKind.RETURN: 240.0,
    WorkKind.EVALUATE: 900.0,
    WorkKind.NOTIFY: 240.0,
}
"""One attempt at one piece of work; what takes longer is put back. All channels of a contact may
take 90 s; the evaluation of a long case takes minutes. Waiting for a turn does not count."""

STINT_S: Final = 600.0
"""After which no more notifications are begun; Temporal gives the rest to a new attempt."""

LOOK_S: Final = 5.0
"""After which an incident is looked at though nobody said that it changed."""

HEARTBEAT_S: Final = 3.0
"""Well within the time after which a worker that shows no sign is taken for lost."""

PAUSE_S: Final = 1.0
"""Before a log that is away is read again."""

Do = Callable[[WorkOrder], Awaitable[object]]


class IncidentWork:
    """Does the work of incidents, each kind by whoever does it."""

    def __init__(
        self,
        reads: SharedReads[str, Versioned[Incident]],
        changes: LogSubscription,
        does: Mapping[WorkKind, Do],
    ) -> None:
        self._reads = reads
        self._changes = changes
        self._does = does
        self._alone: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @activity.defn(name="work")
    async def work(self, incident: str) -> WorkflowView:
        """Work off what an incident owes; return where it stands then.

        An attempt that Temporal gave up may still be ending here: they take turns.
        """
        alone = self._alone.setdefault(incident, asyncio.Lock())
        backlogs: list[Backlog] = []
        beating = asyncio.create_task(_beat(backlogs))
        try:
            async with alone:
                known = await self._work_off(incident, backlogs)
        finally:
            beating.cancel()
        return obligations.workflow_view(incident, known.state, known.version)

    async def _work_off(self, incident: str, backlogs: list[Backlog]) -> Versioned[Incident]:
        ends_at = time.monotonic() + STINT_S
        with self._changes.of(incident) as changed:
            backlogs += [Backlog(kind, self._attempt(incident, kind), changed) for kind in WorkKind]
            stopping = asyncio.create_task(activity.wait_for_worker_shutdown())
            stopping.add_done_callback(lambda _: changed.set())
            try:
                while True:
                    is_over = stopping.done() or time.monotonic() >= ends_at
                    begins = set[WorkKind]() if stopping.done() else set(WorkKind)
                    if is_over:  # urgent work waits for no message that is still under way
                        begins.discard(WorkKind.NOTIFY)
                    known = await self._look(incident, backlogs, changed, begins)
                    idle = not any(backlog.is_under_way for backlog in backlogs)
                    if idle and (is_over or all(backlog.is_empty for backlog in backlogs)):
                        return known
                    await _until(changed, min(one.next_due_at for one in backlogs))
            finally:
                stopping.cancel()
                await asyncio.gather(*(backlog.end() for backlog in backlogs))

    async def _look(
        self,
        incident: str,
        backlogs: Sequence[Backlog],
        changed: asyncio.Event,
        begins: Collection[WorkKind],
    ) -> Versioned[Incident]:
        changed.clear()
        for backlog in backlogs:
            backlog.settle()
        known = await self._known(incident)
        for backlog in backlogs:
            backlog.look(known.state, begins=backlog.kind in begins)
        return known

    async def _known(self, incident: str) -> Versioned[Incident]:
        """Return what is known of an incident, however long the log is away."""
        while True:
            try:
                return await self._reads.get(incident)
            except LogUnavailable as error:
                activity.logger.warning("the log is away: %s", error)
                await asyncio.sleep(PAUSE_S)

    def _attempt(
        self, incident: str, kind: WorkKind
    ) -> Callable[[str, Mode], Coroutine[Any, Any, float | None]]:
        """Return what makes one attempt at a piece of work; it raises nothing but cancellation.

        The attempt returns in how many seconds there should be another, if its work said so.
        """
        meter = activity.metric_meter().with_additional_attributes({"kind": str(kind)})
        failures = meter.create_counter(
            "muster_work_failures", "Attempts at an incident's work that failed and were put back."
        )

        async def attempt(subject: str, mode: Mode) -> float | None:
            try:
                async with time_limit(ATTEMPT_S[kind]):
                    await self._does[kind](WorkOrder(incident=incident, subject=subject, mode=mode))
            except NotYet as later:
                return later.after_s
            except Exception:  # noqa: BLE001 - one piece of work is put back, the others go on
                failures.add(1)
                activity.logger.exception("put back: %s/%s", kind, subject)
            return None

        return attempt


async def _until(changed: asyncio.Event, due_at: float) -> None:
    """Wait until something changed, or something is due by the monotonic clock.

    Not by `asyncio.wait_for`: up to Python 3.11 it loses a cancellation that comes as it ends.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(min(LOOK_S, max(0.0, due_at - time.monotonic()))):
            await changed.wait()


async def _beat(backlogs: Sequence[Backlog]) -> None:
    """Show signs of life, with how much there is to do of each kind."""
    while True:
        activity.heartbeat({str(one.kind): one.counts() for one in backlogs if not one.is_empty})
        await asyncio.sleep(HEARTBEAT_S)
