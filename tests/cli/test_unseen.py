"""A terminal and a page get no control that a text brought along."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import StringIO
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from muster.v1.incident_pb2 import Holding, Incident, LegalHold
from rich.text import Text

from activities.evaluation.report import report
from activities.notification.message import Wanted, written
from compiler.drawing.flowchart.chart import flowchart
from compiler.drawing.flowchart.mermaid import mermaid
from compiler.driver import inspect, shipped
from compiler.handbook.book import Edition, handbook
from domain.incident.events.duties import Message
from domain.incident.state.incident import Incident as Known
from domain.plan.canonical import pinned
from domain.plan.model.plan import Plan
from domain.texts import UNSEEN
from domain.values import Text as Said
from eventstore.log.events import StoredEvent
from services.cli.incident.queries import state
from services.cli.incident.timeline import lines, table
from services.cli.incident.watch import said
from services.cli.output.answers import Output, grid
from services.cli.output.failure import Failure
from services.cli.output.terminal import Terminal, as_json
from services.runtime.exit_codes import Exit
from services.runtime.sentences import sentence_in_utc

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType

HIDDEN = "east\x1b[2J\x9b31m gate\x07\u202etser\u202c\rwest"
AT = datetime(2026, 5, 1, 6, 30, tzinfo=UTC)
OUTPUTS = [Output("zh", as_json=False), Output("en", as_json=False)]


def stored(kind: str, version: int, **data: Any) -> StoredEvent:
    meta = json.dumps({"actor": HIDDEN, "reason": HIDDEN})
    name = "incident/0b8e4f3c-3f0e-4f5e-9f52-6a7d1c2b3a40"
    text = json.dumps(data, ensure_ascii=False)
    return StoredEvent(version, AT, AT, name, version, UUID(int=version), kind, 1, text, meta, b"")


def plan_of_before() -> Plan:
    """Return a plan with such a text wherever it has one, as an older log may hold it."""
    plan = inspect(shipped()["general-venue"], "general-venue").plan
    assert plan is not None
    return Plan.model_validate_json(json.dumps(_spoilt(plan.model_dump(mode="json"))))


def _spoilt(value: Any) -> Any:
    match value:
        case {"zh": str() | None, "en": str() | None}:
            return {"zh": HIDDEN, "en": HIDDEN}
        case dict():
            return {name: _spoilt(inner) for name, inner in value.items()}
        case list():
            return [_spoilt(inner) for inner in value]
        case _:
            return value


PLAN = plan_of_before()
OPENED = stored(
    "IncidentOpened",
    1,
    venue="riverside-mall",
    hazard="crowding",
    plan=pinned(PLAN).ref.model_dump(),
    mode="live",
    pace=1.0,
)
EVENTS = [
    OPENED,
    stored("AlarmReported", 2, zone="atrium", source=HIDDEN, verify_by="2026-05-01T06:33:00Z"),
    stored("MeasureImposed", 3, measure="shut", title=HIDDEN),
]
SHOWN: dict[str, Callable[[Output], RenderableType]] = {
    "timeline": lambda output: table([*lines(EVENTS, output.language)], output.language, HIDDEN),
    "watch": lambda output: Text("\n").join(said(EVENTS, output)),
    "incident": lambda output: state(
        Incident(
            incident_id=HIDDEN,
            venue=HIDDEN,
            posts={HIDDEN: Holding(held_by=HIDDEN)},
            legal_holds={"h": LegalHold(authority=HIDDEN, person=HIDDEN)},
        ),
        output,
    ),
    "grid": lambda output: grid(("unit",), [[HIDDEN], [Text(HIDDEN)]], output.language, HIDDEN),
    "text": lambda _: HIDDEN,
}


@pytest.mark.parametrize("output", OUTPUTS, ids=lambda output: output.language)
@pytest.mark.parametrize("shown", SHOWN)
def test_a_terminal_gets_only_our_own_controls(shown: str, output: Output) -> None:
    file = StringIO()
    plain = Terminal(file=file, width=120, no_color=True, highlight=False, markup=False)
    plain.print(SHOWN[shown](output))
    assert "\\x1b[2J\\x9b31m" in "".join(file.getvalue().split())
    assert not UNSEEN.search(file.getvalue())


def test_colours_are_still_shown() -> None:
    file = StringIO()
    colourful = Terminal(file=file, force_terminal=True, width=80)
    colourful.print(Text("east\x1b[2J", style="red"))
    assert "\x1b[31m" in file.getvalue() or "\x1b[" in file.getvalue()
    assert "east\\x1b[2J" in file.getvalue()


def test_json_is_escaped_and_reads_back_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    Output("en", as_json=True).line({"source": HIDDEN})
    found = capsys.readouterr().out
    assert not UNSEEN.search(found)
    assert json.loads(found) == {"source": HIDDEN}
    assert json.loads(as_json(["东门"])) == ["东门"]
    assert "东门" in as_json(["东门"])


def test_a_failure_is_shown_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    failure = Failure(Exit.REFUSED, HIDDEN, HIDDEN, {HIDDEN: HIDDEN}, {HIDDEN: HIDDEN}, HIDDEN)
    Output("en", as_json=False).fail(failure)
    Output("en", as_json=True).fail(failure)
    assert not UNSEEN.search(capsys.readouterr().err)


def test_a_report_shows_it_escaped() -> None:
    made = report(EVENTS, pinned(PLAN), sentence_in_utc)
    assert not UNSEEN.search(made.markdown)
    assert not UNSEEN.search(made.html)
    assert "\\x1b" in made.html


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_handbook_and_pictures_show_it_escaped(language: str) -> None:
    book = handbook(PLAN, Edition(language, AT.date(), None))
    for made in (book, flowchart(PLAN, language).svg(), mermaid(PLAN, language)):
        assert not UNSEEN.search(made)
        assert "x1b" in made


def test_a_mail_shows_it_escaped_and_its_subject_in_one_line() -> None:
    titles = {"task/t": Said.of(HIDDEN, HIDDEN)}
    wanted = Wanted("i", "n1", "lead", Message.TASK_ASSIGNED, "task/t", titles)
    message = written(wanted, Known(venue="riverside-mall"), PLAN)
    assert not UNSEEN.search(message.subject + message.body)
    assert "\n" not in message.subject
