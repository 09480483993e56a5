"""`muster report`: the after-action report of a case, made from its log."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from muster.v1.plan_service_pb2 import GetPlanRequest

from activities.evaluation.report import Report
from activities.evaluation.report import report as made_of
from domain.incident.events.aftermath import EvaluationCompleted
from domain.incident.events.opening import IncidentOpened
from domain.plan.model import PinnedPlan, Plan
from eventstore.events import StoredEvent
from services.cli import events
from services.cli.accesses import ReasonOption
from services.cli.connection import Connection
from services.cli.exits import Exit
from services.cli.failure import Failure
from services.cli.sentences import sentence_in_utc
from services.cli.session import Session


class Kind(StrEnum):
    """What a report is written as."""

    HTML = "html"
    MARKDOWN = "md"


async def report(  # noqa: PLR0913 - its options
    session: Session,
    incident: Annotated[str, typer.Argument(metavar="INCIDENT", help="A UUID.")],
    to: Annotated[
        Path | None, typer.Option("--to", help="The file; `.html` or `.md`. Else in this folder.")
    ] = None,
    kind: Annotated[Kind, typer.Option("--format", help="When no file is named.")] = Kind.HTML,
    *,
    evaluated: Annotated[
        bool,
        typer.Option(
            "--evaluated", help="As it was when the case was evaluated: `verify.py` proves it."
        ),
    ] = False,
    reason: ReasonOption = "",
) -> None:
    """Write the after-action report: timeline and figures, each with the events it cites."""
    history = await events.of_incident(session.connection, incident, reason)
    if evaluated:
        history = history[: _up_to(history)]
    made = made_of(history, await pinned(session.connection, history), sentence_in_utc)
    file = to or Path(f"report-{incident}.{kind}")
    write(made, file)
    answer = {"file": str(file), "up_to_version": made.up_to_version, "sha256": made.sha256}
    session.output.show(answer, lambda: str(file))


def _up_to(history: Sequence[StoredEvent]) -> int:
    """Return the version up to which a case was evaluated."""
    facts = [one for one in history if one.type == EvaluationCompleted.__name__]
    if not facts:
        raise Failure(Exit.NOT_FOUND, "NOT_EVALUATED_YET", "the case was not evaluated yet")
    return EvaluationCompleted.model_validate_json(facts[-1].data).up_to_version


async def pinned(connection: Connection, history: list[StoredEvent]) -> PinnedPlan:
    """Return the version of the plan that an incident is pinned to."""
    opened = IncidentOpened.model_validate_json(history[0].data)
    request = GetPlanRequest(plan=opened.plan.id, version=opened.plan.version)
    answer = await connection.plans.GetPlan(request, **connection.call)
    return PinnedPlan(ref=opened.plan, plan=Plan.model_validate_json(answer.json))


def write(made: Report, file: Path) -> None:
    """Write a report as what its file's name says."""
    text = made.markdown if file.suffix == ".md" else made.html
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(Exit.USAGE, "FILE_UNWRITABLE", f"{file}: {error.strerror or error}") from None
