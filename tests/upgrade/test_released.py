"""Upgrades are tested from the last release, and not from one before it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.upgrade.released import RELEASED, ROOT, is_in_history, releases_since

pytestmark = pytest.mark.processes

AUTHOR = ("-c", "user.name=muster", "-c", "user.email=muster@example.org")
UNSET = "set RELEASED to the newest release (CONTRIBUTING.md, Releasing): there are {}"


def git(repository: Path, *words: str) -> str:
    done = subprocess.run(["git", *AUTHOR, *words], cwd=repository, capture_output=True, check=True)
    return done.stdout.decode().strip()


def commit(repository: Path, subject: str) -> str:
    """Commit nothing; return the commit."""
    git(repository, "commit", "-q", "--no-verify", "--allow-empty", "-m", subject)
    return git(repository, "rev-parse", "HEAD")


def tag(repository: Path, name: str) -> None:
    git(repository, "tag", "--no-sign", "-a", name, "-m", name)


def test_this_program_came_from_the_release_that_upgrades_are_tested_from() -> None:
    assert is_in_history(ROOT, RELEASED), "fetch the whole history (`git fetch --unshallow`)"


def test_no_release_came_since_the_one_that_upgrades_are_tested_from() -> None:
    newer = releases_since(ROOT, RELEASED)
    assert not newer, UNSET.format(", ".join(sorted(newer)))


def test_a_release_is_noticed_from_the_next_commit_on(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    first = commit(tmp_path, "first")
    tag(tmp_path, "v0.1.0")
    second = commit(tmp_path, "second")
    assert releases_since(tmp_path, first) == set()
    tag(tmp_path, "v0.2.0")
    tag(tmp_path, "nightly")
    assert releases_since(tmp_path, first) == set()  # the release itself can't know its commit
    third = commit(tmp_path, "third")
    assert releases_since(tmp_path, first) == {"v0.2.0"}
    assert releases_since(tmp_path, second) == set()
    git(tmp_path, "checkout", "-q", first)
    assert is_in_history(tmp_path, first)
    assert not is_in_history(tmp_path, third)
    assert releases_since(tmp_path, first) == set()  # what came after what is checked out
