"""The hands that a worker has, with what they need."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from pydantic import SecretStr

from activities.dispatch import Dispatcher
from activities.evaluation.evaluate import Evaluator
from activities.notification.mail import MailServer
from activities.notification.notify import Notifier
from activities.notification.signing import Secrets, SecretsUnusable
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
from services import clocks
from services.cli.sentences import sentence_in_utc
from services.snapshotting import snapshots_of_incidents

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from typing import Any

    from services.settings import Settings

EVALUATIONS_AT_ONCE = 1
"""Each is a process's whole attention; an incident has one."""


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
        evaluations = ProcessPoolExecutor(EVALUATIONS_AT_ONCE, mp_context=spawn)
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
        webhooks=webhook_rules(settings),
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


def webhook_rules(settings: Settings) -> WebhookRules:
    chosen = settings.webhook
    secrets = Secrets(chosen.key_file, chosen.secrets_folder)
    secrets.check()
    shared = chosen.secret_file
    has_shared = shared is not None and shared.exists()
    if not (has_shared or chosen.key_file.exists() or chosen.secrets_folder.is_dir()):
        raise SecretsUnusable(
            f"{chosen.key_file} (webhook.key_file) is not there, so that no webhook can be signed: "
            f"`openssl rand -hex 32 > {chosen.key_file}` makes it"
        )
    return WebhookRules(
        secrets,
        chosen.allow_private_networks,
        chosen.timeout_seconds,
        SecretStr(shared.read_text(encoding="utf-8").strip()) if shared and has_shared else None,
        clocks.now,
    )


def _now() -> datetime:
    return clocks.now()
