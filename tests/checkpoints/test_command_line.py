"""The command line notices that a log is not the one that it saw: after its answer, and loudly."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg

from benchmarks.proof.forgery import Kind
from eventstore.integrity.archive import VKEY
from eventstore.tlog.note import Signer
from services.cli.session.log_check import MISSED_MAX
from services.runtime.exit_codes import Exit
from tests.services.running import MUSTER

if TYPE_CHECKING:
    from tests.checkpoints.conftest import Forkable

PATIENCE_S = 60.0
READ = ("checkpoint", "list")
RECORD = (
    *("incident", "report-alarm", "--venue", "riverside-mall", "--plan", "general-venue"),
    *("--hazard", "crowding", "--zone", "atrium", "--source", "camera 7", "--mode", "exercise"),
)


async def test_a_fork_is_said_after_the_answer_and_the_evidence_convicts(
    forkable: Forkable,
) -> None:
    first = await forkable.muster(*READ)
    assert (first.code, first.err) == (Exit.OK, "")
    await forkable.fork()
    answer = await forkable.muster(*READ, "-o", "json")
    json.loads(answer.out)
    warning = json.loads(answer.err)["warning"]
    assert (answer.code, warning["reason"]) == (Exit.LOG_DIVERGES, "LOG_FORKED")
    file = warning["details"]["evidence"]
    assert len([text for text in warning["details"].values() if "root " in text]) == 2
    proven = await forkable.muster("checkpoint", "evidence", file)
    assert (proven.code, "proven" in proven.out) == (Exit.OK, True)
    chinese = await forkable.muster(*READ, "--lang", "zh")
    assert chinese.code == Exit.LOG_DIVERGES
    assert "日志被改写或分叉" in chinese.err


async def test_what_records_is_done_and_keeps_its_code(forkable: Forkable) -> None:
    await forkable.muster(*READ)
    await forkable.fork()
    answer = await forkable.muster(*RECORD, "--incident", str(uuid4()))
    assert (answer.code, "IncidentOpened" in answer.out) == (Exit.OK, True)
    assert "LOG_FORKED" in answer.err


async def test_what_failed_keeps_its_code_and_warns_too(forkable: Forkable) -> None:
    await forkable.muster(*READ)
    await forkable.fork()
    answer = await forkable.muster("incident", "get", str(uuid4()))
    assert answer.code == Exit.NOT_FOUND
    assert answer.err.index("INCIDENT_UNKNOWN") < answer.err.index("LOG_FORKED")


async def test_a_log_that_was_cut_is_noticed(forkable: Forkable) -> None:
    await forkable.sign(60)
    await forkable.muster(*READ)
    await forkable.fork(Kind.CUT)
    answer = await forkable.muster(*READ)
    assert answer.code == Exit.LOG_DIVERGES
    assert ("LOG_SHRUNK" in answer.err) or ("LOG_FORKED" in answer.err)


async def test_a_log_that_grows_is_followed_in_silence_by_every_role(forkable: Forkable) -> None:
    said = []
    for role in ("operator", "responder", "auditor", "here"):
        await forkable.sign(3)
        said.append((await forkable.muster(*READ, role=role)).err)
    assert said == [""] * 4
    kept = await forkable.muster("checkpoint", "kept", "-o", "json")
    (one,) = json.loads(kept.out)["logs"]
    assert (one["size"], one["servers"]) == ("16", forkable.service.address)


async def test_what_is_shown_is_trusted_again_only_when_somebody_says_why(
    forkable: Forkable,
) -> None:
    await forkable.muster(*READ)
    await forkable.fork()
    assert (await forkable.muster("checkpoint", "trust", "--reason", " ")).code == Exit.USAGE
    assert (await forkable.muster(*READ)).code == Exit.LOG_DIVERGES
    given = ("checkpoint", "trust", "--reason", "the disk was lost", "-o", "json")
    trusted = await forkable.muster(*given)
    given_up = json.loads(trusted.out)["given_up"]
    with open(given_up, encoding="utf-8") as file:  # noqa: ASYNC230, PTH123 - small, and at rest
        said = json.load(file)
    assert (said["reason"], len(said["given_up"])) == ("the disk was lost", 1)
    after = await forkable.muster(*READ)
    assert (after.code, after.err) == (Exit.OK, "")


async def test_a_lineage_after_all_that_was_kept_is_followed_by_every_role(
    forkable: Forkable,
) -> None:
    await forkable.muster(*READ)
    kept = await forkable.sign(3)
    await forkable.sign(20)
    await forkable.lose(kept)
    answer = await forkable.muster(*READ, "-o", "json", role="here")
    warning = json.loads(answer.err)["warning"]
    assert (answer.code, warning["reason"]) == (Exit.OK, "LOG_NEW_LINEAGE")
    after = await forkable.muster(*READ)
    assert (after.code, after.err) == (Exit.OK, "")


async def test_a_lineage_that_lost_what_was_kept_alarms_until_somebody_says_why(
    forkable: Forkable,
) -> None:
    before = await forkable.sign(3)
    await forkable.sign(20)
    await forkable.muster(*READ)
    await forkable.lose(before)
    answer = await forkable.muster(*READ, "-o", "json")
    warning = json.loads(answer.err)["warning"]
    assert (answer.code, warning["reason"]) == (Exit.LOG_DIVERGES, "LOG_LINEAGE_DIFFERS")
    assert f"from position {before + 1} on" in warning["text"]
    await forkable.muster("checkpoint", "trust", "--reason", "the newest events were lost")
    after = await forkable.muster(*READ)
    assert (after.code, after.err) == (Exit.OK, "")


async def test_a_key_that_was_given_must_be_the_log_s(forkable: Forkable) -> None:
    other = Signer.generate("example.org/log").verifier.vkey
    answer = await forkable.muster(*READ, MUSTER_LOG_KEY=other)
    assert (answer.code, "LOG_KEY_CHANGED" in answer.err) == (Exit.LOG_DIVERGES, True)
    unusable = await forkable.muster(*READ, "--log-key", "no key")
    assert unusable.code == Exit.USAGE
    assert "--log-key" in unusable.err


async def test_what_can_t_be_compared_often_is_said(forkable: Forkable) -> None:
    (forkable.notary / "1" / VKEY).unlink()  # the service can't say the key any more
    answers = [await forkable.muster(*READ) for _ in range(MISSED_MAX)]
    assert [one.code for one in answers] == [Exit.OK] * MISSED_MAX
    said = ["LOG_NOT_COMPARED" in one.err for one in answers]
    assert said == [False] * (MISSED_MAX - 1) + [True]


async def test_a_folder_that_can_t_be_used_keeps_nobody_from_a_command(
    forkable: Forkable,
) -> None:
    in_the_way = str(forkable.folder / "token" / "state")
    answer = await forkable.muster(*READ, XDG_STATE_HOME=in_the_way)
    assert (answer.code, "CHECKPOINTS_UNUSABLE" in answer.err) == (Exit.OK, True)


async def test_a_watch_says_so_while_it_goes_on(forkable: Forkable) -> None:
    await forkable.muster(*READ)
    await forkable.fork()
    watching = await asyncio.create_subprocess_exec(
        *(MUSTER, "watch", "-o", "json"),
        env={**os.environ, **forkable.environment("operator")},
        stderr=asyncio.subprocess.PIPE,
    )
    assert watching.stderr is not None
    async with asyncio.timeout(PATIENCE_S):
        warning = json.loads(await watching.stderr.readline())["warning"]
    watching.terminate()
    await watching.wait()
    assert warning["reason"] == "LOG_FORKED"


async def test_a_service_that_answers_no_comparison_delays_no_command(forkable: Forkable) -> None:
    """Nothing answers `ListCheckpoints` while the table is locked; what records goes on."""
    await forkable.muster(*READ)
    held = await asyncpg.connect(forkable.database.owner_dsn)
    async with held.transaction():
        await held.execute("LOCK TABLE muster.checkpoint IN ACCESS EXCLUSIVE MODE")
        answer = await forkable.muster(*RECORD, "--incident", str(uuid4()))
        assert (answer.code, answer.err) == (Exit.OK, "")
    await held.close()
