"""The general venue plan says all that the source plans ask for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from compiler.driver import inspect, read_plan, shipped
from domain.plan.canonical import canonical, pinned
from domain.plan.lifecycle.publication import (
    ApprovePlan,
    DraftPlan,
    PlanPublished,
    PublishPlan,
    ReviewPlan,
)
from domain.plan.model.plan import Plan
from domain.values import Actor, HazardKind, Phase, ResponseLevel, Role, WarningColour
from tests.domain.plan.publishing import given_texts

AUTHOR = Actor("author", frozenset({Role.PLANNER}))
IV, III, II, I = sorted(ResponseLevel, reverse=True)  # noqa: E741 - the law's numerals


@pytest.fixture(scope="module")
def plan() -> Plan:
    found = read_plan(shipped()["general-venue"], "general-venue.yaml")
    assert isinstance(found, Plan)
    return found


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_plan_is_free_of_errors_and_warnings(name: str) -> None:
    found = inspect(shipped()[name], f"plans/{name}.yaml")
    assert found.diagnostics == []
    assert found.plan
    assert found.plan.id == name


def test_it_can_come_into_force(plan: Plan) -> None:
    ref, of = pinned(plan).ref, pinned(plan).ref.hash
    drafted = given_texts().having(DraftPlan(plan=plan), AUTHOR)
    approved = drafted.having(ReviewPlan(hash=of)).having(ApprovePlan(hash=of))
    approved.when(PublishPlan(ref=ref)).then(PlanPublished(ref=ref, plan=plan))


def test_it_is_said_in_chinese_and_in_english(plan: Plan) -> None:
    assert plan.title.said_in("zh") == "公共场所客户疏导应急预案"
    assert '"zh":null' not in canonical(plan)
    assert '"en":null' not in canonical(plan)


def test_it_has_the_organisation_of_the_sources(plan: Plan) -> None:
    tree = {group.title.said_in("zh"): group.parent for group in plan.groups}
    assert tree == {
        "应急指挥部": None,
        "应急指挥部办公室": "headquarters",
        "现场指挥部": "headquarters",
        "现场协调组": "on-scene-command",
        "疏散引导组": "on-scene-command",
        "安全巡查组": "on-scene-command",
        "秩序维护组": "on-scene-command",
        "后勤保障组": "headquarters",
        "医疗救护组": "headquarters",
        "信息宣传组": "headquarters",
        "交通疏导组": "headquarters",
    }


def test_the_general_manager_commands_and_two_deputies_stand_by(plan: Plan) -> None:
    command = plan.posts[plan.command.post]
    assert (command.holder, *command.deputies) == (
        "general-manager",
        "deputy-manager-1",
        "deputy-manager-2",
    )


def test_every_post_has_work_in_an_emergency(plan: Plan) -> None:
    working = {task.post for task in plan.tasks}
    assert working == {*plan.posts}


def test_it_knows_four_levels_and_four_colours(plan: Plan) -> None:
    assert {rule.level for rule in plan.levels} == {*ResponseLevel}
    assert {rule.colour for rule in plan.warnings} == {*WarningColour}


@pytest.mark.parametrize("hazard", [one for one in HazardKind if one is not HazardKind.OTHER])
def test_every_hazard_of_the_sources_sets_people_to_work(plan: Plan, hazard: HazardKind) -> None:
    for phase in (Phase.WARNING, Phase.AFTERMATH):
        assert plan.tasks_of(phase, hazard, None)
    for level in ResponseLevel:
        assert plan.tasks_of(Phase.RESPONSE, hazard, level)


def test_a_graver_level_sets_more_in_motion(plan: Plan) -> None:
    crowding = HazardKind.CROWDING
    count = [len(plan.tasks_of(Phase.RESPONSE, crowding, level)) for level in (I, II, III, IV)]
    assert count == sorted(count, reverse=True)
    assert count[-1] < count[0]


def test_the_situation_is_reported_every_half_hour_and_twice_as_often_when_grave(
    plan: Plan,
) -> None:
    report = plan.report("situation-report")
    assert report
    assert report.first_within == timedelta(minutes=10)
    quarter, half = timedelta(minutes=15), timedelta(minutes=30)
    assert report.every == {I: quarter, II: quarter, III: half, IV: half}


def test_the_law_is_told_within_an_hour_and_before_the_response_ends(plan: Plan) -> None:
    report = plan.report("statutory-report")
    assert report
    assert report.first_within == timedelta(hours=1)
    assert report.required_to_terminate
    assert report.source
    assert "493" in report.source


def test_the_mall_has_zones_in_metres_and_room_for_people_outside(plan: Plan) -> None:
    (mall,) = plan.venues
    assert {"entrance-north", "atrium", "food-court"} <= {zone.id for zone in mall.zones}
    inside = sum(zone.capacity for zone in mall.zones)
    largest_first = sorted((area.capacity for area in mall.assembly_areas), reverse=True)
    assert inside <= sum(largest_first[1:])
    assert len({(zone.x, zone.y) for zone in mall.zones}) == len(mall.zones)
