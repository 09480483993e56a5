"""A worker killed in the middle of its work loses nothing, and repeats only under the same key."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from eventstore.log.log import Log
from eventstore.privacy.vault import Vault
from services.runtime.settings.settings import Worker as Queues
from services.runtime.temporal.workflow_starter import WorkflowStarter
from tests.activities.notification import receivers
from tests.activities.scene import Scene, by_hook
from tests.workflows.conftest import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from temporalio.testing import WorkflowEnvironment

    from tests.conftest import Database

START_S = 60.0
TAKE_OVER_S = 45.0
"""Twelve seconds without a sign of life, and the start of another worker on a busy machine."""


@pytest.fixture
def queues() -> Queues:
    return Queues(task_queue=f"incidents-{uuid4()}", hands_queue=f"work-{uuid4()}")


@pytest.fixture
def environment(
    database: Database, temporal: WorkflowEnvironment, tmp_path: Path, queues: Queues
) -> Mapping[str, str]:
    (tmp_path / "vault").write_text(bytes(range(32)).hex())
    (tmp_path / "webhook").write_text("a secret of this test")
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "MUSTER_DATABASE__DSN": database.dsn,
        "MUSTER_TEMPORAL__ADDRESS": temporal.client.service_client.config.target_host,
        "MUSTER_VAULT__KEY_FILE": str(tmp_path / "vault"),
        "MUSTER_WEBHOOK__SECRET_FILE": str(tmp_path / "webhook"),
        "MUSTER_WEBHOOK__ALLOW_PRIVATE_NETWORKS": "true",
        "MUSTER_WORKER__TASK_QUEUE": queues.task_queue,
        "MUSTER_WORKER__HANDS_QUEUE": queues.hands_queue,
    }


@asynccontextmanager
async def worker(
    environment: Mapping[str, str], folder: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    ready = folder / f"ready-{uuid4()}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.process", "worker"),
        env={**environment, "MUSTER_READY_FILE": str(ready)},
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await eventually(ready.exists, patience_s=START_S)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_notification_outlasts_a_worker_that_is_killed_while_it_is_sent(
    environment: Mapping[str, str],
    database: Database,
    temporal: WorkflowEnvironment,
    tmp_path: Path,
    queues: Queues,
) -> None:
    log = await Log.open(database.dsn)
    vault = await Vault.connect(database.dsn, tmp_path / "vault")
    scene = Scene(log, vault)
    await scene.publish()
    async with receivers.hook() as hook:
        await scene.contact("cai", by_hook(hook))
        incident = await scene.opened()
        order = await scene.owed_to("cai", incident)
        hook.silent = True
        async with worker(environment, tmp_path) as first:
            version = (await scene.incidents.known(incident)).version
            await WorkflowStarter(temporal.client, queues).tell(incident, version)
            await eventually(lambda: hook.posts, patience_s=START_S)
            first.kill()
        assert await scene.still_owed(order)
        hook.silent = False
        async with worker(environment, tmp_path):

            async def told() -> bool:
                return await scene.still_owed(order) is None

            await eventually(told, patience_s=TAKE_OVER_S)
    delivered = await scene.facts(f"incident/{incident}", "NotificationDelivered")
    await vault.close()
    await log.close()
    assert [json.loads(one)["notification"] for one in delivered] == [order.subject]
    assert {post.headers["idempotency-key"] for post in hook.posts} == {
        f"{incident}/{order.subject}"
    }
    assert len(hook.posts) >= 2
