from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sys
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from eventstore.log.log import Log
from services.runtime.settings.settings import Worker as Queues
from services.runtime.temporal.workflow_starter import WorkflowStarter
from tests.workflows.case import ALARM, Case
from tests.workflows.conftest import Stage, eventually

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from temporalio.testing import WorkflowEnvironment

    from tests.conftest import Database

QUEUES = Queues(task_queue=f"incidents-{uuid4()}", hands_queue=f"hands-{uuid4()}")


@pytest.fixture
def environment(
    database: Database, temporal: WorkflowEnvironment, tmp_path: Path
) -> Mapping[str, str]:
    (tmp_path / "vault").write_text(secrets.token_hex(32))
    (tmp_path / "webhook").write_text(secrets.token_urlsafe(32))
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "MUSTER_DATABASE__DSN": database.dsn,
        "MUSTER_TEMPORAL__ADDRESS": temporal.client.service_client.config.target_host,
        "MUSTER_VAULT__KEY_FILE": str(tmp_path / "vault"),
        "MUSTER_WEBHOOK__SECRET_FILE": str(tmp_path / "webhook"),
        "MUSTER_WORKER__TASK_QUEUE": QUEUES.task_queue,
        "MUSTER_WORKER__HANDS_QUEUE": QUEUES.hands_queue,
        "MUSTER_READY_FILE": str(tmp_path / "ready"),
    }


async def start(environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.process", "worker"),
        env=environment,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_a_worker_serves_until_it_is_told_to_stop(
    environment: Mapping[str, str],
    database: Database,
    temporal: WorkflowEnvironment,
    tmp_path: Path,
    incident: str,
) -> None:
    stage = Stage(temporal, cached=0)
    stage.lives = WorkflowStarter(temporal.client, QUEUES)
    log = await Log.open(database.dsn)
    case = Case(log)
    await case.publish()
    opened = await case.ask(incident, ALARM)
    worker = await start(environment)
    try:
        await eventually((tmp_path / "ready").exists, patience_s=60)
        await stage.lives.tell(incident, opened.version)
        await stage.knows(incident, opened.version)
    finally:
        worker.send_signal(signal.SIGTERM)
        _, said = await worker.communicate()
        await log.close()
    assert worker.returncode == 0, said.decode()
    assert b'"event": "serving"' in said


async def test_a_worker_waits_for_temporal_and_can_be_told_to_stop_meanwhile(
    environment: Mapping[str, str],
) -> None:
    worker = await start({**environment, "MUSTER_TEMPORAL__ADDRESS": "127.0.0.1:1"})
    assert worker.stderr is not None
    first = await worker.stderr.readline()
    worker.send_signal(signal.SIGTERM)
    await worker.communicate()
    assert b"temporal is away" in first
    assert worker.returncode == 0
