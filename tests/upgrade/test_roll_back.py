"""Forward and back on the same data, as docs/how-to/upgrade.md says; the deadlines pass."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.demo import stage
from services.local.folder import Folder
from services.local.postgres import RUNTIME, Postgres
from services.local.stack import Stack
from services.runtime.exit_codes import Exit
from tests.upgrade import incidents as the
from tests.upgrade.incidents import Cast, cast_of, eventually, open_in_every_phase
from tests.upgrade.released import FREE, ROOT, muster, released, stack
from tests.upgrade.test_upgrade import MOVING_WITHIN_S, all_move, refuse_what_is_wrong, versions
from workflows.version import WORKFLOW_VERSION

pytestmark = pytest.mark.processes

PACKAGES = (
    *(
        "activities",
        "compiler",
        "domain",
        "eventstore",
        "plans",
        "projections",
        "protos",
        "services",
    ),
    "workflows",
)
STEP = "-- Compatible: a table that nobody asks.\nCREATE TABLE muster.added_later (one int);\n"
NEWER = WORKFLOW_VERSION + 1
ACKNOWLEDGE = re.compile(r"`muster acknowledge (\S+)`")


@pytest.fixture
def place() -> Iterator[Folder]:
    with stage.folder(keep=False) as found:
        found.make()
        yield found


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """This program as its next version may be: a compatible step, and another workflow."""
    tree = tmp_path / "newer"
    for package in PACKAGES:
        unneeded = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, tree / package, ignore=unneeded)
    (tree / "eventstore" / "schema" / "9999_added_later.sql").write_text(STEP)
    version = tree / "workflows" / "version.py"
    text = version.read_text(encoding="utf-8")
    old = f"WORKFLOW_VERSION: Final = {WORKFLOW_VERSION}\n"
    assert old in text
    version.write_text(text.replace(old, f"WORKFLOW_VERSION: Final = {NEWER}\n"))
    return tree


async def said(tree: Path, place: Folder, *asked: str) -> str:
    """Run a command on a stack, which is to succeed."""
    folder = ("--folder", str(place.root))
    code, text = await asyncio.to_thread(muster, tree, *asked, *folder)
    assert code == Exit.OK, text
    return text


async def opened(cast: Cast, tree: Path) -> int:
    await the.prepare(cast, tree)
    return len(await open_in_every_phase(cast, 1))


async def all_pass(dsn: str) -> None:
    await the.passed(dsn, the.armed(await the.states(dsn)))
    await refuse_what_is_wrong(dsn)


async def test_a_compatible_version_is_rolled_back_on_the_same_data(
    newer: Path, place: Folder
) -> None:
    dsn = Postgres(place).dsn(RUNTIME)
    async with stack(ROOT, place) as first, cast_of(first) as cast:
        count = await opened(cast, ROOT)
        await eventually(lambda: _has(first, {WORKFLOW_VERSION: count}), MOVING_WITHIN_S)
    async with stack(newer, place) as second, cast_of(second) as cast:
        count += len(await open_in_every_phase(cast, 1))
        await eventually(lambda: _has(second, {NEWER: count}), 2 * MOVING_WITHIN_S)
    async with stack(ROOT, place) as third:
        await eventually(lambda: _says_newer(place), 2 * MOVING_WITHIN_S)
        assert await versions(third) == {NEWER: count}
        await eventually(lambda: _came_back(place), 4 * MOVING_WITHIN_S)
        assert await versions(third) == {WORKFLOW_VERSION: count}
        await all_pass(dsn)
        await eventually(lambda: all_move(dsn), MOVING_WITHIN_S)


async def _has(on: Stack, wanted: dict[int, int]) -> bool:
    return await versions(on) == wanted


async def _says_newer(place: Folder) -> bool:
    _, text = await asyncio.to_thread(muster, ROOT, "status", "--folder", str(place.root))
    return "standing still" in text and " newer" in text


async def _came_back(place: Folder) -> bool:
    asked = ("recover", "--also-newer", "--folder", str(place.root))
    code, _ = await asyncio.to_thread(muster, ROOT, *asked)
    return code == Exit.OK


async def test_a_backup_leads_back_to_a_program_that_does_not_know_the_schema(
    place: Folder, tmp_path: Path
) -> None:
    dsn, log, keys = Postgres(place).dsn(RUNTIME), tmp_path / "log", tmp_path / "keys"
    with released() as before:
        async with stack(before, place) as old, cast_of(old) as cast:
            count = await opened(cast, before)
            await eventually(lambda: _has(old, {1: count}), MOVING_WITHIN_S)
            await said(before, place, "backup", str(log), "--vault", str(keys))
        async with stage.stack(place, print) as new, cast_of(new) as cast:
            await eventually(lambda: all_move(dsn), MOVING_WITHIN_S)
            await the.alarmed(cast)  # is lost when the backup is restored
            await eventually(lambda: _is_signed(place), MOVING_WITHIN_S)
        up = ("up", "-d", "--folder", str(place.root), *FREE)
        code, text = await asyncio.to_thread(muster, before, *up)
        assert code == Exit.UNAVAILABLE
        assert "which this program does not know" in text
        (place.root / "postgres").rename(place.root / "postgres.newer")
        await said(before, place, "restore", str(log), "--vault", str(keys))
        async with stack(before, place):
            await eventually(lambda: _acknowledged(before, place), MOVING_WITHIN_S)
            await all_pass(dsn)


async def _parts(tree: Path, place: Folder) -> dict[str, Any]:
    asked = ("status", "-o", "json", "--folder", str(place.root))
    _, text = await asyncio.to_thread(muster, tree, *asked)
    found: dict[str, Any] = json.loads(text)["parts"] if text.startswith("{") else {}
    return found


async def _is_signed(place: Folder) -> bool:
    parts = await _parts(ROOT, place)
    return "checkpoint" in parts and parts["checkpoint"]["what"].endswith(" 0 behind")


async def _acknowledged(tree: Path, place: Folder) -> bool:
    """Acknowledge, once the notary found it, that the log is shorter than what it signed."""
    found = ACKNOWLEDGE.search(json.dumps(await _parts(tree, place)))
    if found:
        await said(tree, place, "acknowledge", found[1], "--reason", "rolled back by a backup")
    return found is not None
