"""`muster plan new`: a plan of one's own, begun from one that ships."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from compiler.driver import inspect, shipped
from compiler.scaffold import Answers, scaffolded
from services.cli.main import command_line
from services.runtime.exit_codes import Exit
from tests.cli.test_without_a_service import run

RUNNER = CliRunner()
NAMED = (
    *("--id", "my-mall", "--title-zh", "我的商场预案", "--title-en", "Plan of my mall"),
    *("--venue", "my-venue", "--venue-zh", "我的商场", "--venue-en", "My mall"),
)
ANSWERS = """begins_from: general-venue
id: my-mall
title: {zh: 我的商场预案, en: Plan of my mall}
venue:
  id: my-venue
  title: {zh: 我的商场, en: My mall}
  address: 一号路 "A" 座
  capacities: {food-court: 500}
holders:
  guidance: {id: wang, title: {zh: 王队长, en: Captain Wang}}
"""
PLANS = sorted(shipped())


def begin(*words: str, out: Path) -> tuple[int, str, str]:
    return run("plan", "new", *words, *NAMED, "--yes", "--out", str(out), "--lang", "en")


@pytest.mark.parametrize("name", PLANS)
def test_whatever_it_begins_from_nothing_is_wrong_with_it(name: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    code, out, _ = begin("--from", name, out=file)
    assert code == Exit.OK
    assert "0 errors, 0 warnings" in out
    found = inspect(file.read_bytes(), "plan.yaml")
    assert found.plan
    assert (found.plan.id, len(found.plan.venues)) == ("my-mall", 1)
    assert found.plan.venues[0].title.en == "My mall"
    assert "我的商场" in found.plan.scope.said_in("zh") or name == "company-outlet"


def test_the_same_answers_give_the_same_text(tmp_path: Path) -> None:
    texts = set()
    for n in range(2):
        file = tmp_path / f"{n}.yaml"
        begin("--from", "metro-station", out=file)
        texts.add(file.read_text("utf-8"))
    assert len(texts) == 1


def test_answers_come_from_a_file_and_options_go_before_them(tmp_path: Path) -> None:
    answers, file = tmp_path / "answers.yaml", tmp_path / "plan.yaml"
    answers.write_text(ANSWERS, "utf-8")
    words = ("plan", "new", "--answers", str(answers), "--id", "other", "--out", str(file))
    assert run(*words)[0] == Exit.OK
    plan = inspect(file.read_bytes(), "plan.yaml").plan
    assert plan
    assert plan.id == "other"
    assert plan.posts["guidance"].holder == "wang"
    assert plan.people["wang"].title.zh == "王队长"
    assert plan.venues[0].address == '一号路 "A" 座'
    capacities = {zone.id: zone.capacity for zone in plan.venues[0].zones}
    assert capacities["food-court"] == 500


def test_what_it_must_know_is_asked(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    typed = (
        "general-venue", "My Mall", "my-mall", "我的预案", "My plan", "my-venue", "我的商场",
        "My mall", "", "", "n", "n", "n",
    )  # fmt: skip
    words = ["plan", "new", "--out", str(file), "--lang", "en"]
    answer = RUNNER.invoke(command_line(), words, input="\n".join(typed) + "\n")
    assert answer.exit_code == Exit.OK, answer.stderr
    plan = inspect(file.read_bytes(), "plan.yaml").plan
    assert plan
    assert (plan.id, plan.title.en) == ("my-mall", "My plan")


def test_dates_are_ahead_whenever_a_plan_is_begun() -> None:
    answers = Answers.model_validate(
        {
            "begins_from": "general-venue",
            "id": "later",
            "title": {"zh": "以后", "en": "Later"},
            "venue": {"id": "v", "title": {"zh": "场所", "en": "Venue"}},
        }
    )
    for year in (2026, 2031, 2044):
        text = scaffolded(answers, date(year, 2, 28))
        found = inspect(text, "later.yaml")
        assert found.errors == []
        assert found.plan
        assert found.plan.review
        assert found.plan.review.next_on.year == year + 1


def test_a_file_that_is_there_is_left_alone_unless_forced(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text("mine", "utf-8")
    code, _, err = begin("--from", "metro-station", out=file)
    assert (code, file.read_text("utf-8")) == (Exit.USAGE, "mine")
    assert "FILE_EXISTS" in err
    assert begin("--from", "metro-station", "--force", out=file)[0] == Exit.OK


def test_it_goes_to_standard_output_if_asked() -> None:
    code, out, _ = run(
        "plan", "new", "--from", "metro-station", *NAMED, "--yes", "--out", "-", "--lang", "en"
    )
    assert code == Exit.OK
    assert inspect(out, "plan.yaml").errors == []


def test_a_program_reads_what_was_written(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    words = ("--from", "metro-station", *NAMED, "--yes", "--out", str(file), "-o", "json")
    _, out, _ = run("plan", "new", *words)
    assert json.loads(out) == {"file": str(file), "plan": "my-mall", "warnings": 0}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "no-such-plan"), "general-venue"),
        (("--from", "general-venue", "--capacity", "no-zone=5"), "food-court"),
        (("--from", "general-venue", "--width", "no-door=2"), "venue/widths"),
        (("--from", "general-venue", "--holder", "no-post=a:b:c"), "holders"),
        (("--from", "general-venue", "--holder", "guidance=a"), "ID:中文:ENGLISH"),
        (("--from", "general-venue", "--capacity", "food-court=many"), "many"),
        (("--from", "general-venue", "--capacity", "food-court=-5"), "capacities"),
        (("--from", "general-venue", "--type", "castle"), "type"),
        (("--from", "general-venue", "--capacity", "food-court=90000"), "PLAN_INVALID"),
        (("--answers", "no-such-file"), "no-such-file"),
        (("--answers", "README.md"), "README.md"),
    ],
)
def test_what_can_t_be_answered_so_is_refused_and_nothing_written(
    words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    file = tmp_path / "plan.yaml"
    code, _, err = begin(*words, out=file)
    assert code == Exit.USAGE
    assert said in err
    assert not file.exists()
