"""Find the primary among the servers of an address, and keep to it when another one is promoted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

import asyncpg

from eventstore.postgres.addresses import addresses, place_of
from eventstore.postgres.epochs import EPOCHS, Epoch, Server

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Open: TypeAlias = Callable[[str], Awaitable[Connection]]
"""How one server is connected to."""

OTHERS_TIMEOUT_S = 1.0
"""How long the others may take to answer once a primary has: one of them may be a later one."""

ASK_TIMEOUT_S = 3.0
WATCH_PAUSE_S = 1.0
"""How often a process looks whether another server has become the primary."""

SERVER = """
    SELECT is_standby, system, epoch, highest, started_at, commits_wait_for FROM muster.server()"""
UNMIGRATED = """
    SELECT pg_is_in_recovery(), 0::bigint, 0::bigint, 0::bigint, pg_postmaster_start_time(), ''"""
LOCALLY = "SET synchronous_commit = local"
"""For what is said to a primary that was left: its standby is elsewhere."""
SUPERSEDE = "SELECT muster.supersede($1, $2)"


class NoPrimary(ConnectionError):
    """None of the servers is the primary now; perhaps one is about to be."""


@dataclass
class Answer:
    """What came of asking a server."""

    address: str
    connection: Connection | None = None
    server: Server | None = None
    error: Exception | None = None

    @property
    def place(self) -> str:
        """Return which server it is, for people."""
        return place_of(self.address)

    @property
    def state(self) -> str:
        """Say what the server is."""
        if self.server is None:
            return f"{type(self.error).__name__}: {self.error}" if self.error else "no answer"
        if self.server.is_standby:
            return "a standby"
        if self.server.is_superseded:
            return f"of epoch {self.server.epoch}, superseded by {self.server.highest}"
        return f"a primary of epoch {self.server.epoch}"


async def connect_to_primary(dsn: str, open_: Open) -> Connection:
    """Connect to the primary; of several that say they are, to that of the latest epoch.

    Raises NoPrimary, and for an address of one server whatever connecting to it raises.
    """
    answers = await _ask_all(addresses(dsn), open_)
    try:
        chosen = await _choose(answers)
        assert chosen.connection is not None  # noqa: S101 - it answered
        assert chosen.server is not None  # noqa: S101 - as above
        if not chosen.server.is_standby:
            EPOCHS.take(dsn, chosen.connection, chosen.server)
        kept, chosen.connection = chosen.connection, None
        return kept
    finally:
        for answer in answers:
            _close(answer)


async def ask(answer: Answer, open_: Open) -> None:
    """Ask a server what it is, over the connection that there is or a new one."""
    try:
        async with asyncio.timeout(ASK_TIMEOUT_S):
            if answer.connection is None:
                answer.connection = await open_(answer.address)
            answer.server = await server(answer.connection)
    except Exception as error:  # noqa: BLE001 - whoever asked decides what it means
        answer.error, answer.server = error, None
        _close(answer)


async def server(connection: Connection) -> Server:
    """Return what a server says of itself."""
    try:
        row = await connection.fetchrow(SERVER)
    except (asyncpg.UndefinedFunctionError, asyncpg.InvalidSchemaNameError):
        row = await connection.fetchrow(UNMIGRATED)
    assert row is not None  # noqa: S101 - both return one
    return Server(*row)


async def supersede(answers: Sequence[Answer], latest: Epoch) -> None:
    """Tell primaries of earlier epochs that there is a later one: they take no more appends."""
    for answer in answers:
        said, connection = answer.server, answer.connection
        if not said or not connection or said.is_standby or said.system != latest.system:
            continue
        if said.epoch < latest.number and said.highest < latest.number:
            try:
                async with asyncio.timeout(ASK_TIMEOUT_S):
                    await connection.execute(LOCALLY)
                    await connection.execute(SUPERSEDE, *latest)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
                continue  # it is asked again, by whoever meets it


async def keep_to_primary(dsn: str, open_: Open) -> None:
    """Look again and again whether another server is the primary now, and leave the one before.

    A server that went silent breaks no connection; one that comes back is told that it is late.
    """
    answers = [Answer(address) for address in addresses(dsn)]
    if len(answers) == 1:
        return
    try:
        while True:
            await asyncio.gather(*(ask(answer, open_) for answer in answers))
            for one in _primaries(answers):
                EPOCHS.learn(Epoch(one.system, one.epoch))
                await supersede(answers, Epoch(one.system, EPOCHS.highest(one.system)))
            await asyncio.sleep(WATCH_PAUSE_S)
    finally:
        for answer in answers:
            _close(answer)


async def address_of_primary(dsn: str, open_: Open) -> str:
    """Return the address of the primary alone, for PostgreSQL's own programs. Raises NoPrimary."""
    places = addresses(dsn)
    if len(places) == 1:
        return dsn
    answers = await _ask_all(places, open_)
    try:
        return (await _choose(answers)).address
    finally:
        for answer in answers:
            _close(answer)


async def look(dsn: str, open_: Open) -> Sequence[Answer]:
    """Ask all servers of an address what they are."""
    answers = [Answer(address) for address in addresses(dsn)]
    await asyncio.gather(*(ask(answer, open_) for answer in answers))
    for answer in answers:
        _close(answer)
    return answers


async def _ask_all(places: Sequence[str], open_: Open) -> list[Answer]:
    """Ask all servers at once; once a primary has answered, wait only a moment for the others."""
    answers = [Answer(place) for place in places]
    asking = {asyncio.create_task(ask(answer, open_)) for answer in answers}
    try:
        while asking:
            patience = OTHERS_TIMEOUT_S if _primaries(answers) else None
            done, asking = await asyncio.wait(
                asking, timeout=patience, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                break
    except asyncio.CancelledError:
        for answer in answers:
            _close(answer)
        raise
    finally:
        for one in asking:
            one.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
    return answers


async def _choose(answers: Sequence[Answer]) -> Answer:
    """Choose the primary. Raises NoPrimary, or the error of the only server."""
    if len(answers) == 1:
        return await _only(answers[0])
    found = _primaries(answers)
    if len({one.system for one in found}) > 1:
        _none(answers, "these are primaries of different clusters")
    epoch = max((one.epoch for one in found), default=0)
    latest = [one for one in answers if one.server in found and one.server.epoch == epoch]
    if len({one.server.started_at for one in latest if one.server}) > 1:
        _none(answers, "two primaries of the same epoch: stop the one that is not to be")
    if not latest:
        _none(answers, "no primary yet")
    system = found[0].system
    await supersede(answers, Epoch(system, max(epoch, EPOCHS.highest(system))))
    return latest[0]


async def _only(answer: Answer) -> Answer:
    """Take the only server there is; a standby, too, for whoever only reads."""
    if answer.server is None:
        raise answer.error or NoPrimary(f"{answer.place}: {answer.state}")
    system = answer.server.system
    await supersede([answer], Epoch(system, EPOCHS.highest(system)))
    return answer


def _primaries(answers: Sequence[Answer]) -> list[Server]:
    """Return the servers that say they are primaries, and know of no later one."""
    said = [answer.server for answer in answers if answer.server]
    return [one for one in said if not one.is_standby and not one.is_superseded]


def _none(answers: Sequence[Answer], because: str) -> NoReturn:
    raise NoPrimary(f"{because} ({'; '.join(f'{one.place}: {one.state}' for one in answers)})")


def _close(answer: Answer) -> None:
    connection, answer.connection = answer.connection, None
    if connection is not None:
        connection.terminate()
