"""Where the figures are taken: a stack of its own, under a plan with little for the hands to do."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.message import Message
from muster.v1 import common_pb2, incident_commands_pb2, plan_service_pb2

from benchmarks.hall import PLAN, VENUE, ZONE
from eventstore.recorder.event_ids import new_command_id
from services.client.client import Client
from services.client.plan_publication import bring_into_force
from services.local import stack
from services.local.folder import Folder
from services.local.stack import Stack

START_TIMEOUT_S = 120.0
INCIDENTS = "/muster.v1.IncidentService/"
HERE = Path(__file__).parents[1]


@dataclass
class Place:
    """A running stack, and a channel to it."""

    stack: Stack
    channel: grpc.aio.Channel
    cold_start_s: float

    def caller(self, role: str) -> list[tuple[str, str]]:
        """Return what goes with a call of a role."""
        return [("authorization", f"Bearer {self.stack.token(role)}")]

    def ask(self, method: str) -> grpc.aio.UnaryUnaryMultiCallable[bytes, common_pb2.Receipt]:
        """Return a call of a command that was serialised before."""
        return self.channel.unary_unary(
            INCIDENTS + method, response_deserializer=common_pb2.Receipt.FromString
        )

    async def open_incident(self) -> str:
        """Open an incident and activate its response; return its id."""
        now = datetime.now(UTC)
        warning = incident_commands_pb2.RaiseWarningRequest(
            context=context(),
            venue=VENUE,
            plan="bench",
            hazard=common_pb2.HAZARD_KIND_CROWDING,
            mode=common_pb2.MODE_EXERCISE,
            pace=1.0,
            colour=common_pb2.WARNING_COLOUR_BLUE,
            scope=[ZONE],
            matters="Mind the step.",
            measures=[incident_commands_pb2.NewMeasure(measure="one-way", title="One way")],
            issuer="desk",
        )
        warning.starts_at.FromDatetime(now)
        opened = await self._command("RaiseWarning", warning)
        response = incident_commands_pb2.ActivateResponseRequest(
            context=context(),
            incident_id=opened.incident_id,
            level=common_pb2.RESPONSE_LEVEL_IV,
            matters="Crowding.",
        )
        response.expected_duration.FromSeconds(3_600)
        await self._command("ActivateResponse", response)
        return opened.incident_id

    async def _command(self, method: str, request: Message) -> common_pb2.Receipt:
        call = self.ask(method)
        receipt: common_pb2.Receipt = await call(
            request.SerializeToString(), metadata=self.caller("commander")
        )
        return receipt

    async def publish(self, plan: Mapping[str, Any] = PLAN) -> None:
        """Bring a plan into force."""
        document = plan_service_pb2.PlanDocument(json=json.dumps(plan))
        planner, commander = (
            Client(self.channel, self.caller(role)) for role in ("planner", "commander")
        )
        await bring_into_force(document, planner, commander)


def context() -> common_pb2.CommandContext:
    """Return the context of a command that nobody sent before."""
    return common_pb2.CommandContext(command_id=str(new_command_id()), reason="bench")


def damage(incident: str, number: int) -> bytes:
    """Return a command that leads to one event, serialised."""
    return incident_commands_pb2.RecordDamageRequest(
        context=context(),
        incident_id=incident,
        damage=f"d-{number}",
        asset="A crowd barrier",
        description="Bent at the north entrance, to be replaced.",
        estimate_fen=86_000,
    ).SerializeToString()


@asynccontextmanager
async def place(
    plan: Mapping[str, Any] = PLAN, code: Path = HERE, evidence: Path | None = None
) -> AsyncIterator[Place]:
    """Start a stack in an empty folder, and remove both afterwards.

    `code` is the tree whose program is run; its logs are left in `evidence` if something is raised.
    """
    root = Path(tempfile.mkdtemp(prefix="muster-bench-"))
    root.chmod(0o755)  # noqa: ASYNC240 - before anything is measured
    folder = Folder.at(root / "data")
    command = [sys.executable, "-m", "services.cli.main", "up", "--folder", str(folder.root)]
    free = ["--api-port", "0", "--temporal-port", "0", "--mail-port", "0"]
    paths = os.pathsep.join([str(code), str(code / "protos")])
    begun = time.monotonic()
    process = subprocess.Popen(  # noqa: ASYNC220 - before anything is measured
        [*command, *free],
        stdout=subprocess.DEVNULL,
        cwd=code,
        env={**os.environ, "PYTHONPATH": paths},
    )
    try:
        while (running := stack.running(folder)) is None:
            assert process.poll() is None, "the stack ended at once"
            assert time.monotonic() - begun < START_TIMEOUT_S, "the stack does not start"
            await asyncio.sleep(0.01)
        cold = time.monotonic() - begun
        async with grpc.aio.insecure_channel(running.api) as channel:
            made = Place(running, channel, cold)
            await made.publish(plan)
            yield made
    except BaseException:
        if evidence is not None:
            shutil.copytree(folder.logs, evidence, dirs_exist_ok=True)
        raise
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(root, ignore_errors=True)
