"""Two primaries: the later one is kept to, and the earlier takes no more appends, from anybody."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg
import pytest

from eventstore.backup.dump import examine, write
from eventstore.log.events import Appended
from eventstore.log.log import Log
from eventstore.postgres import epochs
from eventstore.postgres.addresses import addresses, place_of
from eventstore.postgres.connection import connect
from eventstore.postgres.epochs import Epoch, Epochs, remember
from eventstore.postgres.errors import LogUnavailable
from eventstore.postgres.migrations import check
from eventstore.postgres.primary import NoPrimary
from tests.eventstore.notarising import notarising, signed_up_to, value
from tests.eventstore.samples import NOON, event, events, whole
from tests.postgres import programs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.postgres_pair import Node
    from tests.standby.conftest import Place

APPEND = "SELECT status FROM muster.append($1, $2, $3, $4, $5, $6, $7, $8)"
APPEND_MANY = """
    SELECT status FROM muster.append(ARRAY['door/y'], '{0}', '{1}', ARRAY[gen_random_uuid()], '{X}',
        '{1}', ARRAY[now()], ARRAY['{}'::json], ARRAY['{}'::json])"""
LOCALLY = "SET synchronous_commit = local"
"""Said first to a server whose standby is gone: a commit there would wait for ever."""

LISTENING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
PORTS = "postgresql://u:p%40@a:1,b:2/muster?sslmode=require&target_session_attrs=read-write"


async def two_primaries(place: Place) -> tuple[Node, Node]:
    """Promote the standby of a primary that dies and comes back; return the earlier one first."""
    log = await Log.open(place.dsn)
    await log.append("door/a", 0, events(1))
    await log.close()
    before = await asyncio.to_thread(place.pair.fail_over)
    before.start()
    return before, place.pair.primary


async def append_directly(dsn: str) -> object:
    """Append as a client would that knows nothing of epochs."""
    one = event()
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(LOCALLY)
        said = (f"door/{one.event_id}", 0, one.event_id, one.type, 1, NOON, "{}", "{}")
        return await connection.fetchval(APPEND, *said)
    finally:
        await connection.close()


async def superseded(place: Place, node: Node) -> bool:
    highest = "SELECT highest > epoch FROM muster.server()"
    return bool(await value(node.dsn(place.name), highest))


async def test_a_process_that_begins_keeps_to_the_later_primary_and_fences_the_earlier(
    place: Place,
) -> None:
    earlier, later = await two_primaries(place)
    assert await append_directly(earlier.dsn(place.name, user="muster_runtime")) == "appended"
    log = await Log.open(place.dsn)
    assert isinstance(await log.append("door/a", 1, events(1)), Appended)
    await log.close()
    assert await value(later.dsn(place.name), "SELECT count(*) FROM muster.event") == 2
    refused = pytest.raises(asyncpg.ReadOnlySQLTransactionError, match="superseded by epoch")
    with refused:
        await append_directly(earlier.dsn(place.name, user="muster_runtime"))
    with pytest.raises(RuntimeError, match="superseded by epoch"):
        earlier.ask(f"{LOCALLY}; {APPEND_MANY}", place.name)


async def test_one_that_comes_back_is_fenced_by_those_who_run_though_it_is_listed_first(
    place: Place,
) -> None:
    await asyncio.to_thread(_to_a, place)
    log = await Log.open(place.dsn)
    await log.append("door/a", 0, events(1))
    before = await asyncio.to_thread(place.pair.fail_over)
    assert before.name == "a"
    await log.append("door/a", 1, events(1))
    before.start()
    async with asyncio.timeout(15):
        while not await superseded(place, before):
            await asyncio.sleep(0.05)
    await log.append("door/a", 2, events(1))
    assert len(await whole(log)) == 3
    await log.close()


def _to_a(place: Place) -> None:
    """Have `a`, the first of the address, be the primary."""
    if place.pair.primary.name == "b":
        place.pair.fail_over()
        place.pair.join()


async def test_a_fenced_primary_is_refused_while_the_later_one_is_away(place: Place) -> None:
    earlier, later = await two_primaries(place)
    await (await connect(place.dsn)).close()
    await asyncio.to_thread(later.kill)
    with pytest.raises(NoPrimary, match="superseded by"):
        await check(place.dsn)
    with pytest.raises(LogUnavailable):
        await Log.open(earlier.dsn(place.name, user="muster_runtime"))
    later.start()


async def test_what_the_notary_knew_is_known_to_a_process_that_begins_later(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the earlier one answers, and nobody told it: the folder of the notary does."""
    earlier, later = await two_primaries(place)
    async with notarising(later.dsn(place.name, user="muster_runtime"), tmp_path):
        await signed_up_to(tmp_path, 1)
    later.kill()
    assert not await superseded(place, earlier)
    monkeypatch.setattr(epochs, "EPOCHS", forgetful := Epochs())
    monkeypatch.setattr("eventstore.postgres.primary.EPOCHS", forgetful)
    remember(tmp_path)
    with pytest.raises(ConnectionError, match="superseded by epoch"):
        await connect(place.dsn)
    assert await superseded(place, earlier)
    later.start()


async def test_a_backup_is_of_the_later_primary(place: Place, tmp_path: Path) -> None:
    earlier, _ = await two_primaries(place)
    log = await Log.open(place.dsn)
    await log.append("door/a", 1, events(2))
    await log.close()
    await write(programs(), place.owner_dsn, tmp_path / "log.dump", ())
    assert examine(programs(), tmp_path / "log.dump", lambda _: None).position == 3
    assert await superseded(place, earlier)


def test_an_epoch_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "epoch").write_text("one")
    with pytest.raises(ValueError, match="two numbers"):
        remember(tmp_path)


async def test_two_primaries_of_the_same_epoch_are_both_refused(place: Place) -> None:
    before = await asyncio.to_thread(place.pair.fail_over)
    (before.data / "standby.signal").touch()
    with (before.data / "postgresql.auto.conf").open("a") as settings:
        settings.write("primary_conninfo = ''\n")  # it is to follow nobody
    before.start()
    await asyncio.to_thread(before.run, "pg_ctl", "promote", "-w", "-D", before.data)
    with pytest.raises(NoPrimary, match="two primaries of the same epoch"):
        await connect(place.dsn)
    await asyncio.to_thread(before.kill)
    await (await connect(place.dsn)).close()


async def test_nobody_is_elected_on_a_standby_that_is_listed_first(
    place: Place, tmp_path: Path
) -> None:
    standby, primary = place.pair.standby, place.pair.primary
    hosts = f"{standby.folder},{primary.folder}".replace("/", "%2F")
    dsn = f"postgresql://muster_runtime@/{place.name}?host={hosts}&port=5432"
    log = await Log.open(dsn)
    async with notarising(dsn, tmp_path):
        await log.append("door/a", 0, events(1))
        await signed_up_to(tmp_path, 1)
        assert await value(primary.dsn(), LISTENING) == 1
        assert await value(standby.dsn(), LISTENING) == 0
    await log.close()


async def test_no_primary_yet_is_said_of_each_server_and_passes(place: Place) -> None:
    await asyncio.to_thread(place.pair.primary.kill)
    with pytest.raises(NoPrimary, match=r"no primary yet .*a standby"):
        await connect(place.dsn)
    with pytest.raises(LogUnavailable, match="no primary yet"):
        await Log.open(place.dsn)


async def test_an_epoch_of_another_cluster_fences_nothing(place: Place) -> None:
    """A dump may bring the row along, into a cluster whose timelines begin anew."""
    connection = await connect(place.dsn)
    await connection.execute("SELECT muster.supersede($1, $2)", 1, 99)
    await connection.close()
    assert await append_directly(place.on(place.pair.primary.name)) == "appended"


def test_an_epoch_that_was_heard_of_never_goes_down() -> None:
    known = Epochs()
    known.learn(Epoch(1, 3))
    known.learn(Epoch(1, 2))
    assert (known.highest(1), known.highest(2)) == (3, 0)


def test_an_address_of_several_servers_is_split() -> None:
    assert addresses(PORTS) == [
        "postgresql://u:p%40@a:1/muster?sslmode=require",
        "postgresql://u:p%40@b:2/muster?sslmode=require",
    ]
    sockets = "postgresql://u@/muster?host=/a,/b&port=1,2"
    assert addresses(sockets) == [
        "postgresql://u@/muster?host=%2Fa&port=1",
        "postgresql://u@/muster?host=%2Fb&port=2",
    ]
    assert addresses("postgresql://u@/m?host=a,b&port=7") == [
        "postgresql://u@/m?host=a&port=7",
        "postgresql://u@/m?host=b&port=7",
    ]
    assert addresses("postgresql://u@[::1]:5432/m") == ["postgresql://u@[::1]:5432/m"]


def test_a_server_is_named_without_its_password() -> None:
    assert [place_of(one) for one in addresses(PORTS)] == ["a:1", "b:2"]
    assert place_of("postgresql://u:secret@/m?host=%2Frun&port=1") == "/run:1"
