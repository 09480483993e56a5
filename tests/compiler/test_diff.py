"""What changes for whom from one text of a plan to another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from compiler.diff.change import Change, Topic
from compiler.diff.compare import difference
from compiler.driver import inspect, shipped
from domain.plan.model.plan import Plan
from tests.domain.plan.plans import (
    SMALL_PLAN,
    contact,
    group,
    post,
    spoilt,
    task,
    text,
    written,
    zone,
)

OF_ITSELF = {"/id", "/version"}
"""Which text it is, and no change of what it says."""


def changed(where: str, value: object) -> list[Change]:
    """Return what is told when the small plan has another value somewhere."""
    return [*difference(SMALL_PLAN, spoilt(where, value))]


def only(changes: list[Change]) -> Change:
    (change,) = changes
    return change


def test_a_text_that_says_the_same_changes_nothing() -> None:
    assert difference(SMALL_PLAN, Plan.model_validate(written())) == []
    assert changed("/version", 2) == []


def test_a_deadline_is_told_to_whoever_has_to_meet_it() -> None:
    told = only(changed("/tasks/1/acknowledge_within", "90 s"))
    assert (told.topic, told.about, told.people) == (Topic.DEADLINE, "guide", ("cai",))
    assert told.what.en == "task 'guide': acknowledge within 3 min → 90 s"
    assert told.what.zh == "任务“guide（中文）”：确认时限 3 min → 90 s"
    assert told.was
    assert told.becomes
    assert (told.was.en, told.becomes.en) == ("3 min", "90 s")


def test_a_post_that_changes_hands_is_told_to_both_with_its_duties() -> None:
    told = changed("/groups/1/posts/0/holder", "ben")
    assert [(one.topic, one.about) for one in told] == [(Topic.PEOPLE, "guide")]
    assert told[0].people == ("cai", "dan", "ben")
    assert told[0].what.en == ("post 'guide': holder cai → ben (tasks: 3, reports: 1 go with it)")


def test_a_task_that_goes_to_another_post_is_told_to_both() -> None:
    told = only(changed("/tasks/1/post", "commander"))
    assert (told.topic, told.people) == (Topic.DUTY, ("cai", "ann"))


def test_who_stands_in_is_told() -> None:
    told = only(changed("/groups/1/posts/0/deputies", ["ben", "dan"]))
    assert (told.topic, told.people) == (Topic.PEOPLE, ("cai", "dan", "ben"))
    assert told.what.en == "post 'guide': deputies dan → ben, dan"


def test_a_new_task_and_one_that_is_gone_are_told_to_who_has_them() -> None:
    tasks = [task(name, name) for name in ("warning", "response", "aftermath")]
    told = changed("/tasks", tasks)
    assert [(one.about, one.people, one.was is None, one.becomes is None) for one in told] == [
        ("prepare", ("cai",), False, True),
        ("guide", ("cai",), False, True),
        ("settle", ("cai",), False, True),
        ("warning", ("cai",), True, False),
        ("response", ("cai",), True, False),
        ("aftermath", ("cai",), True, False),
    ]
    assert told[0].what.en == "task 'prepare' is gone"
    assert told[3].what.zh == "新增任务“warning（中文）”"


def test_a_zone_that_holds_fewer_is_told_with_its_venue() -> None:
    told = only(changed("/venues/0/zones/0/capacity", 50))
    assert (told.topic, told.about, told.people) == (Topic.PLACE, "shop/door", ())


def two_shops(**overrides: object) -> Plan:
    plan: Any = written()
    kiosk = {"id": "kiosk", "title": text("Kiosk"), "zones": [zone("hall")]}
    plan["venues"].append(kiosk | {"overrides": overrides} if overrides else kiosk)
    return Plan.model_validate(plan)


def test_who_is_otherwise_at_one_venue_is_told_of_that_venue() -> None:
    told = only([*difference(two_shops(), two_shops(holders={"guide": "dan"}))])
    assert (told.topic, told.about) == (Topic.PEOPLE, "kiosk/guide")
    assert told.what.en == "at Kiosk, post 'guide': holder cai → dan"


def test_what_is_in_stock_at_one_venue_is_told_of_that_venue() -> None:
    told = only([*difference(two_shops(), two_shops(supplies={"cones": 30}))])
    assert (told.topic, told.about) == (Topic.MEANS, "kiosk/cones")


def test_what_changes_everywhere_is_not_told_again_of_each_venue() -> None:
    before = two_shops(supplies={"cones": 30})
    after = before.model_dump(mode="json")
    after["groups"][1]["posts"][0]["holder"] = "ben"
    told = only([*difference(before, Plan.model_validate(after))])
    assert told.about == "guide"


def test_an_announcement_that_is_worded_otherwise_is_told_to_who_drafts() -> None:
    told = only(changed("/notices/templates", {"calm": text("Keep calm")}))
    assert (told.topic, told.about, told.people) == (Topic.INFORMATION, "calm", ("cai",))


def test_the_whole_organisation_may_change() -> None:
    groups = [group("headquarters", post("commander", "ann", "ben"))]
    told = changed("/groups", groups)
    assert {(one.topic, one.about) for one in told} == {
        (Topic.PEOPLE, "guidance"),
        (Topic.PEOPLE, "guide"),
    }


def test_a_contact_that_is_new_is_told_to_them() -> None:
    people = [contact(name) for name in ("ann", "ben", "cai", "dan", "screens", "eve")]
    told = only(changed("/contacts", people))
    assert (told.topic, told.people) == (Topic.PEOPLE, ("eve",))


@pytest.fixture(scope="module")
def mall() -> dict[str, Any]:
    plan = inspect(shipped()["general-venue"], "general-venue.yaml").plan
    assert plan
    return plan.model_dump(mode="json")


def test_a_narrower_exit_is_told_with_the_time_that_it_costs(mall: dict[str, Any]) -> None:
    was = Plan.model_validate(mall)
    venue = was.venues[0]
    outside = {area.id for area in venue.assembly_areas}
    exits = {one.id for one in venue.passages if outside & {*one.between}}
    narrow = [
        one.model_copy(update={"width_m": one.width_m / 4}) if one.id in exits else one
        for one in venue.passages
    ]
    becomes = was.model_copy(
        update={"venues": (venue.model_copy(update={"passages": tuple(narrow)}),)}
    )
    told = difference(was, becomes)
    widths = {one.about for one in told if one.topic is Topic.PLACE}
    assert widths == {f"{venue.id}/{one}" for one in exits}
    whole = next(one for one in told if one.topic is Topic.CLEAR_TIME)
    assert whole.about == venue.id
    before, after = (
        float(one.said_in("en").removesuffix(" min")) for one in (whole.was, whole.becomes) if one
    )
    assert after > before
    assert whole.what.said_in("zh").startswith("场所“滨江购物中心”全部疏散")


def leaves(value: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """Return every value in a plan that is not made of others."""
    match value:
        case dict():
            for name, inner in value.items():
                yield from leaves(inner, f"{where}/{name}")
        case list():
            for number, inner in enumerate(value):
                yield from leaves(inner, f"{where}/{number}")
        case _:
            yield where, value


def with_another(plan: dict[str, Any], where: str, value: Any) -> Plan | None:
    """Return a plan with another value at a place; None if it is no plan then."""
    another = {str: f"{value}x", int: 7, float: 7.5, bool: not value}.get(type(value), "x")
    copy: Any = Plan.model_validate(plan).model_dump(mode="json")
    *path, last = where.removeprefix("/").split("/")
    inner = copy
    for step in path:
        inner = inner[int(step)] if isinstance(inner, list) else inner[step]
    inner[int(last) if isinstance(inner, list) else last] = another
    try:
        return Plan.model_validate(copy)
    except ValidationError:
        return None


def untold(plan: dict[str, Any], every: int) -> list[str]:
    """Return the places where another value is not told, looking at every so many of them."""
    was = Plan.model_validate(plan)
    found = []
    for where, value in [*leaves(plan)][::every]:
        becomes = with_another(plan, where, value)
        if becomes not in (None, was) and where not in OF_ITSELF and not difference(was, becomes):
            found.append(where)
    return found


def test_whatever_changes_in_a_small_plan_is_told() -> None:
    assert untold(two_shops(holders={"guide": "dan"}).model_dump(mode="json"), 1) == []


def test_whatever_changes_in_a_shipped_plan_is_told(mall: dict[str, Any]) -> None:
    assert untold(mall, 40) == []


def test_a_text_that_comes_from_nothing_like_it_is_compared_too(mall: dict[str, Any]) -> None:
    told = difference(SMALL_PLAN, Plan.model_validate(mall))
    assert {one.topic for one in told} > {Topic.PEOPLE, Topic.DUTY, Topic.PLACE}
