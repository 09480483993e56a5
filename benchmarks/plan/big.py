"""A plan as large as plans get: 300 zones on six floors, 40 exits, 2,000 tasks, 400 people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

FLOORS, COLUMNS, ROWS = 6, 10, 5
EXITS = 40
TASKS = 2_000
GROUPS = 40
SIDE = 20.0
"""Metres of a zone."""
PERSONS = 60
"""In a zone."""

HAZARDS = ["fire", "crowding", "security", "facility_failure"]
LEVELS = ["I", "II", "III", "IV"]


def big_plan() -> dict[str, Any]:
    """Return the plan as somebody would have written it; nothing in it is an error."""
    return {
        "id": "big",
        "version": 1,
        "title": _text("大型枢纽", "A hub"),
        "purpose": _text("人人平安撤离。", "Everybody gets out."),
        "scope": _text("整个枢纽。", "All of it."),
        "hazards": HAZARDS,
        "venues": [_venue()],
        "contacts": [*_contacts()],
        "groups": [*_groups()],
        **_alerting(),
        "tasks": [*_tasks()],
        **_telling(),
        "supplies": [*_supplies()],
        "resource_post": "post-1",
    }


def _alerting() -> dict[str, Any]:
    return {
        "command": {"post": "post-0", "accept_within": "3 min"},
        "alarm": {
            "verify_within": "2 min",
            "fail_safe_level": "III",
            "fail_safe_matters": _text("警情未核实。", "Nobody verified it."),
        },
        "warnings": [
            {"colour": colour, "criteria": _text(colour, colour)}
            for colour in ("blue", "yellow", "orange", "red")
        ],
        "levels": [
            {"level": level, "criteria": _text(level, level), "decided_by": ["post-0"]}
            for level in LEVELS
        ],
    }


def _telling() -> dict[str, Any]:
    return {
        "reports": [
            {
                "id": "situation",
                "title": _text("情况报告", "Situation"),
                "phases": ["warning", "response"],
                "post": "post-1",
                "every": dict.fromkeys(LEVELS, "30 min"),
            }
        ],
        "notices": {
            "post": "post-2",
            "channels": ["screens"],
            "templates": {"leave": _text("请撤离。", "Please leave.")},
        },
    }


def _text(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}


def _zone(floor: int, column: int, row: int) -> str:
    return f"zone-{floor}-{column}-{row}"


def _grid() -> Iterator[tuple[int, int, int]]:
    for floor in range(FLOORS):
        for column in range(COLUMNS):
            for row in range(ROWS):
                yield floor, column, row


def _venue() -> dict[str, Any]:
    zones = [
        {
            "id": _zone(*at),
            "title": _text(f"区域{n}", f"Zone {n}"),
            "capacity": PERSONS,
            "x": at[1] * SIDE,
            "y": at[2] * SIDE,
            "floor": at[0],
            "area_m2": SIDE * SIDE,
        }
        for n, at in enumerate(_grid())
    ]
    areas = [
        {
            "id": f"area-{n}",
            "title": _text(f"集合点{n}", f"Area {n}"),
            "capacity": PERSONS * FLOORS * COLUMNS * ROWS,
            "x": n * 50.0,
            "y": -60.0 if n % 2 else ROWS * SIDE + 60.0,
        }
        for n in range(4)
    ]
    passages = [*_corridors(), *_stairs(), *_exits()]
    return {
        "id": "hub",
        "title": _text("枢纽", "Hub"),
        "zones": zones,
        "assembly_areas": areas,
        "passages": passages,
        "egress": {"limit": "30 min"},
    }


def _passage(name: str, kind: str, ends: tuple[str, str], width: float) -> dict[str, Any]:
    one = {"id": name, "title": _text(name, name), "kind": kind, "between": [*ends]}
    return {**one, "width_m": width, "length_m": SIDE}


def _corridors() -> Iterator[dict[str, Any]]:
    for floor, column, row in _grid():
        here = _zone(floor, column, row)
        if column + 1 < COLUMNS:
            ends = here, _zone(floor, column + 1, row)
            yield _passage(f"east-{floor}-{column}-{row}", "corridor", ends, 3.0)
        if row + 1 < ROWS:
            ends = here, _zone(floor, column, row + 1)
            yield _passage(f"north-{floor}-{column}-{row}", "corridor", ends, 3.0)


def _stairs() -> Iterator[dict[str, Any]]:
    for floor in range(1, FLOORS):
        for column in range(0, COLUMNS, 3):
            for row in (0, ROWS - 1):
                ends = _zone(floor, column, row), _zone(floor - 1, column, row)
                yield _passage(f"stairs-{floor}-{column}-{row}", "stairs", ends, 2.0)


def _exits() -> Iterator[dict[str, Any]]:
    for n in range(EXITS):
        column, row = n % COLUMNS, (n // COLUMNS) % ROWS
        ends = _zone(0, column, row), f"area-{n % 4}"
        yield _passage(f"exit-{n}", "door", ends, 1.6)


def _contacts() -> Iterator[dict[str, Any]]:
    for n in range(GROUPS * 10):
        title = _text(f"人员{n}", f"Person {n}")
        yield {"id": f"person-{n}", "title": title, "channels": ["mail", "webhook"]}
    yield {"id": "screens", "title": _text("显示屏", "Screens"), "channels": ["webhook"]}


def _groups() -> Iterator[dict[str, Any]]:
    for n in range(GROUPS):
        post = {
            "id": f"post-{n}",
            "title": _text(f"岗位{n}", f"Post {n}"),
            "holder": f"person-{n * 10}",
            "deputies": [f"person-{n * 10 + k}" for k in range(1, 4)],
            "members": [f"person-{n * 10 + k}" for k in range(4, 10)],
        }
        group = {
            "id": f"group-{n}",
            "title": _text(f"工作组{n}", f"Group {n}"),
            "duties": [_text("疏导", "Guide")],
            "posts": [post],
        }
        yield group if n == 0 else {**group, "parent": f"group-{(n - 1) // 6}"}


def _tasks() -> Iterator[dict[str, Any]]:
    phases = ("warning", "response", "response", "aftermath")
    for n in range(TASKS):
        phase = phases[n % len(phases)]
        task = {
            "id": f"task-{n}",
            "title": _text(f"任务{n}", f"Task {n}"),
            "phase": phase,
            "post": f"post-{n % GROUPS}",
            "acknowledge_within": "3 min",
            "start_within": "5 min",
            "finish_within": "30 min",
            "supplies": {f"supply-{n % 50}": 1},
        }
        follows = n >= 8 and n % 5 == 0
        yield {**task, "after": [f"task-{n - 4}"]} if follows else task


def _supplies() -> Iterator[dict[str, Any]]:
    for n in range(50):
        yield {
            "id": f"supply-{n}",
            "title": _text(f"物资{n}", f"Supply {n}"),
            "quantity": 200,
            "minimum": 100,
            "unit": _text("件", "pieces"),
            "location": _text("库房", "Store"),
            "custodian": f"post-{n % GROUPS}",
            "lots": [{"id": f"lot-{n}", "quantity": 200, "expires_on": "2030-01-01"}],
        }
