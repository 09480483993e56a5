"""The last released program, from this repository's history, run as its users run it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO

import pytest

from services.local.folder import Folder
from services.local.stack import Stack, running

ROOT = Path(__file__).parents[2]

RELEASED = "ebf423e6f66adb81fffc2ea8e65f73ef85cf5722"
"""The commit of the last release: raised right after each (CONTRIBUTING.md, Releasing)."""

START_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 60.0
POLL_S = 0.1
WORDS_MAX = 1_000
FREE = ("--api-port", "0", "--temporal-port", "0", "--mail-port", "0")


@contextmanager
def released() -> Iterator[Path]:
    """Lay out the last released program in a folder; fail where the history does not reach it."""
    archive = _git(ROOT, "archive", "--format=tar", RELEASED)
    if archive.returncode:
        pytest.fail(
            f"the last released program, commit {RELEASED}, is not in this clone: an upgrade can't "
            f"be tested. Fetch the whole history (`git fetch --unshallow`). "
            f"git says: {archive.stderr.decode().strip()}"
        )
    with TemporaryDirectory(prefix="muster-released-") as place:
        with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
            files.extractall(place, filter="data")
        yield Path(place)


def is_in_history(repository: Path, commit: str) -> bool:
    """Tell whether what is checked out came from a commit."""
    return _git(repository, "merge-base", "--is-ancestor", commit, "HEAD").returncode == 0


def releases_since(repository: Path, commit: str) -> set[str]:
    """Return the release tags between a commit and what is checked out, which may be a release."""
    in_between = ("--merged", "HEAD", "--no-merged", commit)
    return _tags(repository, *in_between) - _tags(repository, "--points-at", "HEAD")


def _tags(repository: Path, *which: str) -> set[str]:
    found = _git(repository, "tag", "--list", *which, "v*")
    assert not found.returncode, found.stderr.decode()
    return set(found.stdout.decode().split())


def _git(repository: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *words], cwd=repository, capture_output=True, check=False)


def environment(tree: Path, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment in which the packages of a tree are found before those installed."""
    inherited = {key: text for key, text in os.environ.items() if not key.startswith("MUSTER_")}
    return {**inherited, "PYTHONPATH": f"{tree}{os.pathsep}{tree / 'protos'}", **(given or {})}


def muster(tree: Path, *asked: str, given: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Run a command of the program in a tree; return its exit code and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "services.cli.main", *asked],
        cwd=tree,
        env=environment(tree, given),
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT_S,
        check=False,
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@asynccontextmanager
async def stack(tree: Path, place: Folder) -> AsyncIterator[Stack]:
    """Run the stack of the program in a tree."""
    up = ("up", "--folder", str(place.root), *FREE)
    with TemporaryFile() as said:
        async with process(tree, "services.cli.main", *up, said=said) as started:
            async with asyncio.timeout(START_TIMEOUT_S):
                while (found := running(place)) is None:
                    if started.returncode is not None:
                        said.seek(0)
                        pytest.fail(f"the stack ended: {said.read().decode()[-WORDS_MAX:]}")
                    await asyncio.sleep(POLL_S)
            yield found


@asynccontextmanager
async def process(
    tree: Path,
    module: str,
    *words: str,
    given: Mapping[str, str] | None = None,
    said: IO[bytes] | None = None,
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a module of the program in a tree; what it says goes to a file, if one is given."""
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", module, *words),
        cwd=tree,
        env=environment(tree, given),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=said,
        stderr=said,
        start_new_session=True,
    )
    try:
        yield started
    finally:
        with contextlib.suppress(ProcessLookupError):
            started.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(started.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            os.killpg(started.pid, signal.SIGKILL)
            await started.wait()
