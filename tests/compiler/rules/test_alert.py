"""Alert: thresholds in order that neither flutter nor come late, peaks that come, help for all."""

from __future__ import annotations

import pytest

from tests.compiler.rules.ample import GONE, HELPED, Broken, Kept, codes, found
from tests.domain.plan.plans import text

RED = "/warnings/0/triggers"


def trigger(signal: str, at_least: float, **more: object) -> dict[str, object]:
    """Return a trigger."""
    return {"signal": signal, "at_least": at_least, **more}


def signal(name: str, metric: str) -> dict[str, object]:
    """Return a signal."""
    return {"id": name, "title": text(name), "metric": metric}


def peak(**more: object) -> dict[str, object]:
    """Return a peak period."""
    return {"id": "rush", "title": text("Rush"), "begins": "17:00", "ends": "19:00", **more}


PEAKS = {"/hazards": ["crowding", "fire", "peak_period"]}
LOUD = {"/signals/-": signal("siren", "alarm")}
COUNT = {"/signals/-": signal("count", "headcount")}

BROKEN: Broken = {
    "it is over below what sets it off": (
        "hysteresis-upside-down", f"{RED}/0/clears_below", {f"{RED}/0/clears_below": 4.0},
    ),
    "a reading alone sets nothing off": (
        "trigger-flutters", f"{RED}/0", {f"{RED}/0/sustained_for": GONE},
    ),
    "red begins above orange": (
        "thresholds-out-of-order", f"{RED}/0/at_least", {f"{RED}/0/at_least": 2.5},
    ),
    "red and orange don't begin at once": (
        "thresholds-out-of-order", f"{RED}/0/at_least", {f"{RED}/0/at_least": 3.0},
    ),
    "level II begins above level III": (
        "thresholds-out-of-order", "/levels/0/automatic/0/at_least",
        {"/levels/0/automatic/0/at_least": 3.2},
    ),
    "the lowest threshold of a colour counts": (
        "thresholds-out-of-order", f"{RED}/2/at_least",
        {f"{RED}/-": trigger("density", 2.9, sustained_for="1 min")},
    ),
    "a threshold is in its signal's unit": (
        "threshold-impossible", f"{RED}/0/at_least", {f"{RED}/0/at_least": 400.0},
    ),
    "an authority has four colours": (
        "threshold-impossible", f"{RED}/1/at_least", {f"{RED}/1/at_least": 5.0},
    ),
    "an alarm sounds or doesn't": (
        "threshold-impossible", f"{RED}/2/at_least", LOUD | {f"{RED}/-": trigger("siren", 2.0)},
    ),
    "a warning comes before the venue is full": (
        "threshold-above-capacity", f"{RED}/2/at_least",
        COUNT | {f"{RED}/-": trigger("count", 9001.0, clears_below=100.0)},
    ),
    "a warning comes before a zone is full": (
        "threshold-above-capacity", f"{RED}/2/at_least",
        {
            "/signals/-": signal("full", "occupancy"),
            f"{RED}/-": trigger("full", 101.0, clears_below=90.0),
        },
    ),
    "a crowd is noticed before it is in danger": (
        "density-too-late", f"{RED}/0/at_least", {f"{RED}/0/at_least": 5.5},
    ),
    "a warning doesn't wait longer than the first notice": (
        "sustained-too-long", f"{RED}/0/sustained_for", {f"{RED}/0/sustained_for": "11 min"},
    ),
    "a level doesn't wait until everybody should be out": (
        "sustained-too-long", "/levels/0/automatic/0/sustained_for",
        {"/levels/0/automatic/0/sustained_for": "9 min"},
    ),
    "an alarm is verified before everybody should be out": (
        "alarm-verified-too-late", "/alarm/verify_within", {"/alarm/verify_within": "8 min"},
    ),
    "an authority's orange isn't announced as yellow": (
        "authority-colour-lowered", "/warnings/2/triggers/2/at_least",
        {"/warnings/2/triggers/-": trigger("weather", 3.0)},
    ),
    "what is watched sets something off": (
        "signal-unused", "/signals/2", {"/signals/-": signal("wind", "wind")},
    ),
    "a colour has what sets it off": (
        "colour-without-triggers", "/warnings/3", {"/warnings/3/triggers": []},
    ),
    "some level begins by itself": (
        "level-not-automatic", "/levels",
        {"/levels/0/automatic": [], "/levels/1/automatic": []},
    ),
    "a peak's days run forwards": (
        "peak-never", "/peaks/0",
        PEAKS | {"/peaks": [peak(first_day="2026-10-07", last_day="2026-10-01")]},
    ),
    "one of a peak's days is such a weekday": (
        "peak-never", "/peaks/0",
        PEAKS
        | {"/peaks": [peak(weekdays=["sunday"], first_day="2026-10-05", last_day="2026-10-10")]},
    ),
    "the venue holds who is expected": (
        "peak-over-capacity", "/peaks/0/expected", PEAKS | {"/peaks": [peak(expected=9001)]},
    ),
    "a plan with peaks is for peaks": ("peak-without-hazard", "/peaks", {"/peaks": [peak()]}),
    "a plan for peaks says when they are": ("peaks-unstated", "/hazards", PEAKS),
    "something can be ordered": ("protection-missing", "", {"/protective_actions": []}),
    "something can be ordered for each hazard": (
        "hazard-without-protection", "/protective_actions",
        {
            "/protective_actions/0/hazards": ["fire"],
            "/protective_actions/1/hazards": ["fire"],
        },
    ),
    "a fire has an evacuation": (
        "fire-without-evacuation", "/protective_actions",
        {"/protective_actions/0/hazards": ["crowding"]},
    ),
    "people can be kept inside": (
        "security-only-evacuation", "/protective_actions",
        {"/hazards": ["fire", "crowding", "security"], "/protective_actions/1/kind": "evacuate"},
    ),
    "only an evacuation has an order": (
        "mode-without-evacuation", "/protective_actions/1/mode",
        {"/protective_actions/1/mode": "phased"},
    ),
    "an evacuation in phases says who goes first": (
        "phased-without-order", "/protective_actions/0",
        {"/protective_actions/0/mode": "phased", "/protective_actions/0/zones": ["door"]},
    ),
    "an action has its words": (
        "action-without-words", "/protective_actions/0",
        {"/protective_actions/0/template": GONE},
    ),
    "special customers are helped": ("help-not-planned", "", {"/assistance": []}),
    "all special customers are helped": (
        "need-without-help", "/assistance", {f"/assistance/{HELPED.index('child')}": GONE},
    ),
    "help comes while the others leave": (
        "help-too-late", "/assistance/0/reach_within", {"/assistance/0/reach_within": "9 min"},
    ),
    "help has what it takes": (
        "aid-not-in-stock", "/assistance/0/supplies/cones",
        {"/assistance/0/supplies": {"cones": 11}},
    ),
}  # fmt: skip

KEPT: Kept = {
    "a value that must fall again doesn't flutter": (
        "trigger-flutters",
        {f"{RED}/0/sustained_for": GONE, f"{RED}/0/clears_below": 3.5},
    ),
    "an alarm doesn't flutter": ("trigger-flutters", LOUD | {f"{RED}/-": trigger("siren", 1.0)}),
    "the same value for longer is graver": (
        "thresholds-out-of-order",
        {f"{RED}/0/at_least": 3.0, f"{RED}/0/sustained_for": "5 min"},
    ),
    "thresholds of different zones aren't compared": (
        "thresholds-out-of-order",
        {f"{RED}/0/at_least": 2.5, f"{RED}/0/zones": ["door"]},
    ),
    "a threshold of a signal that isn't there is another rule's": (
        "threshold-impossible", {f"{RED}/0": trigger("gone", 400.0)},
    ),
    "an authority's yellow may be announced as orange": (
        "authority-colour-lowered", {"/warnings/1/triggers/-": trigger("weather", 2.0)},
    ),
    "a day within the week is found": (
        "peak-never",
        PEAKS
        | {"/peaks": [peak(weekdays=["monday"], first_day="2026-10-03", last_day="2026-10-05")]},
    ),
    "a peak may be every day": ("peak-never", PEAKS | {"/peaks": [peak()]}),
    "a plan that watches nothing has no triggers": (
        "level-not-automatic",
        {"/signals": [], "/levels/0/automatic": [], "/levels/1/automatic": []},
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
