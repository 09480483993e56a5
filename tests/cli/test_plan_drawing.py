"""`muster plan draw` and `muster plan handbook`, of a plan's file: no service is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.runtime.exit_codes import Exit
from tests.cli.test_without_a_service import run

PLAN = "plans/company-outlet.yaml"


def test_the_flowchart_is_drawn(tmp_path: Path) -> None:
    code, out, _ = run("plan", "draw", PLAN, "--to", str(tmp_path), "--lang", "zh")
    (file,) = tmp_path.iterdir()
    assert code == Exit.OK
    assert "".join(out.split()) == str(file)  # on a narrow screen it takes several lines
    assert "预警" in file.read_text(encoding="utf-8")


def test_the_flowchart_is_written_for_wikis(tmp_path: Path) -> None:
    run("plan", "draw", PLAN, "--what", "mermaid", "--to", str(tmp_path))
    text = (tmp_path / "company-outlet-flowchart.mmd").read_text(encoding="utf-8")
    assert text.startswith("flowchart TD\n")


def test_maps_are_of_one_venue_if_asked(tmp_path: Path) -> None:
    run("plan", "draw", PLAN, "--what", "maps", "--venue", "harbour", "--to", str(tmp_path))
    names = sorted(file.name for file in tmp_path.iterdir())
    assert [name for name in names if not name.startswith("company-outlet-harbour-")] == []
    assert len(names) > 2


def test_the_handbook_is_made(tmp_path: Path) -> None:
    file = tmp_path / "book.html"
    code, _, _ = run("plan", "handbook", PLAN, "--to", str(file), "--lang", "en")
    assert code == Exit.OK
    assert "without personal numbers" in file.read_text(encoding="utf-8")


def test_an_edition_with_numbers_has_those_of_a_file(tmp_path: Path) -> None:
    numbers, file = tmp_path / "numbers.yaml", tmp_path / "book.html"
    numbers.write_text("general-manager: {telephone: '+86 10 5555 0101'}\n", encoding="utf-8")
    run("plan", "handbook", PLAN, "--numbers", str(numbers), "--to", str(file))
    assert "+86 10 5555 0101" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("draw", PLAN, "--venue", "moon"), "VENUE_UNKNOWN"),
        (("draw", PLAN, "--what", "poem"), "poem"),
        (("draw", PLAN, "--to", "no/such/folder"), "FILE_UNWRITABLE"),
        (("handbook", PLAN, "--numbers", "no-such-file"), "FILE_UNREADABLE"),
        (("handbook", PLAN, "--numbers", PLAN), "FIELD_INVALID"),
        (("handbook", "general-venue", "--numbers", PLAN), "FIELD_INVALID"),
    ],
)
def test_what_can_t_be_drawn_is_said_to_be_so(words: tuple[str, ...], said: str) -> None:
    address = ("--address", "127.0.0.1:1") if "general-venue" in words else ()
    code, _, err = run("plan", *words, *address)
    assert code == Exit.USAGE
    assert said in err


def test_what_has_not_a_plan_s_shape_is_not_drawn(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text("id: one\n", encoding="utf-8")
    code, _, err = run("plan", "handbook", str(plan))
    assert code == Exit.USAGE
    assert "PLAN_INVALID" in err
