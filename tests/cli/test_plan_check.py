"""`muster plan check` and the meaning of its codes, as people and programs read them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from compiler.report.catalogue import CODES
from services.runtime.exit_codes import Exit
from tests.cli.test_without_a_service import run

NO_TITLE = "id: general-venue\nversion: 1\ntitel: {en: A plan}\n"


@pytest.fixture
def broken(tmp_path: Path) -> str:
    plan = tmp_path / "a plan.yaml"
    plan.write_text(NO_TITLE, encoding="utf-8")
    return str(plan)


@pytest.fixture
def unanswered(tmp_path: Path) -> str:
    """Return a shipped plan one of whose tasks belongs to nobody."""
    text = Path("plans/general-venue.yaml").read_text(encoding="utf-8")
    plan = tmp_path / "plan.yaml"
    plan.write_text(text.replace("    post: office\n", "    post: ofice\n", 1), "utf-8")
    return str(plan)


def sarif_of(plan: str, language: str = "en") -> dict[str, Any]:
    _, out, _ = run("plan", "check", plan, "--format", "sarif", "--lang", language)
    found = json.loads(out)
    assert found["version"] == "2.1.0"
    (only,) = found["runs"]
    result: dict[str, Any] = only
    return result


def test_a_plan_with_an_error_ends_with_one_and_a_missing_file_with_two(broken: str) -> None:
    assert run("plan", "check", broken)[0] == 1
    assert run("plan", "check", "no-such-plan.yaml")[0] == 2
    assert run("plan", "check", "plans/general-venue.yaml")[0] == 0


def test_each_finding_says_why_it_matters_and_how_to_mend_it(unanswered: str) -> None:
    _, out, _ = run("plan", "check", unanswered, "--lang", "en")
    assert "error[post-unknown]" in out
    assert "did you mean 'office'?" in out
    assert re.search(r"^ += why: \w", out, re.MULTILINE)
    assert re.search(r"^ += mend: \w", out, re.MULTILINE)


def test_a_code_is_explained_where_it_comes_first(broken: str) -> None:
    _, out, _ = run("plan", "check", broken, "--lang", "en")
    assert out.count("error[key-missing]") > 5
    assert out.count("Without it the plan") == 1


def test_in_chinese_all_of_it_is_chinese(broken: str) -> None:
    _, out, _ = run("plan", "check", broken, "--lang", "zh")
    assert "= 原因: " in out
    assert "= 改法: " in out
    assert "why:" not in out


def test_in_brief_only_what_is_wrong_is_told(broken: str) -> None:
    _, out, _ = run("plan", "check", broken, "--brief", "--lang", "en")
    assert "error[key-unknown]" in out
    assert "why:" not in out


def test_what_a_plan_hangs_on_is_told_with_how_it_comes_to_that() -> None:
    _, out, _ = run("plan", "check", "plans/general-venue.yaml", "--lang", "en")
    assert "single points of failure" in out
    assert "level/I → kind/ambulance → unit/ambulance-1" in out


def test_a_program_reads_what_a_plan_hangs_on() -> None:
    _, out, _ = run("plan", "check", "plans/general-venue.yaml", "-o", "json")
    points = json.loads(out)["failure_points"]
    assert {"kind", "name", "path", "breaks", "witness"} == set(points[0])
    assert all(one["breaks"]["zh"] and one["witness"] for one in points)


def test_a_program_reads_why(unanswered: str) -> None:
    _, out, _ = run("plan", "check", unanswered, "-o", "json")
    found = next(one for one in json.loads(out)["findings"] if one["code"] == "post-unknown")
    assert found["why"]["zh"]
    assert found["mend"]["en"]


def test_sarif_names_each_rule_once_and_points_to_where_it_was_broken(broken: str) -> None:
    only = sarif_of(broken)
    rules = [rule["id"] for rule in only["tool"]["driver"]["rules"]]
    assert sorted(set(rules)) == rules == ["key-missing", "key-unknown"]
    for result in only["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] == "error"
        assert result["message"]["text"]
    unknown = next(one for one in only["results"] if one["ruleId"] == "key-unknown")
    physical = unknown["locations"][0]["physicalLocation"]
    assert physical["region"] == {"startLine": 3, "startColumn": 1, "endColumn": 6}
    assert physical["artifactLocation"]["uri"] == Path(broken).as_uri()
    assert only["columnKind"] == "unicodeCodePoints"


def test_sarif_names_a_file_as_it_was_given() -> None:
    only = sarif_of("plans/general-venue.yaml")
    uris = {
        place["physicalLocation"]["artifactLocation"]["uri"]
        for result in only["results"]
        for place in result["locations"]
    }
    assert uris == {"plans/general-venue.yaml"}


def test_sarif_of_a_chinese_reader_is_chinese(broken: str) -> None:
    only = sarif_of(broken, "zh")
    assert only["language"] == "zh-CN"
    assert "缺少" in json.dumps(only, ensure_ascii=False)


def test_all_codes_are_listed() -> None:
    code, out, _ = run("plan", "codes", "-o", "json")
    listed = [one["code"] for one in json.loads(out)]
    assert code == Exit.OK
    assert listed == [*CODES]
    assert len(listed) >= 60


def test_the_table_of_codes_has_a_line_for_each() -> None:
    _, out, _ = run("plan", "codes", "--lang", "en")
    assert len(out.strip().split("\n")) >= len(CODES) + 1


@pytest.mark.parametrize("code", [*CODES])
def test_each_code_is_explained_in_both_languages(code: str) -> None:
    for language, why in (("en", "why: "), ("zh", "原因: ")):
        ended, out, _ = run("plan", "explain", code, "--lang", language)
        assert ended == Exit.OK
        assert f"[{code}]: " in out
        assert why in out


def test_an_unknown_code_is_met_with_the_one_that_was_meant() -> None:
    code, _, err = run("plan", "explain", "post-unknwn", "--lang", "en")
    assert code == Exit.USAGE
    assert "did you mean post-unknown?" in err


def test_where_no_code_is_near_it_says_where_they_are_listed() -> None:
    code, _, err = run("plan", "explain", "zzz", "--lang", "en")
    assert code == Exit.USAGE
    assert "muster plan codes" in err
