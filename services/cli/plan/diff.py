"""`muster plan diff`: what changes for whom from one text of a plan to another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import typer
from muster.v1.plan_service_pb2 import (
    DiffPlansRequest,
    DiffPlansResponse,
    PlanChange,
    PlanDocument,
    PlanPlace,
    PlanText,
    PlanTopic,
)
from rich.console import Group, RenderableType
from rich.text import Text

from domain.plan.canonical import canonical
from domain.plan.model.plan import Plan
from services.api.messages.plan_diff import compared
from services.cli.input.options import plain_name
from services.cli.output.answers import Output
from services.cli.plan.published import inspected, invalid, is_written
from services.cli.session.session import Session, where_needed
from services.runtime.vocabulary import Language, either, word

PLACE = re.compile(r"([^@]+)(?:@(?:v(\d{1,9})|draft-(\d{1,9})|(draft)))?", re.ASCII)

TextArgument = Annotated[
    str,
    typer.Argument(
        metavar="FILE|PLAN[@v2|@draft|@draft-3]",
        help="A file; or a plan in force, another version of it, its last draft, any draft.",
    ),
]
Person = Annotated[
    str | None, typer.Option("--for", help="Only what changes for this contact of the plans.")
]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    where_needed(app, "diff", role="operator", without=diff_files, unless=_are_files)(diff)


def diff_files(
    output: Output, was: TextArgument, becomes: TextArgument, person: Person = None
) -> None:
    """Compare two files; no service is needed for it."""
    before, after = read_plan(was, output.language), read_plan(becomes, output.language)
    _show(compared(before, after), person, output)


async def diff(
    session: Session, was: TextArgument, becomes: TextArgument, person: Person = None
) -> None:
    """Say what changes for whom from one text to another: duties, deadlines, people, ways out.

    Two files are compared without a service.
    """
    language = session.output.language
    request = DiffPlansRequest(was=text_of(was, language), becomes=text_of(becomes, language))
    answer = await session.connection.plans.DiffPlans(request, **session.connection.call)
    _show(answer, person, session.output)


def _are_files(values: Mapping[str, Any]) -> bool:
    return is_written(values["was"]) and is_written(values["becomes"])


def read_plan(text: str, language: Language) -> Plan:
    """Return the plan in a file, errors and all. Raises Failure if it has no plan's shape."""
    found = inspected(Path(text))
    if found.plan is None:
        raise invalid(found, language)
    return found.plan


def text_of(text: str, language: Language) -> PlanText:
    """Return which text of a plan is meant: a file's, or one that Muster has."""
    if is_written(text):
        return PlanText(document=PlanDocument(json=canonical(read_plan(text, language))))
    meant = PLACE.fullmatch(text)
    if meant is None:
        raise typer.BadParameter(f"{text!r} is no file, and no plan@v2, plan@draft, plan@draft-3")
    plan, version, draft, last = meant.groups()
    place = PlanPlace(
        plan=plan, version=int(version or 0), draft=int(draft or 0), last_draft=bool(last)
    )
    return PlanText(kept=place)


def _show(answer: DiffPlansResponse, person: str | None, output: Output) -> None:
    kept = [one for one in answer.changes if person is None or person in one.people]
    told = DiffPlansResponse(was=answer.was, becomes=answer.becomes, changes=kept)
    output.show(told, lambda: _told(told, output.language))


def _told(answer: DiffPlansResponse, language: Language) -> RenderableType:
    if not answer.changes:
        return either(language, "没有变化", "nothing changes")
    return Group(*_lines(answer.changes, language))


def _lines(changes: Iterable[PlanChange], language: Language) -> Iterable[RenderableType]:
    for number, (topic, about) in enumerate(groupby(changes, key=lambda one: one.topic)):
        if number:
            yield ""
        yield Text(word("topic", plain_name(PlanTopic.DESCRIPTOR, topic), language), style="bold")
        for change in about:
            said = next(one.message for one in change.what if one.locale == language[:2])
            line = Text.assemble("  ", said)
            if change.people:
                line.append(f"  [{', '.join(change.people)}]", style="dim")
            yield line
