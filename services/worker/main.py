"""The worker: runs the incidents' workflows, and does the work that incidents owe."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import structlog
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.common import WorkerDeploymentVersion
from temporalio.runtime import Runtime
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker, WorkerDeploymentConfig

from activities.work.work import HEARTBEAT_S
from services.runtime import metrics, readiness
from services.runtime.clocks import clock_metrics, clock_watch
from services.runtime.temporal.client import come_to_rest, connect
from services.runtime.temporal.task_queues import activity_queue, workflow_queue
from services.worker.activities import Activities, opened
from workflows.sandbox import RUNNER, WORKFLOWS
from workflows.search_attributes import SEARCH_ATTRIBUTES

if TYPE_CHECKING:
    from temporalio.client import Client

    from services.runtime.settings.settings import Settings

CLOUD_ANSWERS: Final = frozenset(
    {RPCStatusCode.UNIMPLEMENTED, RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.NOT_FOUND}
)
"""How Temporal Cloud answers questions that only its own console may ask."""

CODE: Final = WorkerDeploymentConfig(
    version=WorkerDeploymentVersion(deployment_name="muster", build_id=version("muster")),
    use_worker_versioning=False,
)
"""What Temporal shows of the code that works. Left to itself the library would compile every module
again to make up a name for it: a second of every start."""

WORKFLOW_TASKS_AT_ONCE: Final = 32
"""The others wait in Temporal's queue, where emergencies go first."""

log = structlog.get_logger()


class NamespaceUnfit(Exception):
    """The namespace lacks search attributes that we can't add; the text says which."""


async def work(settings: Settings) -> None:
    """Work until told to stop, then finish what is under way, up to the time for draining."""
    _stop_when_told()
    with contextlib.suppress(asyncio.CancelledError):
        await _serve(settings)
    await come_to_rest()


def workers(client: Client, settings: Settings, activities: Activities) -> list[Worker]:
    """Return one worker for the workflows with the log, and one for the work of incidents.

    Two queues, so that no amount of slow deliveries keeps a deadline from being recorded.
    """
    chosen = settings.worker
    drain = timedelta(seconds=chosen.drain_seconds)
    return [
        Worker(
            client,
            task_queue=activity_queue(chosen),
            deployment_config=CODE,
            activities=activities.hands,
            max_concurrent_activities=chosen.max_concurrent_activities,
            max_heartbeat_throttle_interval=timedelta(seconds=HEARTBEAT_S),
            graceful_shutdown_timeout=drain,
        ),
        Worker(
            client,
            task_queue=workflow_queue(chosen),
            deployment_config=CODE,
            workflows=WORKFLOWS,
            activities=activities.record,
            max_concurrent_workflow_tasks=WORKFLOW_TASKS_AT_ONCE,
            workflow_runner=RUNNER,
            max_cached_workflows=chosen.max_cached_workflows,
            max_concurrent_activities=chosen.max_concurrent_activities,
            graceful_shutdown_timeout=drain,
        ),
    ]


async def prepare(client: Client) -> None:
    """See that the namespace knows what operators look for. Raises NamespaceUnfit.

    A workflow that shows an unknown search attribute stands still, so it is checked first.
    """
    service, namespace = client.operator_service, client.namespace
    try:
        known = await service.list_search_attributes(
            ListSearchAttributesRequest(namespace=namespace), retry=True
        )
        missing = {
            key.name: IndexedValueType.ValueType(key.indexed_value_type)
            for key in SEARCH_ATTRIBUTES
            if key.name not in known.custom_attributes
        }
        if missing:
            log.info("adding search attributes", names=sorted(missing))
            await service.add_search_attributes(
                AddSearchAttributesRequest(namespace=namespace, search_attributes=missing),
                retry=True,
            )
    except RPCError as error:
        if error.status is RPCStatusCode.ALREADY_EXISTS:  # another worker was first
            return
        if error.status in CLOUD_ANSWERS:
            log.warning("can't tell whether the search attributes are there", because=str(error))
            return
        names = ", ".join(key.name for key in SEARCH_ATTRIBUTES)
        raise NamespaceUnfit(
            f"namespace {namespace!r} must have the search attributes {names}: {error}"
        ) from error


async def _serve(settings: Settings) -> None:
    metrics.serve_worker(settings.metrics)
    async with contextlib.AsyncExitStack() as held:
        client = await connect(settings.temporal)
        await prepare(client)
        await readiness.may_begin()
        shown = clock_metrics.of_worker()
        await held.enter_async_context(clock_watch.watched(settings, client, shown))
        meter = Runtime.default().metric_meter
        activities = await held.enter_async_context(opened(settings, meter))
        for worker in workers(client, settings, activities):
            await held.enter_async_context(worker)
        readiness.announce()
        queues = workflow_queue(settings.worker), activity_queue(settings.worker)
        log.info("serving", queue=queues[0], hands=queues[1])
        await asyncio.Event().wait()


def _stop_when_told() -> None:
    task = asyncio.current_task()
    assert task, "a process runs in a task"  # noqa: S101 - an invariant
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, task.cancel)
