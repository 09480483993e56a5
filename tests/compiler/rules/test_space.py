"""Space: ways out for everybody, in time, whichever exit is lost; areas, signs, cordons."""

from __future__ import annotations

import pytest

from compiler.check import check
from tests.compiler.rules.ample import AMPLE_PLAN, GONE, Broken, Kept, changed, codes, found
from tests.compiler.rules.shop import passage

VENUE = "/venues/0"
ZONES, WAYS, AREAS = f"{VENUE}/zones", f"{VENUE}/passages", f"{VENUE}/assembly_areas"
ROUTES, SIGNS = f"{VENUE}/routes", f"{VENUE}/signs"
MAIN, BACK, AISLE = f"{WAYS}/0", f"{WAYS}/1", f"{WAYS}/2"
FRONT_ROUTE, BACK_ROUTE = f"{ROUTES}/0", f"{ROUTES}/1"
NO_ROUTES: dict[str, object] = {ROUTES: [], SIGNS: []}

BROKEN: Broken = {
    "a venue states its passages": ("passages-missing", VENUE, {WAYS: [], **NO_ROUTES}),
    "a zone has a way out": (
        "no-way-out", f"{ZONES}/1", {WAYS: [passage("a", "door", "square")], **NO_ROUTES},
    ),
    "a lift is no way out": (
        "no-way-out", f"{ZONES}/1",
        {WAYS: [passage("a", "door", "square"), passage("b", "hall", "park", kind="lift")],
         **NO_ROUTES},
    ),
    "a zone has two ways out": ("one-way-out", f"{ZONES}/1", {AISLE: passage("x", "door", "park")}),
    "a venue is empty in time": (
        "clear-time-over-limit", VENUE, {f"{VENUE}/egress": {"limit": "30 s"}},
    ),
    "a venue is empty in time without any one exit": (
        "clear-time-over-limit-when-lost", MAIN, {f"{VENUE}/egress": {"limit": "1 min"}},
    ),
    "a zone is empty when the plan says so": (
        "zone-clears-late", f"{ZONES}/0/clear_within", {f"{ZONES}/0/clear_within": "30 s"},
    ),
    "no crowd is faster than the ceiling": (
        "rate-above-ceiling", f"{VENUE}/egress/level", {f"{VENUE}/egress": {"level": 90}},
    ),
    "no passage is faster than the ceiling": (
        "rate-above-ceiling", f"{MAIN}/rate", {f"{MAIN}/rate": 90},
    ),
    "stairs are no faster than was measured": (
        "rate-above-table", f"{VENUE}/egress/stairs_up", {f"{VENUE}/egress": {"stairs_up": 60}},
    ),
    "eight minutes are the usual limit": (
        "clear-time-limit-long", f"{VENUE}/egress/limit", {f"{VENUE}/egress": {"limit": "20 min"}},
    ),
    "a crowd's exit is wide": ("exit-narrow", f"{MAIN}/width_m", {f"{MAIN}/width_m": 1.2}),
    "stairs join two floors": (
        "stairs-without-floors", f"{AISLE}/kind", {f"{AISLE}/kind": "stairs"},
    ),
    "what joins two floors is no corridor": (
        "floors-without-stairs", f"{AISLE}/kind", {f"{ZONES}/1/floor": 1},
    ),
    "a passage joins two places": (
        "passage-to-itself", f"{AISLE}/between", {f"{AISLE}/between": ["hall", "hall"]},
    ),
    "a route is walked from where it begins": (
        "route-broken", f"{FRONT_ROUTE}/via/0", {f"{FRONT_ROUTE}/via": ["back-exit"]},
    ),
    "a route goes on where it came to": (
        "route-broken", f"{FRONT_ROUTE}/via/1",
        {f"{FRONT_ROUTE}/via": ["main-exit", "back-exit"], f"{FRONT_ROUTE}/to": "park"},
    ),
    "a route ends where it says": (
        "route-ends-elsewhere", f"{FRONT_ROUTE}/to", {f"{FRONT_ROUTE}/to": "park"},
    ),
    "a route is open": ("route-closed", f"{FRONT_ROUTE}/via/0", {f"{MAIN}/closed": True}),
    "a route goes with the one-way": (
        "route-against-one-way", f"{FRONT_ROUTE}/via/0",
        {f"{MAIN}/one_way": True, f"{MAIN}/between": ["square", "door"]},
    ),
    "a route goes by no lift": ("route-by-lift", f"{FRONT_ROUTE}/via/0", {f"{MAIN}/kind": "lift"}),
    "each zone has a route": ("zone-without-route", f"{ZONES}/0", {FRONT_ROUTE: GONE}),
    "an assembly area holds those led there": (
        "assembly-too-small", f"{AREAS}/0/capacity", {f"{AREAS}/0/capacity": 79},
    ),
    "the assembly areas hold everybody": (
        "assembly-too-small-in-all", AREAS,
        {f"{AREAS}/0/capacity": 80, f"{AREAS}/1/capacity": 119},
    ),
    "an assembly area can be reached": (
        "assembly-unreached", f"{AREAS}/0", {f"{MAIN}/between": ["door", "park"]},
    ),
    "an assembly area is not crowded": (
        "assembly-too-dense", f"{AREAS}/0/capacity", {f"{AREAS}/0/area_m2": 400},
    ),
    "a zone is not crowded": ("zone-too-dense", f"{ZONES}/0/capacity", {f"{ZONES}/0/area_m2": 10}),
    "a zone has the floor that it is drawn with": (
        "outline-differs", f"{ZONES}/0/outline", {f"{ZONES}/0/area_m2": 200},
    ),
    "each zone has a spot of its own": (
        "zones-on-one-spot", f"{ZONES}/1", {f"{ZONES}/1/x": 0},
    ),
    "help reaches a refuge in three minutes": (
        "refuge-help-late", f"{VENUE}/refuges/0/reach_within",
        {f"{VENUE}/refuges/0/reach_within": "4 min"},
    ),
    "a wheelchair gets out or waits": (
        "zone-not-accessible", f"{ZONES}/1",
        {f"{BACK}/accessible": False, f"{AISLE}/accessible": False, f"{VENUE}/refuges": []},
    ),
    "a sign points from where it is": (
        "sign-elsewhere", f"{SIGNS}/0/towards", {f"{SIGNS}/0/towards": "main-exit"},
    ),
    "a sign points into a way that is open": (
        "sign-to-closed", f"{SIGNS}/0/towards", {f"{BACK}/closed": True},
    ),
    "a sign points out": (
        "sign-leads-in", f"{SIGNS}/0/towards",
        {f"{SIGNS}/0/towards": "aisle", f"{MAIN}/between": ["hall", "square"]},
    ),
    "a sign can be changed when its exit is lost": (
        "sign-misleads-after-reroute", f"{SIGNS}/0", {f"{SIGNS}/0/kind": "static"},
    ),
    "a cordon lets people out": (
        "cordon-across-route", f"{VENUE}/cordons/0",
        {f"{VENUE}/cordons/0/points": [[-10, -30], [10, -30]]},
    ),
    "help has a lane": (
        "no-rescue-lane", f"{VENUE}/traffic_points",
        {f"{VENUE}/traffic_points/0/control": "closure"},
    ),
}  # fmt: skip

KEPT: Kept = {
    "a small room may have one way out": (
        "one-way-out",
        {f"{ZONES}/-": {"id": "den", "title": {"zh": "室", "en": "Den"}, "capacity": 15, "x": 90},
         f"{WAYS}/-": passage("den-door", "den", "hall")},
    ),
    "a refuge is enough where there are stairs": (
        "zone-not-accessible", {f"{BACK}/accessible": False},
    ),
    "a route of one zone may pass another's": (
        "route-broken",
        {f"{FRONT_ROUTE}/zones": ["door", "hall"], f"{FRONT_ROUTE}/via": ["aisle", "main-exit"]},
    ),
    "a static sign that leads to two exits still leads out": (
        "sign-misleads-after-reroute",
        {f"{SIGNS}/0/kind": "static", f"{SIGNS}/0/towards": "aisle",
         f"{WAYS}/-": passage("side-exit", "door", "park")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_what_fails_people_is_found_where_it_is(what: str) -> None:
    code, where, changes = BROKEN[what]
    assert (code, where) in found(changes)


@pytest.mark.parametrize("what", KEPT)
def test_what_works_is_let_be(what: str) -> None:
    code, changes = KEPT[what]
    assert code not in codes(changes)


def test_the_ample_plan_is_free_of_findings() -> None:
    assert [*check(AMPLE_PLAN)] == []


def test_a_plan_whose_names_dangle_is_still_looked_at() -> None:
    dangling = {f"{MAIN}/between": ["door", "nowhere"], f"{SIGNS}/0/zone": "nowhere"}
    assert "one-way-out" in {one.code for one in check(changed(dangling))}
