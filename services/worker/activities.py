"""The activities of a worker, with what they need."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import structlog
from temporalio.common import MetricMeter

from activities.dispatch import Dispatcher
from activities.evaluation.evaluate import Evaluator
from activities.evaluation.process import EvaluationProcess
from activities.notification.channels.mail import MailServer
from activities.notification.notify import Notifier
from activities.record import RecordActivities
from activities.system_commands import METER
from activities.work.shared_reads import SharedReads
from activities.work.subscription import LogSubscription
from activities.work.work import IncidentWork
from domain.directory.person import PERSONS
from domain.incident.decider import INCIDENTS
from domain.incident.obligations.obligations import WorkKind
from domain.resource.unit import UNITS
from eventstore.log.log import Log
from eventstore.postgres.migrations import check
from eventstore.queries.plans import PlanLibrary
from eventstore.recorder.recorder import Recorder
from projections.queries.fleet import FleetView
from services.runtime.clocks import clock_metrics, clocks
from services.runtime.sentences import sentence_in_utc
from services.runtime.snapshots import snapshots_of_incidents
from services.runtime.vault import open_vault
from services.runtime.webhooks import webhook_rules
from services.worker.second_clock import SecondClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from typing import Any

    from domain.incident.state.incident import Incident
    from eventstore.privacy.vault import Vault
    from services.runtime.settings.settings import Settings

PAUSE_S = 1.0
"""Before what failed is begun again."""

log_line = structlog.get_logger()


class Activities(NamedTuple):
    """What a worker's two queues offer."""

    record: Sequence[Callable[..., Any]]
    hands: Sequence[Callable[..., Any]]


@asynccontextmanager
async def opened(
    settings: Settings, meter: MetricMeter = MetricMeter.noop
) -> AsyncIterator[Activities]:
    """Open the log, the vault and the process that evaluates; close them afterwards.

    `meter` counts what the second clock does, which is no activity.
    """
    dsn = settings.database.dsn.get_secret_value()
    await check(dsn)
    log = await Log.open(dsn)
    try:
        vault = await open_vault(dsn, settings.vault)
        evaluations = EvaluationProcess()
        try:
            changes = LogSubscription(log)
            activities = _activities(settings, log, vault, evaluations, changes)
            standing, let_deadline_pass = activities.record
            late = clock_metrics.of_second_clock(meter)
            clock = SecondClock(log, standing, let_deadline_pass, late)
            async with _running(changes.follow, partial(_tick, clock, meter)):
                yield activities
        finally:
            evaluations.close()
            await vault.close()
    finally:
        await log.close()


@asynccontextmanager
async def _running(*runs: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(_for_ever(run)) for run in runs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


async def _tick(clock: SecondClock, meter: MetricMeter) -> None:
    METER.set(meter)
    await clock.run()


async def _for_ever(run: Callable[[], Awaitable[None]]) -> None:
    """Run something that has no end; should it fail by a bug of ours, run it again."""
    while True:
        try:
            await run()
        except Exception:
            log_line.exception("begun again")
        await asyncio.sleep(PAUSE_S)


def _activities(
    settings: Settings,
    log: Log,
    vault: Vault,
    evaluations: EvaluationProcess,
    changes: LogSubscription,
) -> Activities:
    plans = PlanLibrary(log)
    incidents = Recorder(
        log,
        INCIDENTS,
        clock=clocks.now,
        surroundings=plans.surroundings,
        snapshots=snapshots_of_incidents(log),
    )
    record = RecordActivities(incidents, clocks.now)
    units = Recorder(log, UNITS, clock=clocks.now)
    dispatcher = Dispatcher(incidents, units, plans, FleetView(log))
    evaluator = Evaluator(log, incidents, plans, evaluations, sentence_in_utc)
    does = {
        WorkKind.DISPATCH: dispatcher.dispatch,
        WorkKind.RETURN: dispatcher.give_back,
        WorkKind.EVALUATE: evaluator.evaluate,
        WorkKind.NOTIFY: _notifier(settings, log, incidents, plans, vault).notify,
    }
    return Activities(
        record=[record.standing, record.let_deadline_pass],
        hands=[IncidentWork(SharedReads(incidents.known), changes, does).work],
    )


def _notifier(
    settings: Settings,
    log: Log,
    incidents: Recorder[Incident],
    plans: PlanLibrary,
    vault: Vault,
) -> Notifier:
    return Notifier(
        log,
        incidents,
        Recorder(log, PERSONS, clock=clocks.now),
        plans,
        vault,
        mail_server=_mail_server(settings),
        webhooks=webhook_rules(settings),
    )


def _mail_server(settings: Settings) -> MailServer:
    return MailServer(**dict(settings.mail))
