"""`muster export case`: what it writes, what it says, and what it leaves behind when it can't."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from services.cli.exits import Exit
from tests.bundle.verifiers import ROOT, first, read

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
    token = folder / "token"
    token.write_text("auditor")
    asked = ["--address", case.world.service.address, "--token-file", token, *options]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.cli.main",
        *("export", "case", incident or case.incident),
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


async def test_a_checkpoint_that_is_none_is_refused(case: Case, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a note\n")
    answer = await export(case, tmp_path, "--checkpoint", "kept", "--to", "case", "-o", "json")
    assert answer.code == Exit.USAGE
    assert json.loads(answer.err)["error"]["reason"] == "CHECKPOINT_INVALID"
