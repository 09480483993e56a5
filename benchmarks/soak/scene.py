"""A running stack with a caller, a journal, and a look at its log: what every run stands on."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from google.protobuf.message import Message
from muster.v1 import common_pb2
from muster.v1 import resource_service_pb2 as resources

from benchmarks.place import HERE, Place, context, place
from benchmarks.soak.caller import Caller
from benchmarks.soak.checker import DSN_VARIABLE
from benchmarks.torture.journal import Journal
from services.client.client import Client
from services.local.postgres import OWNER, Postgres
from services.local.stack import Stack, running

ROLES = ("operator", "commander", "responder", "information_officer", "logistics")
IN_FLIGHT = 64
POLL_S = 0.25

OPEN_NOTIFICATIONS = """
    SELECT count(*) FILTER (WHERE type = 'NotificationOrdered')
         - count(*) FILTER (WHERE type IN
               ('NotificationDelivered', 'NotificationFailed', 'NotificationWithdrawn'))
    FROM muster.event WHERE type LIKE 'Notification%' AND ($1::text IS NULL OR stream = $1)"""

Verdict = dict[str, Any]


@dataclass
class Scene:
    """A stack, and what a run needs of it."""

    place: Place
    caller: Caller
    journal: Path
    dsn: str
    """The address of the log, for who only reads."""

    @property
    def stack(self) -> Stack:
        """Return the stack as it is now: its processes change."""
        found = running(self.place.stack.folder)
        assert found is not None, "the stack is gone"
        return found

    async def ask_all(
        self, role: str, requests: Iterable[Message], *, per_s: float | None = None
    ) -> list[common_pb2.Receipt]:
        """Give many commands, some at once and at a pace if wanted; return receipts in order."""
        free = asyncio.Semaphore(IN_FLIGHT)

        async def one(request: Message) -> common_pb2.Receipt:
            async with free:
                return await self.caller.ask(role, request)

        loop = asyncio.get_running_loop()
        begun, asked = loop.time(), []
        for number, request in enumerate(requests):
            if per_s:
                await asyncio.sleep(begun + number / per_s - loop.time())
            asked.append(asyncio.create_task(one(request)))
        return await asyncio.gather(*asked)

    async def reach(self, contacts: Mapping[str, resources.Channel]) -> None:
        """Register how contacts are reached."""
        planner = Client(self.place.channel, self.place.caller("planner"))
        for person, channel in contacts.items():
            request = resources.RegisterContactRequest(context=context(), person=person)
            practice = resources.Channel()
            practice.CopyFrom(channel)
            practice.exercise = True
            request.channels.extend([channel, practice])
            await planner.resources.RegisterContact(request)

    async def station(self, kind: str, count: int) -> None:
        """Register units of a kind."""
        logistics = Client(self.place.channel, self.place.caller("logistics"))
        for number in range(count):
            unit = resources.RegisterUnitRequest(
                context=context(),
                unit=f"{kind}-{number}",
                title=common_pb2.Text(en=f"{kind} {number}"),
                resource_kind=kind,
                x=number,
                y=0,
            )
            await logistics.resources.RegisterUnit(unit)

    async def owed(self, incident: str | None = None) -> int:
        """Return how many notifications have no outcome yet."""
        connection = await asyncpg.connect(self.dsn)
        try:
            stream = incident and f"incident/{incident}"
            return int(await connection.fetchval(OPEN_NOTIFICATIONS, stream))
        finally:
            await connection.close()

    async def until_told(self, incident: str | None = None, *, within_s: float) -> bool:
        """Wait until no notification is owed; False if that takes longer."""
        try:
            async with asyncio.timeout(within_s):
                while await self.owed(incident):
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            return False
        return True

    async def judge(self, journals: Sequence[Path] = ()) -> Verdict:
        """Have the checker, another process, compare the log with the journals."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "benchmarks.soak.checker", *map(str, [self.journal, *journals])),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, DSN_VARIABLE: self.dsn},
        )
        said, _ = await process.communicate()
        assert process.returncode == 0, "the checker failed"
        verdict: Verdict = json.loads(said)
        return verdict

    def cpu_s(self, since: Mapping[str, float] | None = None) -> dict[str, float]:
        """Return the processor time that each part has used, or has used since a look before."""
        before = since or {}
        return {
            name: round(_cpu_s(part["pid"]) - before.get(name, 0.0), 1)
            for name, part in self.stack.parts.items()
        }

    def rss_bytes(self, *parts: str) -> int:
        """Return the resident memory of some processes together."""
        pids = (self.stack.parts[part]["pid"] for part in parts)
        return sum(psutil.Process(pid).memory_info().rss for pid in pids)


def _cpu_s(pid: int) -> float:
    """Return the processor time of a process and its children."""
    first = psutil.Process(pid)
    used = first.cpu_times()
    total = used.user + used.system + used.children_user + used.children_system
    for child in first.children(recursive=True):
        with suppress(psutil.Error):
            more = child.cpu_times()
            total += more.user + more.system
    return total


@asynccontextmanager
async def scene(
    plan: Mapping[str, Any], code: Path = HERE, evidence: Path | None = None
) -> AsyncIterator[Scene]:
    """Start a stack under a plan, of this tree or another one."""
    async with place(plan, code, evidence) as made:
        with seen(made, Postgres(made.stack.folder).dsn(OWNER)) as at:
            yield at


@contextmanager
def seen(made: Place, dsn: str) -> Iterator[Scene]:
    """Let a caller act on a stack that runs."""
    journal = made.stack.folder.root / "driver.jsonl"
    tokens = {role: made.stack.token(role) for role in ROLES}
    with Journal(journal) as written:
        yield Scene(made, Caller(made.channel, tokens, written), journal, dsn)
