"""Means: enough in stock, fit until somebody looks, units that come in time and once."""

from __future__ import annotations

import pytest

from compiler.check import check
from tests.compiler.rules.ample import GONE, Broken, Kept, changed, codes, duty, found
from tests.domain.plan.plans import text

LOTS = "/supplies/0/lots"
OUTSIDE = {"/units/1/venue": GONE, "/units/1/agreement": "Contract 7"}


def guards(task: str, **more: object) -> dict[str, object]:
    """Return a task that needs both guards, at level II."""
    return duty(task, "response", units={"guard": 2}, levels=["II"], **more)


BROKEN: Broken = {
    "a response finds enough in stock": (
        "stock-below-demand", "/supplies/0/quantity", {"/supplies/0/demand": {"II": 7}},
    ),
    "help counts as well": (
        "stock-below-demand", "/supplies/0/quantity",
        {"/assistance/0/supplies": {"cones": 4}, "/assistance/1/supplies": {"cones": 3}},
    ),
    "the minimum is enough for a response": (
        "minimum-below-demand", "/supplies/0/minimum", {"/supplies/0/minimum": 3},
    ),
    "lots add up": ("lots-dont-add-up", LOTS, {f"{LOTS}/0/quantity": 5}),
    "lots last until the review": (
        "lot-expires-before-review", f"{LOTS}/1/expires_on",
        {f"{LOTS}/1/expires_on": "2027-05-31"},
    ),
    "what is in stock is for something": (
        "supply-without-use", "/supplies/0", {"/tasks/1/supplies": {}},
    ),
    "a plan has a list of supplies": ("supplies-missing", "", {"/supplies": []}),
    "somebody has what is asked for": (
        "no-unit-of-kind", "/resource_needs/0/kind", {"/units": []},
    ),
    "somebody has what a task needs": (
        "no-unit-of-kind", "/tasks/1/units/ambulance",
        {
            "/resource_kinds/-": {"id": "ambulance", "title": text("Ambulance")},
            "/tasks/1/units/ambulance": 1,
        },
    ),
    "there are as many as are asked for": (
        "units-too-few", "/resource_needs/0/quantity", {"/resource_needs/0/quantity": 3},
    ),
    "a unit isn't needed in two places at once": (
        "unit-needed-twice", "/tasks/1/units/guard", {"/tasks/-": guards("stand")},
    ),
    "a task without an end keeps its units": (
        "unit-needed-twice", "/tasks/1/units/guard",
        {
            "/tasks/1/finish_within": GONE,
            "/tasks/1/start_within": "5 min",
            "/tasks/-": guards("stand", after=["draft"]),
        },
    ),
    "what a task needs is asked for at its levels": (
        "unit-not-asked-for", "/tasks/1/units/guard", {"/tasks/1/levels": ["II", "III"]},
    ),
    "enough units come in time": (
        "units-arrive-late", "/resource_needs/0/arrive_within",
        OUTSIDE | {"/units/1/arrives_within": "15 min", "/resource_needs/0/quantity": 2},
    ),
    "others' units are obliged to come": (
        "unit-without-agreement", "/units/1", {"/units/1/venue": GONE},
    ),
    "it is known how long others' units take": ("unit-without-arrival", "/units/1", OUTSIDE),
    "a kind of unit is for something": (
        "resource-kind-unused", "/resource_kinds/1",
        {"/resource_kinds/-": {"id": "ambulance", "title": text("Ambulance")}},
    ),
}  # fmt: skip

KEPT: Kept = {
    "tasks of different hazards don't take from each other": (
        "stock-below-demand",
        {
            "/tasks/1/hazards": ["crowding"],
            "/tasks/2/supplies": {"cones": 10},
        },
    ),
    "exactly enough is enough": ("stock-below-demand", {"/supplies/0/demand": {"II": 6}}),
    "a lot that expires on the day of the review lasts": (
        "lot-expires-before-review", {f"{LOTS}/1/expires_on": "2027-06-01"},
    ),
    "one after the other may have the same units": (
        "unit-needed-twice", {"/tasks/-": guards("stand", after=["guide"])},
    ),
    "units needed at other levels aren't needed at once": (
        "unit-needed-twice",
        {
            "/resource_needs/0/levels": ["II", "III"],
            "/tasks/-": duty("stand", "response", units={"guard": 2}, levels=["III"]),
        },
    ),
    "what only one hazard needs isn't asked for in all": (
        "unit-not-asked-for", {"/tasks/1/levels": ["II", "III"], "/tasks/1/hazards": ["fire"]},
    ),
    "an unknown supply is another rule's": (
        "aid-not-in-stock", {"/assistance/0/supplies": {"ropes": 3}},
    ),
    "tasks in a circle are needed at once, and found": (
        "no-unit-of-kind",
        {"/tasks/1/after": ["stand"], "/tasks/-": guards("stand", after=["guide"])},
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", BROKEN)
def test_broken(rule: str) -> None:
    code, where, changes = BROKEN[rule]
    assert (code, where) in found(changes)


@pytest.mark.parametrize("rule", KEPT)
def test_kept(rule: str) -> None:
    code, changes = KEPT[rule]
    assert code not in codes(changes)


def test_what_is_short_is_told_with_who_takes_it() -> None:
    plan = changed({"/supplies/0/demand": {"II": 7}, "/assistance/0/supplies": {"cones": 1}})
    (short,) = [one for one in check(plan) if one.code == "stock-below-demand"]
    assert short.what.said_in("en") == (
        "'cones': 12 needed at level II (crowding), 10 in stock: "
        "level/II: 7, task/guide: 4, assistance/elderly: 1"
    )


def test_what_is_needed_twice_is_told_with_when_and_by_whom() -> None:
    plan = changed(
        {"/tasks/-": guards("stand", after=["draft"]), "/tasks/1/finish_within": "10 min"}
    )
    (twice,) = [one for one in check(plan) if one.code == "unit-needed-twice"]
    assert twice.what.said_in("en") == (
        "3 of 'guard' are needed at once 5 min into level II (crowding), 2 there are: guide, stand"
    )
