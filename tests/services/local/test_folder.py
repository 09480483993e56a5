"""The folder of a stack: its user's alone, also where an earlier release was careless."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from services.local import postgres
from services.local.folder import Folder, private
from services.local.postgres import Postgres
from services.runtime.failures import StackFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def careless(tmp_path: Path) -> Folder:
    """A folder as it was written with the usual umask."""
    root = tmp_path / "muster"
    for file in (
        "log/api.log",
        "notary/tile/0/000",
        "mail/1.eml",
        "temporal.db",
        "temporal.db-wal",
    ):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text("of somebody")
    return Folder(root)


def open_to_others(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.stat().st_mode & 0o077]


def test_what_was_open_to_others_is_closed(careless: Folder) -> None:
    assert open_to_others(careless.root)
    careless.make()
    assert open_to_others(careless.root) == []
    assert careless.root.stat().st_mode & 0o066 == 0


def test_what_is_written_next_is_closed_from_its_beginning(careless: Folder) -> None:
    with private():
        careless.make()
        (careless.logs / "worker.log").write_text("of somebody")
    assert open_to_others(careless.root) == []


def test_a_process_writes_as_before_once_the_stack_is_over(careless: Folder) -> None:
    with private():
        careless.make()
    (careless.logs / "worker.log").write_text("of somebody")
    assert open_to_others(careless.root) == [careless.logs / "worker.log"]


def test_what_others_keep_in_the_same_folder_is_theirs(careless: Folder) -> None:
    other = careless.root / "plans.yaml"
    other.write_text("shared")
    careless.make()
    assert open_to_others(careless.root) == [other]
    assert careless.root.stat().st_mode & 0o055


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_that_somebody_else_made_first_is_refused(careless: Folder) -> None:
    careless.make()
    careless.postgres.mkdir()
    os.chown(careless.postgres, 54_321, 54_321)
    with pytest.raises(StackFailed, match="belongs to somebody else"):
        Postgres(careless).prepare()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to copy programs")
def test_programs_are_not_run_from_where_somebody_else_put_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    os.chown(copy, 54_321, 54_321)
    monkeypatch.setattr(postgres, "_copy_of_programs", lambda: copy)
    monkeypatch.setattr(postgres, "_can_enter", lambda *_: False)
    with pytest.raises(StackFailed, match="belongs to somebody else"):
        postgres._reachable(tmp_path, "nobody")  # noqa: SLF001 - found out without a second user
