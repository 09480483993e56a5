"""Temporal's clock, by a question that leaves nothing behind.

No call of Temporal's says what time it is. It does say when somebody last asked a task queue for
work: so we ask one of our own, that nobody puts anything into, and look when that was. This reads
the clock of the server that keeps that queue; in a cluster of several, a server of the history
service may have another. It is as exact as the two calls take, a few milliseconds on a network.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from temporalio.api.enums.v1 import TaskQueueKind, TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    PollWorkflowTaskQueueRequest,
)
from temporalio.service import RPCError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from temporalio.client import Client

QUEUE: Final = TaskQueue(
    name="muster-clock-asked",  # not the normal name: the server would wait for itself
    kind=TaskQueueKind.TASK_QUEUE_KIND_STICKY,  # of one partition: what is asked is seen
    normal_name="muster-clock",
)
LOOK_PAUSE_S: Final = 0.01
LOOK_TIMEOUT: Final = timedelta(seconds=2)
ASK_TIMEOUT: Final = timedelta(seconds=10)
"""Temporal refuses to be asked for less than a few seconds; we end it as soon as it was seen."""


async def now_at(client: Client) -> datetime:
    """Return what time it is at Temporal, between the call and its return. Raises RPCError."""
    asker = f"clock {uuid4()}"
    asking = asyncio.create_task(_ask(client, asker))
    try:
        async with asyncio.timeout(LOOK_TIMEOUT.total_seconds()):
            async for seen in _looks(client):
                if asker in seen:
                    return seen[asker]
    finally:
        asking.cancel()
        with suppress(asyncio.CancelledError, RPCError):
            await asking
    raise AssertionError  # _looks() never ends


async def _ask(client: Client, asker: str) -> None:
    """Ask for work that there never is."""
    request = PollWorkflowTaskQueueRequest(
        namespace=client.namespace, task_queue=QUEUE, identity=asker
    )
    await client.workflow_service.poll_workflow_task_queue(request, timeout=ASK_TIMEOUT)


async def _looks(client: Client) -> AsyncIterator[dict[str, datetime]]:
    """Yield again and again who asked last, and when."""
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=QUEUE,
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    while True:
        found = await client.workflow_service.describe_task_queue(request, timeout=LOOK_TIMEOUT)
        yield {one.identity: one.last_access_time.ToDatetime(UTC) for one in found.pollers}
        await asyncio.sleep(LOOK_PAUSE_S)
