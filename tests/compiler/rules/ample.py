"""A plan that says all that these rules look at, free of their findings, and ways to change it."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from compiler.check import check
from domain.plan.model.organisation import Duty
from domain.plan.model.plan import Plan
from tests.compiler.rules.shop import shop
from tests.domain.plan.plans import contact, group, level, post, text, written

GONE = object()
"""Instead of a value: the field is left out."""

Changes = Mapping[str, object]
Broken = Mapping[str, tuple[str, str, Changes]]
"""What somebody could write wrongly: the code, where it is found, and what they wrote."""
Kept = Mapping[str, tuple[str, Changes]]
"""What somebody could write as well: the code that it doesn't lead to, and what they wrote."""

LAW = "国务院令第493号 (2007), art. 9"
HELPED = ("elderly", "pregnant", "child", "wheelchair", "vision", "hearing")
COMMANDED = ["command", "duty_desk", "on_scene_command", "coordination"]
FIELDS = ["unit", "time_and_place", "course", "casualties", "losses", "measures", "other"]


def _said() -> dict[str, Any]:
    return written() | {
        "venues": [shop()],
        "contacts": [contact(name) for name in CONTACTS],
        "groups": _groups(),
        "signals": [
            {"id": "density", "title": text("Density"), "metric": "density"},
            {"id": "weather", "title": text("Weather"), "metric": "authority_colour"},
        ],
        "warnings": [
            _warning("red", 4.0),
            _warning("orange", 3.0),
            _warning("yellow", 2.0),
            _warning("blue", 1.0),
        ],
        "levels": [
            level("II") | {"automatic": [_dense(4.5)]},
            level("III") | {"automatic": [_dense(3.5)]},
        ],
        "tasks": _tasks(),
        "reports": _reports(),
        "notices": _notices(),
        "escalations": [
            {
                "id": "up",
                "title": text("Up"),
                "steps": [
                    {"tell": ["dan", "eve"], "acknowledge": "any", "within": "1 min"},
                    {"tell": ["ann", "ben"], "within": "1 min"},
                ],
            }
        ],
        "protective_actions": [
            _action("leave", "evacuate"),
            _action("stay", "lockdown"),
        ],
        "assistance": [
            {"id": need, "need": need, "aid": text(need), "post": "guide"} for need in HELPED
        ],
        "resource_needs": [{"kind": "guard", "levels": ["II"]}],
        "units": [
            {"id": "guards", "title": text("Guards"), "kind": "guard", "venue": "shop"},
            {"id": "guards-2", "title": text("Guards"), "kind": "guard", "venue": "shop"},
        ],
        "supplies": [_cones()],
        "money": {"decided_by": ["commander", "guide"]},
        "personal_data": {"erase_within": "30 d", "basis": "PIPL", "post": "commander"},
        "drills": [{"id": "drill", "title": text("Drill"), "kind": "functional"}],
        "trainings": [
            {"id": name, "title": text(name), "audience": name, "every": "180 d"}
            for name in ("staff", "posts")
        ],
        "review": {"every": "365 d", "next_on": "2027-06-01"},
        "gates": [
            {
                "phase": "response",
                "requires": [
                    "measures_lifted",
                    "nobody_unaccounted",
                    "assistance_finished",
                    "reports_filed",
                ],
            },
            {"phase": "aftermath", "requires": ["case_evaluated"]},
        ],
    }


CONTACTS = ("ann", "ben", "cai", "dan", "eve", "bureau", "screens")


def _groups() -> list[dict[str, Any]]:
    rest = [duty.value for duty in Duty if duty.value not in COMMANDED]
    return [
        group("headquarters", post("commander", "ann", "ben")) | {"covers": COMMANDED},
        group("guidance", post("guide", "cai", "dan", "eve"), parent="headquarters")
        | {"covers": rest},
    ]


def _warning(colour: str, density: float) -> dict[str, Any]:
    return {
        "colour": colour,
        "criteria": text(f"When {colour}"),
        "triggers": [_dense(density), {"signal": "weather", "at_least": density}],
    }


def _dense(density: float) -> dict[str, Any]:
    return {"signal": "density", "at_least": density, "sustained_for": "2 min"}


def _tasks() -> list[dict[str, Any]]:
    return [
        duty("prepare", "warning"),
        duty("guide", "response", supplies={"cones": 4}, units={"guard": 1}, levels=["II"]),
        duty("fight-fire", "response", hazards=["fire"], start_within="1 min", **QUICK),
        duty("draft", "response", finish_within="5 min", **QUICK),
        duty("follow", "response", after=["guide"], levels=["II"]),
        duty("patrol", "response", repeats_every="15 min", escalation="up"),
        duty("settle", "aftermath"),
        duty("tell-the-end", "aftermath"),
    ]


QUICK = {"acknowledge_within": "1 min"}


def duty(name: str, phase: str, **more: object) -> dict[str, Any]:
    """Return a task of the guide that has a deadline."""
    said = {"id": name, "title": text(name), "phase": phase, "post": "guide"}
    return said | {"finish_within": "20 min"} | more


def _reports() -> list[dict[str, Any]]:
    legal = {"source": LAW, "to": "bureau", "fields": FIELDS, "title": text("Legal")}
    return [
        written()["reports"][0] | {"source": None, "required_to_terminate": False},
        legal
        | {
            "id": "legal",
            "phases": ["response"],
            "post": "commander",
            "first_within": "1 h",
            "every": {"II": "1 h", "III": "2 h"},
            "statutory_within": "1 h",
            "statutory_every": "2 h",
            "required_to_terminate": True,
        },
        legal
        | {
            "id": "later",
            "phases": ["aftermath"],
            "post": "commander",
            "first_within": "7 d",
            "statutory_within": "30 d",
        },
    ]


def _notices() -> dict[str, Any]:
    return {
        "post": "guide",
        "approved_by": ["commander"],
        "channels": ["screens"],
        "templates": {"calm": text("Calm")},
        "rules": [
            {
                "id": "now",
                "title": text("Now"),
                "phase": "response",
                "template": "calm",
                "audiences": ["customers", "staff"],
                "channels": ["screens"],
                "languages": ["zh", "en"],
                "refresh_every": "30 min",
            }
        ],
    }


def _action(name: str, kind: str) -> dict[str, Any]:
    return {"id": name, "title": text(name), "kind": kind, "template": "calm"}


def _cones() -> dict[str, Any]:
    cones: dict[str, Any] = written()["supplies"][0]
    return cones | {
        "lots": [
            {"id": "cones-a", "quantity": 6},
            {"id": "cones-b", "quantity": 4, "expires_on": "2028-01-01"},
        ]
    }


def changed(changes: Mapping[str, object]) -> Plan:
    """Return the ample plan with other values at JSON pointers; one that ends in `/-` appends."""
    plan = deepcopy(_said())
    for where, value in changes.items():
        *path, last = where.removeprefix("/").split("/")
        inner: Any = plan
        for step in path:
            inner = inner[int(step)] if isinstance(inner, list) else inner[step]
        if value is GONE:
            del inner[int(last) if isinstance(inner, list) else last]
        elif last == "-":
            inner.append(value)
        else:
            inner[int(last) if isinstance(inner, list) else last] = value
    return Plan.model_validate(plan)


def found(changes: Mapping[str, object]) -> set[tuple[str, str]]:
    """Return what is found in the ample plan after changes: codes with their places."""
    return {(one.code, one.where) for one in check(changed(changes))}


def codes(changes: Mapping[str, object]) -> set[str]:
    """Return the codes of what is found in the ample plan after changes."""
    return {code for code, _ in found(changes)}


AMPLE_PLAN = changed({})
