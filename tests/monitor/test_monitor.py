"""A monitor verifies each checkpoint, sends them elsewhere, alarms, and outlasts its own ends."""

from __future__ import annotations

import asyncio
import json
import stat
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import asyncpg
import pytest

from activities.notification.channels import webhook_signatures
from benchmarks.proof.forgery import Kind
from eventstore.tlog.checkpoint import open_checkpoint
from services.client.checkpoints import evidence
from services.client.checkpoints.evidence import Verdict
from services.runtime.exit_codes import Exit
from tests.activities.notification.receivers import hook, mailbox
from tests.api.conftest import PLAN_EVENTS, running
from tests.eventstore.notarising import SIGNER, tamper
from tests.monitor.conftest import PATIENCE_S, Monitor, ended, said

if TYPE_CHECKING:
    from collections.abc import Callable

READING = 1
"""The event that says that the monitor reads the whole log: one for all that it reads."""


async def until(what: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not what():
            await asyncio.sleep(0.05)


async def test_it_follows_a_log_and_every_event_of_it(monitor: Monitor) -> None:
    async with monitor.running("--events") as process:
        first = await said(process)
        await monitor.forkable.sign(7)
        second = await said(process)
        code = await ended(process)
    found = [(one["size"], one["events_verified"], one["alarms"]) for one in (first, second)]
    assert found == [(PLAN_EVENTS, PLAN_EVENTS, {}), (PLAN_EVENTS + READING + 7, READING + 7, {})]
    assert code == Exit.OK
    files = [file for file in monitor.folder.rglob("*") if file.is_file()]
    assert {stat.S_IMODE(file.stat().st_mode) & 0o077 for file in files} == {0}


async def test_it_goes_on_where_it_was_killed(monitor: Monitor) -> None:
    async with monitor.running("--events") as process:
        await said(process)
        process.kill()
        await process.wait()
    await monitor.forkable.sign(5)
    code, found = await monitor.once("--events")
    assert (code, found["size"], found["events_verified"]) == (
        Exit.OK,
        PLAN_EVENTS + READING + 5,
        READING + 5,
    )
    await monitor.forkable.fork()
    code, found = await monitor.once()
    assert (code, list(found["alarms"])) == (Exit.LOG_DIVERGES, ["forked"])
    again, _ = await monitor.once()
    assert again == Exit.LOG_DIVERGES


async def test_it_outlasts_a_service_that_is_started_again(monitor: Monitor) -> None:
    settings = monitor.forkable.service.settings
    async with AsyncExitStack() as first:
        service = await first.enter_async_context(running(settings))
        port = int(service.address.rpartition(":")[2])
        monitor.settings["MUSTER_ADDRESS"] = service.address
        async with monitor.running() as process:
            await said(process)
            await first.aclose()
            api = settings.api.model_copy(update={"port": port})
            async with running(settings.model_copy(update={"api": api})):
                await monitor.forkable.sign(3)
                found = await said(process)
    assert (found["size"], found["alarms"]) == (PLAN_EVENTS + 3, {})


async def test_checkpoints_and_alarms_leave_by_mail_and_webhook(monitor: Monitor) -> None:
    async with mailbox() as mails, hook() as posts:
        secrets = monitor.folder.parent / "webhook-secrets"
        secrets.mkdir()
        (secrets / "monitor").write_text(webhook_signatures.written(bytes(32)) + "\n")
        monitor.settings |= {
            "MUSTER_MAIL__PORT": str(mails.port),
            "MUSTER_MONITOR__MAIL_TO": "court@example.org",
            "MUSTER_MONITOR__WEBHOOK_URL": posts.url,
            "MUSTER_WEBHOOK__SECRETS_FOLDER": str(secrets),
            "MUSTER_WEBHOOK__ALLOW_PRIVATE_NETWORKS": "true",
        }
        mails.answers = ["451 later"]
        async with monitor.running() as process:
            await until(lambda: bool(mails.kept and posts.posts))
            await monitor.forkable.fork()
            await until(lambda: len(mails.kept) > 1 and len(posts.posts) > 1)
            assert await ended(process) == Exit.LOG_DIVERGES
    text = mails.kept[0].get_content().replace("\r\n", "\n")
    note = text.rpartition("\n" + SIGNER.verifier.vkey)[0]
    assert open_checkpoint(note, SIGNER.verifier).size == PLAN_EVENTS
    alarm = mails.kept[1].get_content()
    convicts = evidence.parse(alarm[alarm.index("{") :])
    assert evidence.judge(convicts) is Verdict.PROVEN
    bodies = [json.loads(one.body) for one in posts.posts]
    assert [one["message"] for one in bodies] == ["log_checkpoint", "log_alarm"]
    assert all("webhook-signature" in one.headers for one in posts.posts)
    assert len({one.headers["webhook-id"] for one in posts.posts}) == 2


async def test_what_was_not_taken_waits_until_it_is_also_across_a_kill(monitor: Monitor) -> None:
    async with mailbox() as mails:
        monitor.settings |= {
            "MUSTER_MAIL__PORT": "1",
            "MUSTER_MONITOR__MAIL_TO": "court@example.org",
        }
        await monitor.once()
        assert mails.kept == []
        monitor.settings["MUSTER_MAIL__PORT"] = str(mails.port)
        await monitor.once()
    (mail,) = mails.kept
    assert "checkpoint" in mail["Subject"]


async def test_an_event_that_is_not_what_was_signed_is_an_alarm(monitor: Monitor) -> None:
    database = monitor.forkable.database
    await tamper(
        database.owner_dsn, 'UPDATE muster.event SET meta = \'{"actor": "x"}\' WHERE position = 2'
    )
    code, found = await monitor.once("--events")
    assert (code, list(found["alarms"])) == (Exit.LOG_DIVERGES, ["events_differ"])
    assert "event 2 (" in found["alarms"]["events_differ"]


async def test_events_that_make_another_tree_than_was_signed_are_an_alarm(
    monitor: Monitor,
) -> None:
    database, forkable = monitor.forkable.database, monitor.forkable
    signed = await asyncpg.connect(database.owner_dsn)
    rows = await signed.fetch("SELECT lineage, size, root, note FROM muster.checkpoint")
    await forkable.fork(Kind.CHANGED)
    await signed.execute("DELETE FROM muster.checkpoint")
    await signed.executemany(
        "INSERT INTO muster.checkpoint (lineage, size, root, note) VALUES ($1, $2, $3, $4)",
        [tuple(row) for row in rows],
    )
    await signed.close()
    code, found = await monitor.once("--events")
    assert (code, list(found["alarms"])) == (Exit.LOG_DIVERGES, ["events_differ"])


async def test_a_notary_that_is_silent_while_events_are_recorded_is_an_alarm_until_it_signs(
    monitor: Monitor,
) -> None:
    monitor.settings["MUSTER_MONITOR__SILENT_AFTER_SECONDS"] = "1"
    async with monitor.running() as process:
        await said(process)
        await monitor.forkable.record(2)
        state = monitor.folder / "monitor.json"
        await until(lambda: "silent" in json.loads(state.read_text())["alarms"])
        await monitor.forkable.sign()
        await until(lambda: json.loads(state.read_text())["alarms"] == {})
        assert await ended(process) == Exit.OK


async def test_a_service_that_is_away_is_an_alarm_of_its_own(monitor: Monitor) -> None:
    await monitor.once()
    monitor.settings |= {
        "MUSTER_ADDRESS": "127.0.0.1:1",
        "MUSTER_MONITOR__SILENT_AFTER_SECONDS": "1",
    }
    async with monitor.running() as process:
        state = monitor.folder / "monitor.json"
        await until(lambda: "unreachable" in json.loads(state.read_text())["alarms"])
        assert await ended(process) == Exit.UNAVAILABLE


async def test_one_folder_has_one_monitor_and_says_what_is_wrong_with_it(monitor: Monitor) -> None:
    async with monitor.running() as process:
        await said(process)
        answer = await monitor.forkable.muster(
            "monitor", role="auditor", MUSTER_MONITOR__FOLDER=str(monitor.folder)
        )
        assert (answer.code, "another monitor" in answer.err) == (Exit.USAGE, True)
    (monitor.folder / "monitor.json").write_text("{")
    answer = await monitor.forkable.muster(
        "monitor", role="auditor", MUSTER_MONITOR__FOLDER=str(monitor.folder)
    )
    assert (answer.code, "monitor.json" in answer.err) == (Exit.USAGE, True)


@pytest.mark.parametrize(
    ("name", "text"), [("EVERY_SECONDS", "0"), ("WEBHOOK_RECEIVER", "../x"), ("EXPORT", "1")]
)
async def test_a_setting_that_is_wrong_is_named(monitor: Monitor, name: str, text: str) -> None:
    given = {f"MUSTER_MONITOR__{name}": text}
    answer = await monitor.forkable.muster("monitor", role="auditor", **given)
    assert (answer.code, f"monitor.{name.lower()}" in answer.err) == (Exit.USAGE, True)
