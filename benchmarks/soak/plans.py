"""Plans for the soak, each the hall's with something else: short deadlines, many channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.hall import PLAN

KIND, REPORT = "guard", "sitrep"
POSTS = ("boss", "team")
REACHED = ("one", "two", "three", "screens")
"""Contacts that have an address; `four` has none, and is passed over."""

CHANNELS = tuple(f"screen-{number}" for number in range(500))
"""Public channels: two notices on all of them are a thousand notifications."""


def _contact(name: str, channel: str = "mail") -> Mapping[str, Any]:
    return {"id": name, "title": {"en": name}, "channels": [channel]}


def _task(name: str, phase: str, post: str) -> Mapping[str, Any]:
    return {
        "id": name,
        "title": {"en": name},
        "phase": phase,
        "post": post,
        "acknowledge_within": "3 s",
        "start_within": "6 s",
        "finish_within": "9 s",
    }


SHORT = {
    **PLAN,
    "id": "soak",
    "contacts": [_contact(name) for name in (*REACHED, "four")],
    "groups": [
        {
            "id": "hq",
            "title": {"en": "HQ"},
            "duties": [{"en": "All of it."}],
            "posts": [
                {"id": "boss", "title": {"en": "Boss"}, "holder": "one", "deputies": ["two"]},
                {"id": "team", "title": {"en": "Team"}, "holder": "three", "members": ["four"]},
            ],
        }
    ],
    "command": {"post": "boss", "accept_within": "5 s"},
    "alarm": {
        "verify_within": "4 s",
        "fail_safe_level": "IV",
        "fail_safe_matters": {"en": "Nobody looked."},
    },
    "tasks": [
        _task("warning-duty", "warning", "boss"),
        _task("response-duty", "response", "boss"),
        _task("response-round", "response", "team"),
        _task("aftermath-duty", "aftermath", "boss"),
    ],
    "reports": [
        {
            "id": REPORT,
            "title": {"en": "Report"},
            "phases": ["response"],
            "post": "boss",
            "first_within": "8 s",
            "every": {"IV": "60 s"},
        }
    ],
    "notices": {"post": "boss", "channels": ["screens"], "first_within": "10 s"},
    "resource_kinds": [{"id": KIND, "title": {"en": "Guards"}}],
}
"""Deadlines within seconds, of every kind; as said in an exercise, within fractions of them."""

HASTY = {
    **PLAN,
    "id": "hasty",
    "alarm": {
        "verify_within": "10 s",
        "fail_safe_level": "IV",
        "fail_safe_matters": {"en": "Nobody looked."},
    },
    "tasks": [
        *PLAN["tasks"],
        *(
            {
                "id": f"duty-{number}",
                "title": {"en": f"Duty {number}"},
                "phase": "response",
                "post": "boss",
                **(
                    {"acknowledge_within": "15 s", "start_within": "20 s"}
                    if number < 2
                    else {"acknowledge_within": "30 d"}
                ),
            }
            for number in range(12)
        ),
    ],
    "reports": [{**PLAN["reports"][0], "first_within": "20 s"}],
    "notices": {**PLAN["notices"], "first_within": "15 s"},
}
"""An alarm that nobody verifies begins a response of twelve duties; five deadlines in 30 s."""

BROAD = {
    **PLAN,
    "id": "broad",
    "contacts": [
        *PLAN["contacts"],
        *(_contact(name, "webhook") for name in CHANNELS),
    ],
    "resource_kinds": [{"id": KIND, "title": {"en": "Guards"}}],
    "notices": {"post": "boss", "channels": ["screens"], "first_within": "30 d"},
}
"""Five hundred public channels; what is not asked for in the run is due in a month."""
