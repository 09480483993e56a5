"""Where a story is played: a stack of its own, real processes in a temporary folder, free ports."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from muster.v1.common_pb2 import CHANNEL_KIND_MAIL, CHANNEL_KIND_WEBHOOK, CommandContext, Text
from muster.v1.plan_service_pb2 import PlanDocument
from muster.v1.resource_service_pb2 import Channel, RegisterContactRequest, RegisterUnitRequest

from compiler import driver
from compiler.report.text import render
from domain.plan.model.plan import ChannelKind, Plan
from domain.values import Role
from eventstore.recorder.event_ids import new_command_id
from services.cli.session.connection import Connection, metadata_of
from services.client.client import open_channel
from services.client.plan_publication import bring_into_force
from services.demo.receiver import Received
from services.local import tokens
from services.local.folder import Folder
from services.local.stack import Stack, down, running
from services.runtime.vocabulary import Language

START_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 60.0
POLL_S = 0.05

PLANNER, APPROVER = "planner", "plan-approver"
LOGISTICS, AUDITOR = "logistics", "auditor-desk"
DESKS = {
    PLANNER: Role.PLANNER,
    APPROVER: Role.ADMINISTRATOR,
    LOGISTICS: Role.LOGISTICS,
    AUDITOR: Role.AUDITOR,
}
"""Who prepares, and who looks on."""

LIVE_DOMAIN = "live.example"
DRILL_DOMAIN = "drill.example"

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Unit:
    """A unit that waits somewhere."""

    id: str
    kind: str
    zh: str
    en: str
    x: float
    y: float


UNITS = (
    Unit("guards-north", "guard-team", "北区保安小队", "Guards, north side", 10, 80),
    Unit("guards-south", "guard-team", "南区保安小队", "Guards, south side", 0, -80),
    Unit("guards-metro", "guard-team", "地铁口保安小队", "Guards, metro side", -65, -10),
    Unit("ambulance-1", "ambulance", "救护车一号", "Ambulance 1", 120, 400),
    Unit("ambulance-2", "ambulance", "救护车二号", "Ambulance 2", -900, -1_200),
)
"""The nearest of each kind to the north entrance is the one that is sent."""


class StackBroken(Exception):
    """The stack did not start, or it ended by itself."""


@dataclass(frozen=True)
class Stage:
    """A running stack, and a connection for everybody who acts."""

    stack: Stack
    cast: Mapping[str, Connection]


@contextmanager
def folder(*, keep: bool) -> Iterator[Folder]:
    """Make a folder that is gone afterwards, unless it is to be kept."""
    root = Path(tempfile.mkdtemp(prefix="muster-demo-"))
    root.chmod(0o755)  # PostgreSQL may run as another user; what is secret in it is closed
    try:
        yield Folder.at(root)
    finally:
        if not keep:
            shutil.rmtree(root, ignore_errors=True)


def let_in(place: Folder, cast: Mapping[str, Role]) -> dict[str, str]:
    """Give everybody a token of their own."""
    place.make()
    people = {**cast, **DESKS}
    return {who: tokens.issue(place.tokens_file, who, [role]) for who, role in people.items()}


@asynccontextmanager
async def stack(place: Folder, tell: Tell) -> AsyncIterator[Stack]:
    """Run a stack in a folder, as `muster up` does."""
    ports = ("--api-port", "0", "--temporal-port", "0", "--mail-port", "0")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "services.cli.main", "up", "--folder", str(place.root), *ports),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    said: list[str] = []
    reading = asyncio.create_task(_pass_on(process, said, tell))
    try:
        yield await _started(process, place, said)
    finally:
        await _stopped(process, place)
        await reading


@asynccontextmanager
async def connections(
    running_stack: Stack, given: Mapping[str, str], language: Language
) -> AsyncIterator[dict[str, Connection]]:
    """Open a channel of their own for everybody who acts."""
    async with contextlib.AsyncExitStack() as open_ones:
        yield {
            who: Connection(
                await open_ones.enter_async_context(open_channel(running_stack.api)),
                metadata_of(token, language),
            )
            for who, token in given.items()
        }


async def prepare(cast: Mapping[str, Connection], received: Received) -> Plan:
    """Register units and contacts, and bring the general venue plan into force."""
    text = driver.shipped()["general-venue"]
    plan = driver.read_plan(text, "general-venue.yaml")
    if not isinstance(plan, Plan):
        raise StackBroken(render(plan))
    planner, logistics = cast[PLANNER], cast[LOGISTICS]
    await bring_into_force(PlanDocument(yaml=text), planner, cast[APPROVER], **planner.call)
    for unit in UNITS:
        await logistics.resources.RegisterUnit(_unit(unit), **logistics.call)
    for contact in plan.contacts:
        kinds = contact.channels
        await planner.resources.RegisterContact(
            _contact(contact.id, kinds, received), **planner.call
        )
    return plan


def _unit(unit: Unit) -> RegisterUnitRequest:
    return RegisterUnitRequest(
        context=_new(),
        unit=unit.id,
        title=Text(zh=unit.zh, en=unit.en),
        resource_kind=unit.kind,
        x=unit.x,
        y=unit.y,
    )


def _contact(
    person: str, kinds: tuple[ChannelKind, ...], received: Received
) -> RegisterContactRequest:
    """Register the live address too, so that it can be seen that no drill reaches it."""
    live = Channel(kind=CHANNEL_KIND_MAIL, address=f"{person}@{LIVE_DOMAIN}")
    mail = Channel(kind=CHANNEL_KIND_MAIL, address=f"{person}@{DRILL_DOMAIN}", exercise=True)
    hook = Channel(kind=CHANNEL_KIND_WEBHOOK, address=received.url(person), exercise=True)
    practice = [{ChannelKind.MAIL: mail, ChannelKind.WEBHOOK: hook}[kind] for kind in kinds]
    return RegisterContactRequest(context=_new(), person=person, channels=[live, *practice])


def _new() -> CommandContext:
    return CommandContext(command_id=str(new_command_id()))


async def _pass_on(process: asyncio.subprocess.Process, said: list[str], tell: Tell) -> None:
    """Pass on what the stack says of itself."""
    assert process.stdout is not None  # noqa: S101 - it was asked for
    async for line in process.stdout:
        text = line.decode(errors="replace").strip()
        said.append(text)
        tell(text.removeprefix("muster").strip())


async def _started(process: asyncio.subprocess.Process, place: Folder, said: list[str]) -> Stack:
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            while (found := running(place)) is None:
                if process.returncode is not None:
                    raise StackBroken(f"the stack did not start: {' / '.join(said[-3:])}")
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise StackBroken(f"the stack did not start within {START_TIMEOUT_S:.0f} s") from None
    return found


async def _stopped(process: asyncio.subprocess.Process, place: Folder) -> None:
    """Stop the stack and everything in it."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        await asyncio.to_thread(down, place)
        process.kill()
        await process.wait()
