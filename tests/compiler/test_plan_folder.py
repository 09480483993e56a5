"""A plan in several files: read as one, and each fault shown in the file where it stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from compiler.diagnostics.faults import Fault
from compiler.driver import FILES_MAX, inspect_folder
from compiler.syntax.yaml import SIZE_MAX, read
from domain.plan.canonical import pinned
from services.runtime.exit_codes import Exit
from tests.cli.test_without_a_service import run
from tests.compiler.examples import EXAMPLE, EXAMPLE_PLAN

WHOLE: Any = read(EXAMPLE.read_text(encoding="utf-8")).plain
PEOPLE = {"contacts", "groups", "command", "escalations"}


def dumped(value: object) -> str:
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the example plan in three files; its tasks are in two of them."""
    people = {key: value for key, value in WHOLE.items() if key in PEOPLE}
    rest = {key: value for key, value in WHOLE.items() if key not in PEOPLE | {"tasks"}}
    first, last = WHOLE["tasks"][:10], WHOLE["tasks"][10:]
    (tmp_path / "1-plan.yaml").write_text(dumped(rest | {"tasks": first}), "utf-8")
    (tmp_path / "2-people.yaml").write_text(dumped(people), "utf-8")
    (tmp_path / "3-tasks.yml").write_text(dumped({"tasks": last}), "utf-8")
    return tmp_path


def codes(folder: Path) -> list[tuple[str, str, int]]:
    found = inspect_folder(folder).diagnostics
    return [(one.code, Path(one.file).name, one.line) for one in found]


def test_a_folder_is_read_as_one_plan(folder: Path) -> None:
    found = inspect_folder(folder)
    assert found.diagnostics == []
    assert found.plan is not None
    assert pinned(found.plan).ref == pinned(EXAMPLE_PLAN).ref


def test_a_fault_is_shown_in_the_file_where_it_stands(folder: Path) -> None:
    file = folder / "3-tasks.yml"
    file.write_text(file.read_text("utf-8").replace("post: guide", "post: gide", 1), "utf-8")
    line = file.read_text("utf-8").split("post: gide")[0].count("\n") + 1
    assert ("post-unknown", "3-tasks.yml", line) in codes(folder)


def test_a_key_that_is_no_list_stands_in_one_file_only(folder: Path) -> None:
    (folder / "4-more.yaml").write_text("id: other\n", "utf-8")
    ((code, file, line),) = codes(folder)
    assert (code, file, line) == (Fault.KEY_IN_TWO_FILES, "4-more.yaml", 1)
    (one,) = inspect_folder(folder).diagnostics
    assert "1-plan.yaml, line 1" in one.message.said_in("en")


def test_all_files_that_are_no_yaml_are_told_of(folder: Path) -> None:
    (folder / "4-more.yaml").write_text("a: [", "utf-8")
    (folder / "5-more.yaml").write_bytes("title: 书店".encode("gbk"))
    assert [(code, file) for code, file, _ in codes(folder)] == [
        (Fault.YAML_SYNTAX, "4-more.yaml"),
        (Fault.NOT_UTF8, "5-more.yaml"),
    ]


@pytest.mark.parametrize(
    ("encoding", "likely"), [("gbk", "GBK"), ("utf-16", "UTF-16"), ("latin-1", "ISO 8859-1")]
)
def test_the_encoding_that_a_file_was_saved_in_is_named(
    folder: Path, encoding: str, likely: str
) -> None:
    text = "title: café ü" if encoding == "latin-1" else "title: 书店"
    (folder / "4-more.yaml").write_bytes(text.encode(encoding))
    (one,) = inspect_folder(folder).diagnostics
    assert one.code == Fault.NOT_UTF8
    assert likely in one.message.said_in("en")


def test_what_is_hidden_or_no_yaml_is_left_alone(folder: Path) -> None:
    (folder / ".hidden.yaml").write_text("a: [", "utf-8")
    (folder / "notes.txt").write_text("a: [", "utf-8")
    (folder / "more").mkdir()
    (folder / "more" / "deep.yaml").write_text("a: [", "utf-8")
    assert codes(folder) == []


def test_all_files_together_are_no_larger_than_a_plan_may_be(folder: Path) -> None:
    for n in range(4, 8):
        (folder / f"{n}.yaml").write_text(f"# {'x' * (SIZE_MAX // 4)}\nx{n}: 1\n", "utf-8")
    ((code, _, _),) = codes(folder)
    assert code == Fault.TOO_LARGE


def test_a_folder_without_a_plan_or_with_too_many_files_is_refused(tmp_path: Path) -> None:
    assert run("plan", "check", str(tmp_path))[0] == Exit.USAGE
    for n in range(FILES_MAX + 1):
        (tmp_path / f"{n}.yaml").write_text(f"x{n}: 1\n", "utf-8")
    code, _, err = run("plan", "check", str(tmp_path), "-o", "json")
    assert code == Exit.USAGE
    assert f"1 to {FILES_MAX} YAML files" in json.dumps(json.loads(err))


def test_a_folder_is_checked_drawn_and_compared_as_a_file_is(folder: Path, tmp_path: Path) -> None:
    assert run("plan", "check", str(folder))[0] == Exit.OK
    book = tmp_path / "book.html"
    assert run("plan", "handbook", str(folder), "--to", str(book))[0] == Exit.OK
    code, out, _ = run("plan", "diff", str(folder), str(EXAMPLE), "--lang", "en")
    assert (code, out.strip()) == (Exit.OK, "nothing changes")
