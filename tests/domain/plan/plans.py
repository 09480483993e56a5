"""A plan that is small and free of findings, and ways to spoil it."""

from __future__ import annotations

from typing import Any

from domain.plan.model.plan import Plan


def text(said: str) -> dict[str, str]:
    """Say something in both languages."""
    return {"zh": f"{said}（中文）", "en": said}


def written() -> dict[str, Any]:
    """Return the plan as somebody wrote it: plain dicts and lists, to be spoiled at will."""
    return {
        "id": "small-plan",
        "version": 1,
        "title": text("Small plan"),
        "purpose": text("Keep people safe"),
        "scope": text("One shop"),
        "hazards": ["crowding", "fire"],
        "venues": [{"id": "shop", "title": text("Shop"), "zones": [zone("door"), zone("hall")]}],
        "contacts": [contact(name) for name in ("ann", "ben", "cai", "dan", "screens")],
        "groups": [
            group("headquarters", post("commander", "ann", "ben")),
            group("guidance", post("guide", "cai", "dan"), parent="headquarters"),
        ],
        "command": {"post": "commander"},
        "alarm": {"fail_safe_level": "III", "fail_safe_matters": text("Unverified alarm")},
        "warnings": [
            {"colour": colour, "criteria": text(f"When {colour}")}
            for colour in ("red", "orange", "yellow", "blue")
        ],
        "levels": [level("II"), level("III")],
        "tasks": [
            task("prepare", "warning"),
            task("guide", "response"),
            task("settle", "aftermath"),
        ],
        "reports": [
            {
                "id": "situation",
                "title": text("Situation"),
                "phases": ["warning", "response"],
                "post": "guide",
                "every": {"II": "15 min", "III": "30 min"},
                "warning_every": "30 min",
                "source": "State Council Decree 493, art. 9",
                "required_to_terminate": True,
            }
        ],
        "notices": {"post": "guide", "channels": ["screens"], "templates": {"calm": text("Calm")}},
        "resource_kinds": [{"id": "guard", "title": text("Guard")}],
        "resource_needs": [{"kind": "guard", "levels": ["II"]}],
        "resource_post": "guide",
        "supplies": [
            {
                "id": "cones",
                "title": text("Cones"),
                "quantity": 10,
                "minimum": 5,
                "unit": text("piece"),
                "location": text("Store"),
                "custodian": "guide",
            }
        ],
    }


def zone(name: str) -> dict[str, Any]:
    """Return a zone."""
    return {"id": name, "title": text(name), "capacity": 100}


def contact(name: str) -> dict[str, Any]:
    """Return a contact."""
    return {"id": name, "title": text(name), "channels": ["mail"]}


def post(name: str, holder: str, *deputies: str) -> dict[str, Any]:
    """Return a post."""
    return {"id": name, "title": text(name), "holder": holder, "deputies": [*deputies]}


def group(name: str, *posts: dict[str, Any], parent: str | None = None) -> dict[str, Any]:
    """Return a group."""
    duties = [text(f"What {name} does")]
    return {"id": name, "title": text(name), "parent": parent, "duties": duties, "posts": [*posts]}


def level(numeral: str) -> dict[str, Any]:
    """Return a level."""
    return {"level": numeral, "criteria": text(f"When {numeral}"), "decided_by": ["commander"]}


def task(name: str, phase: str, **more: object) -> dict[str, Any]:
    """Return a task of the guide."""
    return {"id": name, "title": text(name), "phase": phase, "post": "guide", **more}


def spoilt(where: str, value: object) -> Plan:
    """Return the small plan with another value at a JSON pointer."""
    *path, last = where.removeprefix("/").split("/")
    plan = written()
    inner: Any = plan
    for step in path:
        inner = inner[int(step)] if isinstance(inner, list) else inner[step]
    inner[int(last) if isinstance(inner, list) else last] = value
    return Plan.model_validate(plan)


SMALL_PLAN = Plan.model_validate(written())
