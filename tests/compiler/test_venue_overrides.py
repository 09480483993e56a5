"""One plan at many venues: what is otherwise at one of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from compiler.check import check
from domain.incident.activation import ActivateResponse
from domain.incident.decider import INCIDENTS
from domain.incident.warning import ReportAlarm
from domain.plan.canonical import pinned
from domain.plan.model.plan import Plan
from domain.values import HazardKind, ResponseLevel
from tests.domain.plan.plans import SMALL_PLAN, text, written, zone
from tests.domain.spec import Given


def otherwise(**overrides: object) -> Plan:
    """Return the small plan for two shops, the second of which has something otherwise."""
    plan: Any = written()
    plan["venues"].append(
        {
            "id": "kiosk",
            "title": text("Kiosk"),
            "zones": [zone("door"), zone("hall")],
            "overrides": overrides,
        }
    )
    return Plan.model_validate(plan)


DAN_GUIDES = otherwise(holders={"guide": "dan"}, deputies={"guide": ["cai"]})


def test_somebody_else_holds_a_post_at_a_venue() -> None:
    assert DAN_GUIDES.at("kiosk").chain("guide") == ("dan", "cai", "ann", "ben")
    assert DAN_GUIDES.at("shop").chain("guide") == ("cai", "dan", "ann", "ben")


def test_the_plan_itself_stays_as_it_is() -> None:
    before = pinned(DAN_GUIDES).ref
    assert DAN_GUIDES.at("kiosk").posts["guide"].holder == "dan"
    assert DAN_GUIDES.posts["guide"].holder == "cai"
    assert pinned(DAN_GUIDES).ref == before


def test_a_venue_without_overrides_has_the_plan() -> None:
    assert SMALL_PLAN.at("shop") is SMALL_PLAN
    assert SMALL_PLAN.at("nowhere") is SMALL_PLAN


def test_a_venue_has_its_own_stock() -> None:
    cones = otherwise(supplies={"cones": 7}, minimums={"cones": 6}).at("kiosk").supplies[0]
    assert (cones.quantity, cones.minimum) == (7, 6)


def test_the_lots_of_the_plan_are_not_elsewhere() -> None:
    plan: Any = otherwise(supplies={"cones": 7}).model_dump(mode="json")
    plan["supplies"][0]["lots"] = [{"id": "old", "quantity": 10}]
    read = Plan.model_validate(plan)
    assert read.at("kiosk").supplies[0].lots == ()
    assert read.at("shop").supplies[0].lots


def test_who_holds_a_post_elsewhere_does_not_keep_the_plan_s_shifts() -> None:
    plan: Any = DAN_GUIDES.model_dump(mode="json")
    shifts = [{"begins": "08:00", "ends": "08:00", "holder": "cai"}]
    plan["groups"][1]["posts"][0]["shifts"] = shifts
    assert Plan.model_validate(plan).at("kiosk").posts["guide"].shifts == ()


def test_what_the_plan_does_not_know_is_left_alone() -> None:
    strange = otherwise(holders={"gide": "dan"}, supplies={"cone": 3})
    assert strange.at("kiosk").groups == strange.groups
    assert strange.at("kiosk").supplies == strange.supplies


def test_a_fault_at_one_venue_is_told_of_that_venue_and_where_it_says_so() -> None:
    found = check(otherwise(supplies={"cones": 4}))
    there = [one for one in found if one.code == "supply-below-minimum"]
    assert [one.where for one in there] == ["/venues/1/overrides/supplies/cones"]
    assert there[0].what.said_in("en").startswith("at 'kiosk': ")
    assert there[0].what.said_in("zh").startswith("在场所“kiosk”：")


def test_a_post_without_a_deputy_at_one_venue_is_found() -> None:
    found = check(otherwise(deputies={"guide": []}))
    assert ("post-without-deputy", "/venues/1/overrides/deputies/guide") in {
        (one.code, one.where) for one in found
    }


def test_a_fault_of_the_plan_is_told_once() -> None:
    plan = otherwise(holders={"guide": "dan"}, deputies={"guide": ["cai"]})
    missing = plan.model_copy(update={"resource_post": "me"})
    assert [one.where for one in check(missing) if one.code == "post-unknown"] == ["/resource_post"]


def test_an_emergency_at_a_venue_calls_who_commands_there() -> None:
    plan = pinned(otherwise(holders={"commander": "dan"}))
    at_kiosk = ReportAlarm(
        venue="kiosk", plan=plan.ref.id, hazard=HazardKind.FIRE, zone="hall", source="button"
    )
    activate = ActivateResponse(
        level=ResponseLevel.III, matters="smoke", expected_duration=timedelta(hours=1)
    )
    activated = Given(INCIDENTS, surroundings=plan).having(at_kiosk).having(activate)
    assert activated.state.posts["commander"].offered_to == "dan"
