"""The hands that a worker has, with what they need."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from activities.dispatch import Dispatcher
from activities.evaluation.evaluate import Evaluator
from activities.notification.mail import MailServer
from activities.notification.notify import Notifier
from activities.notification.webhook import WebhookRules
from activities.record import RecordActivities
from domain.directory.person import PERSONS
from domain.incident.decider import INCIDENTS
from domain.resource.unit import UNITS
from eventstore.log import Log
from eventstore.migrations import check
from eventstore.plans import PlanLibrary
from eventstore.recorder import Recorder
from eventstore.vault import Vault
from services.cli.sentences import sentence_in_utc
from services.snapshotting import snapshots_of_incidents

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from typing import Any

    from services.settings import Settings

EVALUATIONS_AT_ONCE = 1
"""Each is a process's whole attention; an incident has one."""

NICENESS = 10
"""Of the process that evaluates: nobody's life hangs on a report."""


class Activities(NamedTuple):
    """What a worker's two queues offer."""

    record: Sequence[Callable[..., Any]]
    hands: Sequence[Callable[..., Any]]


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Activities]:
    """Open the log, the vault and the process that evaluates; close them afterwards."""
    dsn = settings.database.dsn.get_secret_value()
    await check(dsn)
    log = await Log.open(dsn)
    try:
        vault = await Vault.connect(dsn, settings.vault.key_file, settings.vault.previous_key_file)
        spawn = multiprocessing.get_context("spawn")  # a fork would share our connections
        evaluations = ProcessPoolExecutor(
            EVALUATIONS_AT_ONCE, mp_context=spawn, initializer=os.nice, initargs=(NICENESS,)
        )
        try:
            yield _activities(settings, log, vault, evaluations)
        finally:
            evaluations.shutdown(wait=False, cancel_futures=True)
            await vault.close()
    finally:
        await log.close()


def _activities(
    settings: Settings, log: Log, vault: Vault, evaluations: ProcessPoolExecutor
) -> Activities:
    plans = PlanLibrary(log)
    incidents = Recorder(
        log,
        INCIDENTS,
        clock=_now,
        surroundings=plans.surroundings,
        snapshots=snapshots_of_incidents(log),
    )
    units = Recorder(log, UNITS, clock=_now)
    people = Recorder(log, PERSONS, clock=_now)
    record = RecordActivities(incidents)
    dispatcher = Dispatcher(log, incidents, units, plans)
    evaluator = Evaluator(log, incidents, plans, evaluations, sentence_in_utc)
    notifier = Notifier(
        log,
        incidents,
        people,
        plans,
        vault,
        mail_server=_mail_server(settings),
        webhooks=_webhook_rules(settings),
    )
    return Activities(
        record=[record.standing, record.let_deadline_pass],
        hands=[
            notifier.notify,
            dispatcher.dispatch,
            dispatcher.give_back,
            evaluator.evaluate,
        ],
    )


def _mail_server(settings: Settings) -> MailServer:
    return MailServer(**dict(settings.mail))


def _webhook_rules(settings: Settings) -> WebhookRules:
    secret = settings.webhook.secret_file.read_text(encoding="utf-8").strip()
    return WebhookRules(
        secret=secret,
        allow_private_networks=settings.webhook.allow_private_networks,
        timeout_seconds=settings.webhook.timeout_seconds,
    )


def _now() -> datetime:
    return datetime.now(UTC)
