"""A small venue with a small plan, and what happens there: the nouns of these tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.incident.activation import ActivateResponse
from domain.incident.command import AcceptRole
from domain.incident.decider import INCIDENTS
from domain.incident.events.opening import IncidentOpened
from domain.incident.measures import NewMeasure
from domain.incident.obligations.deadlines import LetDeadlinePass
from domain.incident.state.incident import DeadlineKind, Incident
from domain.incident.warning import RaiseWarning, ReportAlarm
from domain.plan.canonical import pinned
from domain.plan.model.plan import Plan
from domain.values import Actor, HazardKind, Mode, ResponseLevel, Role, WarningColour
from tests.domain.spec import NOON, Given

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def _said(text: str) -> dict[str, str]:
    return {"zh": text, "en": text}


def _task(task: str, phase: str, post: str, **rules: object) -> dict[str, object]:
    spans = {"acknowledge_within": "1 min", **rules}
    return {"id": task, "title": _said(task), "phase": phase, "post": post, **spans}


def _post(post: str, holder: str, *deputies: str, members: tuple[str, ...] = ()) -> object:
    people = {"holder": holder, "deputies": deputies, "members": members}
    return {"id": post, "title": _said(post), **people}


def _group(group: str, *posts: object) -> object:
    return {"id": group, "title": _said(group), "duties": [_said("duty")], "posts": posts}


PEOPLE = ("boss", "vice", "third", "lead", "member", "second", "press", "stores", "screens")

PLAN = Plan.model_validate(
    {
        "id": "mall",
        "version": 1,
        "title": _said("mall"),
        "purpose": _said("safety"),
        "scope": _said("the mall"),
        "hazards": ["crowding", "fire"],
        "venues": [
            {
                "id": "mall",
                "title": _said("mall"),
                "zones": [
                    {"id": "north", "title": _said("north"), "capacity": 100},
                    {"id": "south", "title": _said("south"), "capacity": 100},
                ],
            }
        ],
        "contacts": [
            {"id": person, "title": _said(person), "channels": ["mail"]} for person in PEOPLE
        ],
        "groups": [
            _group("hq", _post("command", "boss", "vice", "third")),
            _group("guides", _post("guidance", "lead", "second", members=("member",))),
            _group("press", _post("information", "press")),
            _group("stores", _post("logistics", "stores")),
        ],
        "command": {"post": "command", "accept_within": "3 min"},
        "alarm": {
            "verify_within": "2 min",
            "fail_safe_level": "III",
            "fail_safe_matters": _said("nobody looked"),
        },
        "warnings": [{"colour": "orange", "criteria": _said("90 %")}],
        "levels": [
            {"level": level, "criteria": _said(level), "decided_by": ["command"]}
            for level in ("I", "II", "III")
        ],
        "tasks": [
            _task("prepare", "warning", "guidance"),
            _task("guide", "response", "guidance", start_within="5 min", finish_within="30 min"),
            _task("close", "response", "guidance", levels=["I", "II"]),
            _task("douse", "response", "guidance", hazards=["fire"]),
            _task("settle", "aftermath", "logistics"),
        ],
        "reports": [
            {
                "id": "sitrep",
                "title": _said("sitrep"),
                "phases": ["warning", "response"],
                "post": "information",
                "first_within": "10 min",
                "every": {"II": "15 min", "III": "30 min"},
                "warning_every": "60 min",
            },
            {
                "id": "statutory",
                "title": _said("statutory"),
                "phases": ["response"],
                "post": "information",
                "first_within": "1 h",
                "required_to_terminate": True,
            },
        ],
        "notices": {"post": "information", "channels": ["screens"], "first_within": "10 min"},
        "resource_kinds": [
            {"id": "guards", "title": _said("guards")},
            {"id": "ambulance", "title": _said("ambulance")},
        ],
        "resource_needs": [
            {"kind": "guards", "quantity": 2, "levels": ["I", "II"], "arrive_within": "10 min"}
        ],
        "resource_post": "logistics",
    }
)
PINNED = pinned(PLAN)


def person(name: str, role: Role = Role.RESPONDER) -> Actor:
    """Return somebody with a role."""
    return Actor(name, frozenset({role}))


DESK = person("desk", Role.OPERATOR)
BOSS = person("boss", Role.COMMANDER)
VICE = person("vice", Role.COMMANDER)
LEAD, MEMBER, SECOND, STRANGER = (person(n) for n in ("lead", "member", "second", "stranger"))
PRESS = person("press", Role.INFORMATION_OFFICER)
CLOCK = person("clock", Role.SYSTEM)
HANDS = person("hands", Role.SYSTEM)
ELSEWHERE = Actor("desk-b", frozenset({Role.OPERATOR}), frozenset({"station"}))

OPENED = IncidentOpened(
    venue="mall", hazard=HazardKind.CROWDING, plan=PINNED.ref, mode=Mode.LIVE, pace=1.0
)
ONE_WAY = NewMeasure(measure="one-way", title="One way")
WARN = RaiseWarning(
    venue="mall",
    plan="mall",
    hazard=HazardKind.CROWDING,
    colour=WarningColour.ORANGE,
    starts_at=datetime(2026, 5, 1, 12, tzinfo=UTC),
    scope=("north",),
    matters="Mind the step.",
    measures=(ONE_WAY,),
    issuer="desk",
)
ALARM = ReportAlarm(
    venue="mall", plan="mall", hazard=HazardKind.FIRE, zone="north", source="button"
)
ACTIVATE = ActivateResponse(
    level=ResponseLevel.III, matters="Crowding.", expected_duration=timedelta(hours=2)
)

NOTHING: Given[Incident] = Given(INCIDENTS, [], PINNED, NOON)
WARNED = NOTHING.having(WARN)
ALARMED = NOTHING.having(ALARM)
RESPONDING = WARNED.having(ACTIVATE)
COMMANDED = RESPONDING.having(AcceptRole(post="command"), BOSS)


def due(kind: DeadlineKind, subject: str, after: timedelta) -> LetDeadlinePass:
    """Name a deadline that was armed for so long after noon."""
    return LetDeadlinePass(deadline=kind, subject=subject, due_at=NOON + after)
