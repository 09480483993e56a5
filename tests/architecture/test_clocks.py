"""Who asks the clock on the wall: everything else goes by the time that the clocks agreed on."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "activities",
    "compiler",
    "domain",
    "eventstore",
    "projections",
    "services",
    "workflows",
)

WALL = {("time", "time"), ("time", "time_ns"), ("datetime", "now"), ("datetime", "utcnow")}
WALL |= {("date", "today"), ("datetime", "today")}

OF_A_PERSON = "a command of a person's, who means the day and the hour on this machine"
RIGHT = {
    "services/runtime/clocks/clocks.py": "is the agreed time",
    "services/runtime/clocks/clock_watch.py": "compares this clock with the others",
    "eventstore/recorder/event_ids.py": "the order of ids only; what makes them differ is drawn",
    "eventstore/backup/backup.py": "run by a person or a timer, beside no process that compares",
    "eventstore/backup/vault_backup.py": "likewise; beside the keys it enters PostgreSQL's time",
    "activities/notification/channels/webhook.py": "a default: the worker passes the agreed time",
    "services/local/tokens.py": "writes how long a token is good for, when a person asks",
    "services/local/child.py": "shows since when a process runs",
    "services/local/doctor.py": "shows since when a process runs, by the same clock",
    "services/local/health.py": "shows since when a process runs, by the same clock",
    "services/local/mail_sink.py": "names files of mails in their order",
    "services/demo/screen.py": "shows how long the demonstration lasts",
    "services/demo/receiver.py": "is somebody else's receiver, with a clock of its own",
    "services/cli/log/audit.py": OF_A_PERSON,
    "services/cli/incident/diff.py": OF_A_PERSON,
    "services/cli/incident/queries.py": OF_A_PERSON,
    "services/cli/plan/check.py": OF_A_PERSON,
    "services/cli/plan/drawing.py": OF_A_PERSON,
    "services/cli/plan/new.py": OF_A_PERSON,
    "services/cli/input/moments.py": OF_A_PERSON,
    "services/cli/stack/token.py": OF_A_PERSON,
}
"""Files that may ask it, and why that is right; no process decides anything by these."""


def test_only_these_ask_the_clock_on_the_wall() -> None:
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    assert {str(file.relative_to(ROOT)) for file in files if _asks(file)} == RIGHT.keys()


def _asks(file: Path) -> bool:
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    named = (node for node in nodes if isinstance(node, ast.Attribute))
    return any((_last(node.value), node.attr) in WALL for node in named)


def _last(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
