"""`muster plan draw` and `muster plan handbook`: a plan as people print it and hang it up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from muster.v1.plan_service_pb2 import PlanRendering, RenderPlanRequest
from pydantic import TypeAdapter, ValidationError

from compiler.handbook.book import Edition
from compiler.handbook.contact_directory import Numbers
from compiler.render import ENDINGS, Rendering, Sheet, rendered
from compiler.syntax import yaml
from domain.plan.model.plan import Plan
from services.cli.output.answers import Output
from services.cli.output.failure import Failure
from services.cli.plan.diff import TextArgument, read_plan, text_of
from services.cli.plan.published import is_written
from services.cli.session.session import Session, where_needed
from services.runtime.exit_codes import Exit

NUMBERS: TypeAdapter[dict[str, dict[str, str]]] = TypeAdapter(dict[str, dict[str, str]])


class Drawing(StrEnum):
    """What can be drawn of a plan."""

    FLOWCHART = "flowchart"
    MERMAID = "mermaid"
    MAPS = "maps"


WhatOption = Annotated[
    Drawing, typer.Option("--what", help="mermaid is the flowchart as text, for wikis.")
]
VenueOption = Annotated[
    str | None, typer.Option("--venue", help="Only this venue's maps, people and stock.")
]
FolderOption = Annotated[
    Path, typer.Option("--to", metavar="DIR", help="Where the drawings are written.")
]
FileOption = Annotated[
    Path | None, typer.Option("--to", metavar="FILE", help="PLAN-handbook.html if left out.")
]
NumbersOption = Annotated[
    Path | None,
    typer.Option(
        "--numbers",
        metavar="FILE",
        help="Addresses for an edition with personal numbers: YAML, contact → channel → address. "
        "Only for a plan's FILE; they are sent nowhere.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    where_needed(app, "draw", role="operator", without=draw_file, unless=_is_file)(draw)
    where_needed(app, "handbook", role="operator", without=print_file, unless=_is_file)(handbook)


def draw_file(
    output: Output,
    text: TextArgument,
    what: WhatOption = Drawing.FLOWCHART,
    venue: VenueOption = None,
    to: FolderOption = Path(),
) -> None:
    """Draw a plan's file; no service is needed for it."""
    plan = _at(read_plan(text, output.language), venue, output)
    sheets = rendered(plan, Rendering(what), Edition(output.language, _today(), venue))
    _write([(to / f"{plan.id}-{_file(one)}", one.content) for one in sheets], output)


async def draw(
    session: Session,
    text: TextArgument,
    what: WhatOption = Drawing.FLOWCHART,
    venue: VenueOption = None,
    to: FolderOption = Path(),
) -> None:
    """Draw a plan from what is run: the flowchart, or a route map a floor and for each lost exit.

    A plan's file is drawn without a service.
    """
    sheets = await _asked(session, text, Rendering(what), venue)
    name = text.split("@", 1)[0]
    _write([(to / f"{name}-{_file(one)}", one.content) for one in sheets], session.output)


def print_file(
    output: Output,
    text: TextArgument,
    venue: VenueOption = None,
    numbers: NumbersOption = None,
    to: FileOption = None,
) -> None:
    """Make the handbook of a plan's file; no service is needed for it."""
    plan = _at(read_plan(text, output.language), venue, output)
    known = _numbers(numbers, output) if numbers else None
    edition = Edition(output.language, _today(), venue, known)
    (sheet,) = rendered(plan, Rendering.HANDBOOK, edition)
    _write([(to or Path(f"{plan.id}-{_file(sheet)}"), sheet.content)], output)


async def handbook(
    session: Session,
    text: TextArgument,
    venue: VenueOption = None,
    numbers: NumbersOption = None,
    to: FileOption = None,
) -> None:
    """Make a plan's handbook: one page to print, to carry, to read on a telephone.

    A plan's file needs no service.
    """
    if numbers:
        said = session.output.said(
            "--numbers 只用于预案文件", "--numbers is for a plan's file only"
        )
        raise Failure(Exit.USAGE, "FIELD_INVALID", said)
    (sheet,) = await _asked(session, text, Rendering.HANDBOOK, venue)
    file = to or Path(f"{text.split('@', 1)[0]}-{_file(sheet)}")
    _write([(file, sheet.content)], session.output)


async def _asked(
    session: Session, text: str, wanted: Rendering, venue: str | None
) -> Sequence[Sheet]:
    request = RenderPlanRequest(
        text=text_of(text, session.output.language),
        wanted=PlanRendering.Value(f"PLAN_RENDERING_{wanted.name}"),
        venue=venue or "",
    )
    answer = await session.connection.plans.RenderPlan(request, **session.connection.call)
    return [Sheet(one.name, one.title, one.media_type, one.content) for one in answer.sheets]


def _at(plan: Plan, venue: str | None, output: Output) -> Plan:
    known = [one.id for one in plan.venues]
    if venue and venue not in known:
        said = output.said(f"预案没有场所“{venue}”", f"the plan has no venue '{venue}'")
        raise Failure(Exit.USAGE, "VENUE_UNKNOWN", said, hint=", ".join(known))
    return plan


def _numbers(file: Path, output: Output) -> Numbers:
    try:
        text = file.read_bytes()
        yaml.limit(text)
        return NUMBERS.validate_python(yaml.read(text.decode("utf-8-sig")).plain, strict=True)
    except OSError as error:
        said = f"{file}: {error.strerror or error}"
        raise Failure(Exit.USAGE, "FILE_UNREADABLE", said) from None
    except (ValidationError, UnicodeDecodeError, yaml.SyntaxFault):
        said = output.said("应为：联系人 → 渠道 → 号码", "contact → channel → address is expected")
        raise Failure(Exit.USAGE, "FIELD_INVALID", f"{file}: {said}") from None


def _write(files: Sequence[tuple[Path, str]], output: Output) -> None:
    for file, content in files:
        try:
            file.write_text(content, encoding="utf-8")
        except OSError as error:
            said = f"{file}: {error.strerror or error}"
            raise Failure(Exit.USAGE, "FILE_UNWRITABLE", said) from None
    names = [str(file) for file, _ in files]
    output.show({"files": names}, lambda: "\n".join(names))


def _file(sheet: Sheet) -> str:
    return f"{sheet.name}.{ENDINGS[sheet.media_type]}"


def _is_file(values: Mapping[str, Any]) -> bool:
    return is_written(values["text"])


def _today() -> date:
    return datetime.now().astimezone().date()
