"""What the command line says when nothing runs, or when it is asked wrongly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.main import command_line
from services.runtime.exit_codes import Exit

RUNNER = CliRunner()
NOBODY = "127.0.0.1:1"
TYPO = "id: general-venue\nversion: 1\ntitel: {en: A plan}\n"


def run(*words: str) -> tuple[int, str, str]:
    answer = RUNNER.invoke(command_line(), list(words))
    assert "Traceback" not in answer.output
    return answer.exit_code, answer.stdout, answer.stderr


def test_a_plan_that_is_sound_is_said_to_be_so() -> None:
    code, out, _ = run("plan", "check", "plans/general-venue.yaml", "--lang", "en")
    assert code == Exit.OK
    assert "0 errors" in out


def test_a_typo_in_a_plan_is_shown_where_it_stands_with_what_was_meant(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(TYPO, encoding="utf-8")
    code, out, _ = run("plan", "check", str(plan), "--lang", "en")
    assert code == Exit.REFUSED
    assert "plan.yaml:3:1" in out.replace("\n", "")
    assert "title" in out


def test_what_a_plan_has_in_brackets_is_shown(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text("id: one\nhazard: [fire, crowding]\n", encoding="utf-8")
    _, out, _ = run("plan", "check", str(plan), "--lang", "en")
    assert "2 | hazard: [fire, crowding]" in out


def test_a_program_reads_the_same_findings(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(TYPO, encoding="utf-8")
    code, out, _ = run("plan", "check", str(plan), "-o", "json")
    found = json.loads(out)
    assert code == Exit.REFUSED
    assert found["valid"] is False
    place = {"file", "line", "column", "path"}
    told = {"message", "hint", "why", "mend", "source"}
    assert {"code", "severity"} | place | told == set(found["findings"][0])


def test_a_plan_with_a_typo_is_not_even_sent(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(TYPO, encoding="utf-8")
    code, _, err = run("plan", "publish", str(plan), "--address", NOBODY)
    assert code == Exit.USAGE
    assert "PLAN_INVALID" in err


def test_a_file_that_is_not_there_is_named() -> None:
    code, _, err = run("plan", "check", "no-such-plan.yaml")
    assert code == Exit.USAGE
    assert "no-such-plan.yaml" in err


def test_without_a_stack_it_says_how_to_start_one(tmp_path: Path) -> None:
    code, _, err = run("incident", "list", "--folder", str(tmp_path))
    assert code == Exit.UNAVAILABLE
    assert "NOT_RUNNING" in err
    assert "muster up" in err


def test_a_service_that_is_away_is_said_to_be_so() -> None:
    code, _, err = run("incident", "list", "--address", NOBODY)
    assert code == Exit.UNAVAILABLE
    assert "muster status" in err


def test_a_program_reads_why() -> None:
    code, out, err = run("incident", "list", "--address", NOBODY, "-o", "json")
    assert code == Exit.UNAVAILABLE
    assert out == ""
    assert json.loads(err)["error"]["reason"]


@pytest.mark.parametrize(
    "words",
    [
        ("incident", "raise-warning"),
        ("incident", "raise-warning", "--colour", "purple"),
        ("incident", "acknowledge-task"),
        ("incident", "activate-response", "x", "--expected-duration", "soon"),
        ("incident", "no-such-command"),
        ("incident", "lift-measure", "x", "--measure", "y", "--command-id", "not-a-uuid"),
        ("contact", "register", "somebody", "--channel", "pigeon=loft"),
        ("replay", "x", "--at", "yesterday"),
    ],
)
def test_what_is_asked_wrongly_is_refused_before_anything_is_sent(words: tuple[str, ...]) -> None:
    code, _, err = run(*words, *(() if "no-such-command" in words else ("--address", NOBODY)))
    assert code == Exit.USAGE
    assert err


def test_a_missing_file_of_a_token_is_named() -> None:
    code, _, err = run("incident", "list", "--address", NOBODY, "--token-file", "no-such-token")
    assert code == Exit.USAGE
    assert "no-such-token" in err
