"""Whatever people meet has its word in Chinese and in English."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path

import pytest

import domain
from domain.incident.state import incident
from domain.plan.lifecycle.drafts import PlanState
from domain.plan.model.plan import ChannelKind
from domain.values import Command, Event, HazardKind, Mode, Phase, Role, Value, WarningColour
from services.runtime.vocabulary import word

PAGE = Path(__file__).parents[2] / "docs" / "glossary.md"
CHINESE = re.compile(r"[\u4e00-\u9fff]")

VALUES: dict[str, type[StrEnum]] = {
    "Warning colours": WarningColour,
    "Modes": Mode,
    "Hazards": HazardKind,
    "Alarm": incident.AlarmStatus,
    "Task": incident.TaskStatus,
    "Notice": incident.NoticeStatus,
    "Unit": incident.UnitStatus,
    "Request for units": incident.RequestStatus,
    "Deadline": incident.DeadlineKind,
    "Plan state": PlanState,
    "Channel": ChannelKind,
}
SHOWN = {
    "Warning colours": "colour",
    "Modes": "mode",
    "Hazards": "hazard",
    "Task": "status",
    "Unit": "status",
    "Plan state": "plan_state",
    "Channel": "channel",
}
"""By which name the command line asks for the word."""


def section(title: str) -> list[list[str]]:
    """Return the cells of a section's rows."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n## {title} ")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [row for row in rows if row[0] not in {"English", "of", "---"}]


def terms(title: str) -> dict[str, str]:
    """Return a section's words: Chinese by English."""
    return {row[0].strip("`"): row[1] for row in section(title)}


def kinds(of: type[Value]) -> Iterator[str]:
    """Return the kinds of a sort of value that the domain knows."""
    for module in pkgutil.walk_packages(domain.__path__, "domain."):
        importlib.import_module(module.name)
    waiting = of.__subclasses__()
    while waiting:
        one = waiting.pop()
        waiting += one.__subclasses__()
        if one.__module__.startswith("domain.") and isinstance(
            one.model_fields["kind"].default, str
        ):
            yield one.model_fields["kind"].default


def without_a_word(wanted: Iterable[str], known: dict[str, str]) -> list[str]:
    return sorted(one for one in wanted if not CHINESE.search(known.get(one, "")))


def test_every_event_has_its_word() -> None:
    assert without_a_word(kinds(Event), terms("Events")) == []


def test_every_command_has_its_word() -> None:
    assert without_a_word(kinds(Command), terms("Commands")) == []


def test_no_word_is_left_of_what_is_gone() -> None:
    assert terms("Events").keys() - set(kinds(Event)) == set()
    assert terms("Commands").keys() - set(kinds(Command)) == set()


@pytest.mark.parametrize(("title", "names"), [("Words", Phase), ("Roles", Role)])
def test_every_phase_and_role_has_its_word(title: str, names: type[StrEnum]) -> None:
    assert without_a_word([_spoken(one) for one in names], terms(title)) == []


@pytest.mark.parametrize("of", VALUES)
def test_every_value_has_its_word(of: str) -> None:
    known = {row[1]: row[2] for row in section("Values") if row[0].startswith(f"{of} ")}
    assert without_a_word([_spoken(one) for one in VALUES[of]], known) == []
    assert len(known) == len(VALUES[of])


@pytest.mark.parametrize("of", SHOWN)
def test_the_command_line_says_the_same_words(of: str) -> None:
    known = {row[1]: row[2] for row in section("Values") if row[0].startswith(f"{of} ")}
    said = {_spoken(one): word(SHOWN[of], one, "zh") for one in VALUES[of]}
    assert known == said


def test_the_command_line_says_the_same_phases() -> None:
    known = terms("Words")
    assert [known[_spoken(one)] for one in Phase] == [word("phase", one, "zh") for one in Phase]


def _spoken(value: str) -> str:
    return value.replace("_", " ")
