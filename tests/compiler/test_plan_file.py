"""What is said of a plan's file that is not right: where, what is wrong, what was meant."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

from compiler.check import Severity
from compiler.diagnostics.diagnostic import Diagnostic
from compiler.diagnostics.faults import FAULTS, Fault
from compiler.driver import DIAGNOSTICS_MAX, inspect, read_plan
from compiler.report.text import render
from domain.plan.canonical import canonical
from domain.plan.model.plan import Plan
from domain.values import Text
from tests.domain.plan.plans import SMALL_PLAN, written

if TYPE_CHECKING:
    pass

GOOD = yaml.safe_dump(written(), allow_unicode=True, sort_keys=False)


def mistyped(right: str, wrong: str) -> str:
    assert right in GOOD
    return GOOD.replace(right, wrong, 1)


def spot(text: str, mark: str) -> tuple[int, int]:
    """Return the line and column, from 1, where something first stands in a text."""
    before = text[: text.index(mark)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def unsaid(text: str) -> set[str]:
    """Return the codes of what a small plan leaves unsaid."""
    return {one.code for one in inspect(text, "small.yaml").diagnostics}


UNSAID = unsaid(GOOD)


def only(text: str | bytes) -> Diagnostic:
    found = inspect(text, "small.yaml").diagnostics
    (diagnostic,) = [one for one in found if one.code not in UNSAID]
    return diagnostic


def test_a_good_file_is_a_plan() -> None:
    assert read_plan(GOOD, "small.yaml") == SMALL_PLAN


def test_a_plan_reads_the_same_with_a_byte_order_mark_and_windows_lines() -> None:
    windows = ("\ufeff" + GOOD.replace("\n", "\r\n")).encode()
    assert inspect(windows, "small.yaml").plan == SMALL_PLAN


def test_an_alias_is_read_as_what_it_stands_for() -> None:
    text = GOOD.replace("decided_by:\n  - commander", "decided_by: &who\n  - commander", 1)
    text = text.replace("decided_by:\n  - commander", "decided_by: *who", 1)
    assert "*who" in text
    assert inspect(text, "small.yaml").plan == SMALL_PLAN


# Each: the right text, the wrong one, its code, what the arrow points at, and words of the hint.
TYPOS = {
    "a key misspelt": ("custodian:", "custodain:", "key-unknown", "custodain", "'custodian'"),
    "a span misspelt": ("II: 15 min", "II: 15 mins", "span-malformed", "15 mins", "'15 min'"),
    "a span in Chinese": ("II: 15 min", "II: 15分钟", "span-malformed", "15分钟", "'15 min'"),
    "a span without unit": ("II: 15 min", "II: 15", "span-malformed", "15\n", "90 s, 3 min"),
    "a span of nothing": ("II: 15 min", "II: 0 s", "out-of-range", "0 s", ""),
    "a span too long": ("II: 15 min", "II: 400 d", "out-of-range", "400 d", ""),
    "a word misspelt": (
        "phase: response", "phase: respons", "word-unknown", "respons\n", "'response'",
    ),
    "a level misspelt": (
        "level: III\n  crit", "level: iii\n  crit", "word-unknown", "iii\n", "'III'",
    ),
    "a level as a key": ("II: 15 min", "V: 15 min", "word-unknown", "V: 15", ""),
    "a name with capitals": (
        "id: small-plan", "id: Small Plan", "id-malformed", "Small Plan", "'small-plan'",
    ),
    "a number in words": ("version: 1", "version: one", "type-wrong", "one\n", ""),
    "a truth for a number": ("capacity: 100", "capacity: true", "type-wrong", "true\n", ""),
    "a number below": ("capacity: 100", "capacity: -5", "out-of-range", "-5\n", ""),
    "no list": ("- crowding\n- fire", "  fire", "type-wrong", "fire", "[a, b]"),
    "an empty list": ("hazards:\n- crowding\n- fire", "hazards: []", "empty", "[]", ""),
    "a text without language": (
        "title:\n  zh: Small plan（中文）\n  en: Small plan", "title: Small plan", "type-wrong",
        "Small plan", "{zh: 中文, en: English}",
    ),
    "a number for text": ("en: Small plan", "en: 2026", "type-wrong", "2026", "quotes"),
    "a post misspelt": (
        "post: guide\n- id: settle", "post: gide\n- id: settle", "post-unknown", "gide", "'guide'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("typo", TYPOS)
def test_a_typo_is_shown_where_it_stands_with_what_was_meant(typo: str) -> None:
    right, wrong, code, mark, hint = TYPOS[typo]
    text = mistyped(right, wrong)
    found = next(one for one in inspect(text, "small.yaml").diagnostics if one.code == code)
    assert (found.line, found.column) == spot(text, mark)
    assert found.is_error
    assert hint in (found.hint.said_in("en") if found.hint else "")
    assert found.message.zh
    assert found.message.en
    assert found.shown == text.split("\n")[found.line - 1]


def test_a_typo_is_rendered_as_a_compiler_does() -> None:
    text = mistyped("custodian: guide", "custodian: gide")
    assert render([only(text)]) == (
        "error[post-unknown]: no post is called 'gide'\n"
        "   --> small.yaml:197:14 (/supplies/0/custodian)\n"
        "    |\n"
        "197 |   custodian: gide\n"
        "    |              ^^^^ did you mean 'guide'?"
    )


def test_the_arrow_stands_under_what_it_means_behind_chinese_text() -> None:
    shown = render([only("{zh: 公共场所, foo: 1, foo: 2}")], "zh").split("\n")
    assert shown[0] == "error[key-duplicate]: 键“foo”重复，第 1 行已有"
    assert shown[-2:] == [
        "1 | {zh: 公共场所, foo: 1, foo: 2}",
        "  |                        ^^^",
    ]


def test_a_missing_key_is_shown_at_what_misses_it() -> None:
    text = mistyped("  minimum: 5\n", "")
    found = only(text)
    assert (found.code, found.path) == ("key-missing", "/supplies/0/minimum")
    assert (found.line, found.column) == spot(text, "id: cones")
    assert found.message.said_in("zh") == "缺少“minimum”"


def test_a_key_given_twice_is_an_error() -> None:
    text = GOOD + "version: 2\n"
    found = only(text)
    assert found.code == "key-duplicate"
    assert found.line == text.count("\n")
    assert "line 2" in found.message.said_in("en")


def test_a_warning_is_shown_and_keeps_no_plan_from_being_read() -> None:
    text = mistyped("quantity: 10", "quantity: 4")
    assert isinstance(read_plan(text, "small.yaml"), Plan)
    found = only(text)
    assert (found.severity, found.line) == (Severity.WARNING, spot(text, "quantity: 4")[0])


def test_an_error_in_what_the_parts_say_together_is_no_plan() -> None:
    diagnostics = read_plan(mistyped("custodian: guide", "custodian: me"), "small.yaml")
    assert not isinstance(diagnostics, Plan)
    assert {one.code for one in diagnostics} - UNSAID == {"post-unknown"}


def test_many_faults_are_shown_in_the_order_of_the_file_and_not_without_end() -> None:
    plan = written()
    plan["contacts"] = [{"id": "A B"} for _ in range(DIAGNOSTICS_MAX)]
    found = inspect(yaml.safe_dump(plan, sort_keys=False), "small.yaml").diagnostics
    assert len(found) == DIAGNOSTICS_MAX
    assert [one.line for one in found] == sorted(one.line for one in found)


def test_words_and_clock_times_stay_text() -> None:
    text = mistyped("en: Small plan", "en: yes")
    plan = inspect(text, "small.yaml").plan
    assert plan
    assert plan.title.en == "yes"


JSON_DOOR = {
    "a key twice": ('"id":', '"id":"other","id":', "key-duplicate"),
    "not a number": ('"version":1', '"version":NaN', "type-wrong"),
    "beyond every number": ('"version":1', '"version":1e400', "type-wrong"),
    "one more than a float can tell apart": ('"x":0.0', '"x":9007199254740993', "type-wrong"),
    "half of a pair": ('"en":"', '"en":"\\ud83d', "yaml-syntax"),
    "a character that no text holds": ('"en":"', '"en":"\\u0000', "character-not-allowed"),
}


@pytest.mark.parametrize("what", JSON_DOOR)
def test_a_plan_in_json_is_read_strictly(what: str) -> None:
    right, wrong, fault = JSON_DOOR[what]
    text = json.dumps(SMALL_PLAN.model_dump(mode="json"), separators=(",", ":"))
    assert inspect(text, "small.json").plan == SMALL_PLAN
    assert right in text
    (told, *_) = inspect(text.replace(right, wrong, 1), "small.json").diagnostics
    assert told.code == fault


EXEMPLIFIED = [fault for fault, kind in FAULTS.items() if kind.example]


@pytest.mark.parametrize("fault", EXEMPLIFIED)
def test_the_example_of_a_fault_leads_to_it(fault: Fault) -> None:
    found = inspect(FAULTS[fault].example, "example.yaml")
    assert fault in {one.code for one in found.diagnostics}


def test_only_faults_of_size_encoding_and_several_files_have_no_example() -> None:
    left = [fault for fault in Fault if fault not in EXEMPLIFIED]
    assert left == [
        Fault.TOO_LARGE,
        Fault.TOO_MANY_VALUES,
        Fault.NOT_UTF8,
        Fault.KEY_IN_TWO_FILES,
    ]


def test_a_text_without_any_language_stays_in_the_canonical_text() -> None:
    empty = SMALL_PLAN.model_copy(update={"scope": Text()})
    assert Plan.model_validate_json(canonical(empty)) == empty
