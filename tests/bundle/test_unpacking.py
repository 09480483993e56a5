"""Only a bundle that unpacks to the same files everywhere is one."""

from __future__ import annotations

import os
import stat
import zipfile
from typing import TYPE_CHECKING

import pytest

from eventstore.bundle import verify
from services.cli.log.export import pack
from tests.bundle.mutations import remade
from tests.bundle.synthetic import SMALL
from tests.bundle.verifiers import first, second, written
from tests.bundle.zips import Pipe, link, named_twice, packed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


pytestmark = pytest.mark.processes

FILES = SMALL.files()
OTHER = FILES["events.jsonl"].replace(b"lin", b"wei")


def verdict(content: bytes, place: Path) -> int:
    """Return what both verifiers say of a file."""
    file = place / "case.zip"
    file.write_bytes(content)
    found = first(file)
    assert second(file).exit == found.exit, found.said
    return found.exit


@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_is_as_good_as_its_folder(tmp_path: Path, kind: int) -> None:
    assert verdict(packed(FILES, kind=kind), tmp_path) == 0
    folders = [("case/", b""), ("case/keys/", b""), ("case/.DS_Store", b"")]
    assert verdict(packed(FILES, *folders, kind=kind), tmp_path) == 0


def test_a_zip_that_was_streamed_is_as_good(tmp_path: Path) -> None:
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, one in FILES.items():
            archive.writestr(f"案卷 7/{path}", one)
    assert verdict(pipe.getvalue(), tmp_path) == 0


@pytest.mark.parametrize(
    "entry",
    [
        "case/./events.jsonl",
        "case//events.jsonl",
        "case/Events.jsonl",
        "case/events.jsonl.",
        "case/events.jsonl ",
        "case\\events.jsonl",
        "case/../case/events.jsonl",
        "../events.jsonl",
        "/case/events.jsonl",
        "C:/events.jsonl",
        "Case/events.jsonl",
        "case./events.jsonl",
        "events.jsonl",
        "other/manifest.json",
        "case/other/manifest.json",
        "case/events.jsonl/more",
        "case/keys",
        "case/nul",
        "case/aux.txt",
        "case/événement",
        "case/a\u202eb",
        link("case/link"),
        link("case/pipe", stat.S_IFIFO),
        named_twice("case/named"),
    ],
    ids=lambda one: one if isinstance(one, str) else one.filename,
)
def test_a_zip_that_unpacks_to_something_else_is_none(
    tmp_path: Path, entry: str | zipfile.ZipInfo
) -> None:
    assert verdict(packed(FILES, (entry, OTHER)), tmp_path) == 2


def test_a_file_that_is_larger_than_it_is_called_is_read_no_further(tmp_path: Path) -> None:
    manifest = FILES["manifest.json"]
    bomb = packed({**FILES, "proofs.jsonl": bytes(512 * 1024 * 1024)}, kind=zipfile.ZIP_DEFLATED)
    assert manifest in packed(FILES)
    (tmp_path / "bomb.zip").write_bytes(bomb)
    files = verify.Bundle(str(tmp_path / "bomb.zip"))
    assert files.digest("proofs.jsonl", 1_000)[0] <= 1_000 + 2**20
    assert first(tmp_path / "bomb.zip").exit == 1


@pytest.mark.parametrize("path", ["Events.jsonl", "events.jsonl.", "a b", "nul", "b/manifest.json"])
def test_a_folder_with_what_unpacks_to_something_else_is_none(tmp_path: Path, path: str) -> None:
    folder = written({**FILES, path: OTHER}, tmp_path / "case")
    assert (first(folder).exit, second(folder).exit) == (2, 2)


@pytest.mark.parametrize("make", [lambda at: at.symlink_to("/etc/hostname"), os.mkfifo])
def test_a_folder_with_a_link_or_a_pipe_is_none(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    folder = written(FILES, tmp_path / "case")
    make(folder / "more")
    assert (first(folder).exit, second(folder).exit) == (2, 2)


def test_a_folder_in_the_place_of_a_file_is_none(tmp_path: Path) -> None:
    rest = {path: one for path, one in FILES.items() if path != "checkpoint"}
    folder = written({**rest, "checkpoint/more": b""}, tmp_path / "case")
    assert (first(folder).exit, second(folder).exit) == (2, 2)


def test_what_is_packed_is_called_the_same_whatever_the_file_is_called(tmp_path: Path) -> None:
    folder = written(remade(FILES), tmp_path / "folder")
    for name in ("a.zip", "案卷: 7 .zip"):
        pack(folder, tmp_path / name)
        assert first(tmp_path / name).exit == 0
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "案卷: 7 .zip").read_bytes()
