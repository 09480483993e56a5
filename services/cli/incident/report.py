"""`muster report`: the after-action report of a case, made from its log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import grpc
import typer
from muster.v1.audit_service_pb2 import GetInclusionProofRequest, GetInclusionProofResponse
from muster.v1.plan_service_pb2 import GetPlanRequest

from activities.evaluation.report import Report
from activities.evaluation.report import report as made_of
from domain.incident.events.aftermath import EvaluationCompleted
from domain.incident.events.opening import IncidentOpened
from domain.plan.model.plan import PinnedPlan, Plan
from eventstore.bundle.verify import with_evidence
from eventstore.log.events import StoredEvent
from services.cli.incident.accesses import ReasonOption
from services.cli.output.failure import Failure, failure_of
from services.cli.session import events
from services.cli.session.connection import Connection
from services.cli.session.session import Session
from services.runtime.exit_codes import Exit
from services.runtime.sentences import sentence_in_utc

SIGNED_WITHIN_S = 5.0
"""How long to wait for the checkpoint over the last event; the notary signs within two seconds."""

LOOK_S = 0.2


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
    proven = await _evidence(session, history[-1])
    write(made, file, proven)
    answer = {"file": str(file), "up_to_version": made.up_to_version, "sha256": made.sha256}
    session.output.show({**answer, "checkpoint": _size(proven)}, lambda: str(file))


async def _evidence(session: Session, last: StoredEvent) -> Mapping[str, Any] | None:
    """Return which checkpoint holds an event; None, said as a warning, if none can be had."""
    try:
        found = await _proven(session.connection, last)
    except grpc.aio.AioRpcError as error:
        why = failure_of(error)
        text = session.output.said("报告未附检查点", "the report carries no checkpoint")
        session.output.warn(replace(why, text=f"{text}: {why.text}"))
        return None
    return {
        "incident": last.stream.partition("/")[2],
        "version": last.version,
        "position": found.position,
        "hash": found.event_hash.hex(),
        "proof": [one.hex() for one in found.proof],
        "checkpoint": found.checkpoint.note,
    }


async def _proven(connection: Connection, last: StoredEvent) -> GetInclusionProofResponse:
    """Prove an event under the newest checkpoint, which may come a moment after it."""
    request = GetInclusionProofRequest(position=last.position)
    began = time.monotonic()
    while True:
        try:
            return await connection.audit.GetInclusionProof(request, **connection.call)
        except grpc.aio.AioRpcError as error:
            is_waited_for = failure_of(error).reason == "NOT_SIGNED_YET"
            if not is_waited_for or time.monotonic() - began > SIGNED_WITHIN_S:
                raise
        await asyncio.sleep(LOOK_S)


def _size(evidence: Mapping[str, Any] | None) -> int | None:
    """Return the size of the log that a checkpoint is over."""
    return None if evidence is None else int(evidence["checkpoint"].split("\n")[1])


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


def write(made: Report, file: Path, evidence: Mapping[str, Any] | None = None) -> None:
    """Write a report as what its file's name says; a page with the checkpoint that is its proof."""
    page = made.html if evidence is None else with_evidence(made.html, dict(evidence))
    text = made.markdown if file.suffix == ".md" else page
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(Exit.USAGE, "FILE_UNWRITABLE", f"{file}: {error.strerror or error}") from None
