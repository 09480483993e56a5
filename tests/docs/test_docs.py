"""The documents say what is so."""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs import reference
from tests.docs.language import language

ROOT = Path(__file__).parents[2]


def test_the_page_of_the_error_reasons_is_the_contracts() -> None:
    page = (reference.FOLDER / "errors.md").read_text(encoding="utf-8")
    assert page == reference.errors()


def test_the_page_of_the_settings_is_the_codes() -> None:
    page = (reference.FOLDER / "settings.md").read_text(encoding="utf-8")
    assert page == reference.settings()


def test_the_page_of_the_facts_is_the_sentences() -> None:
    page = (reference.FOLDER / "facts.md").read_text(encoding="utf-8")
    assert page == reference.facts()


def test_the_page_of_the_language_is_as_plans_are_read() -> None:
    page = (reference.FOLDER / "plan-language.md").read_text(encoding="utf-8")
    assert page == language()
    kept = (reference.FOLDER / "plan.schema.json").read_text(encoding="utf-8")
    assert kept == reference.schema()


def test_the_page_of_a_plan_s_codes_is_as_the_check_says() -> None:
    page = (reference.FOLDER / "plan-codes.md").read_text(encoding="utf-8")
    assert page == reference.codes()


def test_what_a_new_command_touches_is_there() -> None:
    checklist = (ROOT / "docs" / "adding-a-command.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:domain|services|protos|tests|docs)/[\w./-]+)`", checklist)
    assert paths
    assert not [path for path in paths if "<" not in path and not (ROOT / path).exists()]
