"""`muster export case`: what it writes, what it says, and what it leaves behind when it can't."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import pytest

from eventstore.log.events import Appended, NewEvent
from eventstore.log.log import Log
from services.runtime.exit_codes import Exit
from tests.bundle.verifiers import ROOT, first, read, second

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bundle.conftest import Case


class Answer(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


async def export(case: Case, folder: Path, *options: object, incident: str = "") -> Answer:
    """Run the command in a folder, as the auditor."""
    return await muster(case, folder, "export", "case", incident or case.incident, *options)


async def muster(case: Case, folder: Path, *words: object) -> Answer:
    """Run any command so."""
    token = folder / "token"
    token.write_text("auditor")
    asked = [*words, "--address", case.world.service.address, "--token-file", token]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.cli.main",
        *map(str, asked),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'protos'}"},
    )
    out, err = await process.communicate()
    return Answer(process.returncode or 0, out.decode(), err.decode())


def names(folder: Path) -> set[str]:
    """Return what is in a folder."""
    return {path.name for path in folder.iterdir()}


async def test_it_writes_a_folder_that_is_sound(case: Case, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text(case.kept)
    answer = await export(case, tmp_path, "--checkpoint", kept, "--to", "case", "-o", "json")
    said = json.loads(answer.out)
    assert (answer.code, said["sound"], said["case"]) == (0, True, case.incident)
    assert first(tmp_path / "case", "--checkpoint", kept).exit == 0
    assert names(tmp_path) == {"token", "kept", "case"}


async def test_it_writes_one_file_that_is_as_sound(case: Case, tmp_path: Path) -> None:
    answer = await export(case, tmp_path, "--to", "case.zip", "--lang", "zh")
    assert answer.code == 0
    assert "完好" in answer.out
    assert first(tmp_path / "case.zip").exit == 0
    assert names(tmp_path) == {"token", "case.zip"}


async def test_it_never_writes_over_what_is_there(case: Case, tmp_path: Path) -> None:
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "mine").write_text("mine")
    answer = await export(case, tmp_path, "--to", "case", "-o", "json")
    assert answer.code == Exit.USAGE
    assert json.loads(answer.err)["error"]["reason"] == "PLACE_TAKEN"
    assert read(tmp_path / "case") == {"mine": b"mine"}


@pytest.mark.parametrize(
    ("incident", "code"),
    [
        ("00000000-0000-0000-0000-000000000000", Exit.NOT_FOUND),
        ("case-7", Exit.USAGE),
    ],
)
async def test_it_leaves_nothing_behind_when_there_is_no_such_case(
    case: Case, tmp_path: Path, incident: str, code: Exit
) -> None:
    answer = await export(case, tmp_path, "--to", "case", incident=incident)
    assert answer.code == code
    assert names(tmp_path) == {"token"}


async def test_a_report_says_its_checkpoint_and_the_case_proves_both(
    case: Case, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    answer = await muster(case, tmp_path, "report", case.incident, "--to", page, "-o", "json")
    made = json.loads(answer.out)
    assert (answer.code, answer.err) == (0, "")
    await evaluated(case, made["up_to_version"], made["sha256"])
    folder = tmp_path / "case"
    assert (await export(case, tmp_path, "--to", folder, "--checkpoint", page)).code == 0
    for found in (first(folder, "--report", page), second(folder, "--report", page)):
        told = found.said["facts"]["report"]["checkpoint"]
        assert (found.exit, told["size"], told["compared"]) == (0, made["checkpoint"], True)
        assert told["version"] == made["up_to_version"]
    text = page.read_text(encoding="utf-8")
    assert f"{made['checkpoint']} 个事件 events" in text
    page.write_text(text.replace("个事件 events", "个事件  events"), encoding="utf-8")
    assert first(folder, "--report", page).exit == 1


async def evaluated(case: Case, version: int, digest: str) -> None:
    """Say in the case that a report was made of it, as the worker does once it has ended."""
    log = await Log.open(case.world.settings.database.dsn.get_secret_value())
    data = json.dumps({"up_to_version": version, "report_sha256": digest})
    event = NewEvent(uuid4(), "EvaluationCompleted", 1, datetime.now(UTC), data, "{}")
    try:
        assert isinstance(await log.append(f"incident/{case.incident}", version, [event]), Appended)
    finally:
        await log.close()


async def test_a_checkpoint_that_is_none_is_refused(case: Case, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a note\n")
    answer = await export(case, tmp_path, "--checkpoint", "kept", "--to", "case", "-o", "json")
    assert answer.code == Exit.USAGE
    assert json.loads(answer.err)["error"]["reason"] == "CHECKPOINT_INVALID"
