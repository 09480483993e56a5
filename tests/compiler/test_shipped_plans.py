"""Every plan that ships is believable: people in both languages, a real building, enough to do."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.analysis.egress import of_plan as egress_of
from compiler.driver import shipped
from compiler.syntax.yaml import read
from domain.plan.model.organisation import Duty
from domain.plan.model.plan import Plan
from domain.plan.model.space import Venue
from domain.values import Phase, Text
from tests.compiler.drawing.test_route_maps import plan

SHIPPED = sorted(shipped())
VENUES = [(name, venue) for name in SHIPPED for venue in plan(name).venues]
MINUTES = 60.0

HELD_BY_ALL = {
    Duty.COMMAND,
    Duty.GUIDANCE,
    Duty.ORDER,
    Duty.ASSISTANCE,
    Duty.LOGISTICS,
    Duty.MEDICAL,
    Duty.REPORTING,
    Duty.INFORMATION,
    Duty.TRAFFIC,
    Duty.DAMAGE,
    Duty.SETTLEMENT,
    Duty.COMPENSATION,
    Duty.EVALUATION,
    Duty.RECOVERY,
}
"""What both source plans give to somebody, whatever they call the groups."""


def named(venue: tuple[str, Venue]) -> str:
    return f"{venue[0]}-{venue[1].id}"


def texts(value: Any) -> list[dict[str, str]]:
    """Return all texts that people read in what a plan's file says."""
    match value:
        case dict() if value and value.keys() <= {"zh", "en"}:
            return [value]
        case dict():
            return [text for inner in value.values() for text in texts(inner)]
        case list():
            return [text for inner in value for text in texts(inner)]
        case _:
            return []


def test_there_are_six() -> None:
    assert SHIPPED == [
        "company-outlet",
        "general-venue",
        "hospital-fire",
        "mall-power-failure",
        "metro-station",
        "stadium-event",
    ]


@pytest.mark.parametrize("name", SHIPPED)
def test_everything_is_said_in_chinese_and_in_english(name: str) -> None:
    said = texts(read(shipped()[name]).plain)
    assert len(said) > 100
    assert [text for text in said if not (text.get("zh") and text.get("en"))] == []
    same = [text for text in said if text["zh"] == text["en"]]
    assert same == []


@pytest.mark.parametrize("name", SHIPPED)
def test_there_is_enough_to_do_in_each_phase(name: str) -> None:
    tasks = plan(name).tasks
    phases = (Phase.WARNING, Phase.RESPONSE, Phase.AFTERMATH)
    assert 25 <= len(tasks) <= 60
    assert all(sum(task.phase is phase for task in tasks) >= 3 for phase in phases)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_duty_of_the_source_plans_is_somebody_s(name: str) -> None:
    held = {duty for group in plan(name).groups for duty in group.covers}
    assert held >= HELD_BY_ALL


@pytest.mark.parametrize("name", SHIPPED)
def test_it_uses_what_the_language_offers(name: str) -> None:
    one = plan(name)
    parts: dict[str, Any] = {
        "signals": one.signals,
        "triggers": [rule for rule in one.warnings if rule.triggers],
        "protective actions": one.protective_actions,
        "assistance": one.assistance,
        "notices": one.notices.rules,
        "drills": one.drills,
        "trainings": one.trainings,
        "supplies": one.supplies,
        "units": one.units,
        "review": one.review,
        "money": one.money,
        "personal data": one.personal_data,
    }
    assert [part for part, said in parts.items() if not said] == []


@pytest.mark.parametrize("venue", VENUES, ids=named)
def test_a_venue_has_real_geometry(venue: tuple[str, Venue]) -> None:
    there = venue[1]
    assert all(len(zone.outline) >= 3 for zone in there.zones)
    assert len({(zone.x, zone.y, zone.floor) for zone in there.zones}) == len(there.zones)
    assert len(there.assembly_areas) >= 2
    assert there.passages
    assert there.routes
    assert there.signs


@pytest.mark.parametrize("venue", VENUES, ids=named)
def test_everybody_is_out_in_time_also_without_any_one_exit(venue: tuple[str, Venue]) -> None:
    name, there = venue
    found = egress_of(plan(name))[there.id]
    limit = there.egress.limit.total_seconds() / MINUTES if there.egress else 8.0
    assert found.whole.minutes <= limit
    assert {lost: one.minutes for lost, one in found.lost.items() if one.minutes > limit} == {}
    assert [lost for lost, one in found.lost.items() if one.stranded] == []


# Each: what a source plan asks for, and how the plan says it.
GENERAL: dict[str, bool] = {
    "a headquarters with an office": {"headquarters", "office"}
    <= {group.id for group in plan("general-venue").groups},
    "four teams at the scene": {"coordination", "guidance", "patrol", "order"}
    <= {*plan("general-venue").posts},
    "logistics, medical, information, traffic": {"logistics", "medical", "information", "traffic"}
    <= {*plan("general-venue").posts},
    "four colours and four levels": len(plan("general-venue").warnings) == 4
    and len(plan("general-venue").levels) == 4,
}


@pytest.mark.parametrize("what", GENERAL)
def test_the_general_plan_is_the_source_s(what: str) -> None:
    assert GENERAL[what]


def test_the_outlet_is_commanded_by_the_general_manager() -> None:
    one: Plan = plan("company-outlet")
    commander = one.posts[one.command.post]
    assert "总经理" in said(one.people[commander.holder].title)
    assert len(commander.deputies) >= 1


def test_the_outlet_has_the_source_s_four_teams() -> None:
    titles = " ".join(said(group.title) for group in plan("company-outlet").groups)
    assert [team for team in ("疏导", "报送", "后勤", "客户服务") if team not in titles] == []


def said(text: Text) -> str:
    return text.said_in("zh")
