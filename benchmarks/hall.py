"""A plan of one hall, with little for anybody to do: what benchmarks open their incidents under."""

from __future__ import annotations

from typing import Any

VENUE, ZONE = "bench-mall", "hall"

PLAN: dict[str, Any] = {
    "id": "bench",
    "version": 1,
    "title": {"en": "Bench"},
    "purpose": {"en": "To be measured."},
    "scope": {"en": "One hall."},
    "hazards": ["crowding"],
    "venues": [
        {
            "id": VENUE,
            "title": {"en": "Mall"},
            "zones": [{"id": ZONE, "title": {"en": "Hall"}, "capacity": 1_000}],
        }
    ],
    "contacts": [
        {"id": name, "title": {"en": name}, "channels": ["mail"]}
        for name in ("one", "two", "screens")
    ],
    "groups": [
        {
            "id": "hq",
            "title": {"en": "HQ"},
            "duties": [{"en": "All of it."}],
            "posts": [
                {"id": "boss", "title": {"en": "Boss"}, "holder": "one", "deputies": ["two"]}
            ],
        }
    ],
    "command": {"post": "boss", "accept_within": "30 d"},
    "alarm": {"fail_safe_level": "IV", "fail_safe_matters": {"en": "Nobody looked."}},
    "warnings": [{"colour": "blue", "criteria": {"en": "Any."}}],
    "levels": [{"level": "IV", "criteria": {"en": "Any."}, "decided_by": ["boss"]}],
    "tasks": [
        {
            "id": f"{phase}-duty",
            "title": {"en": "A duty"},
            "phase": phase,
            "post": "boss",
            "acknowledge_within": "30 d",
        }
        for phase in ("warning", "response", "aftermath")
    ],
    "reports": [
        {
            "id": "sitrep",
            "title": {"en": "Report"},
            "phases": ["response"],
            "post": "boss",
            "first_within": "30 d",
        }
    ],
    "notices": {"post": "boss", "channels": ["screens"], "first_within": "30 d"},
    "resource_post": "boss",
}
