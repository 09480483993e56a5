"""`muster plan`: checked here, published, read back."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from muster.v1.plan_service_pb2 import (
    GetPlanRequest,
    GetPlanResponse,
    ListPlansRequest,
    ListPlansResponse,
)
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from compiler import driver
from compiler.diagnostics.diagnostic import Diagnostic
from compiler.driver import Inspection
from domain.plan.model.notation import spelled
from domain.plan.model.plan import Plan
from services.cli.output.answers import grid
from services.cli.output.failure import Failure
from services.cli.output.terminal import seen_in_json
from services.cli.session.session import Session, action
from services.runtime.exit_codes import Exit
from services.runtime.vocabulary import Language, either, heading, word

app = typer.Typer(no_args_is_help=True, help="Plans: checked, approved, brought into force, read.")

FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="A plan in YAML, or a folder of its files.")
]
PlanArgument = Annotated[str, typer.Argument(metavar="PLAN", help="A plan's id.")]
VersionOption = Annotated[int, typer.Option(min=0, help="The one in force if left out.")]

READER = "operator"


@action(app, "get", role=READER)
async def get(session: Session, plan: PlanArgument, version: VersionOption = 0) -> None:
    """Print a plan's canonical text: the SHA-256 of these bytes is its hash."""
    answer = await _get(session, plan, version)
    if session.output.as_json:
        session.output.line(answer, indent=2)
    else:
        sys.stdout.write(seen_in_json(answer.json) if sys.stdout.isatty() else answer.json)


@action(app, "list", role=READER)
async def list_plans(session: Session) -> None:
    """List the plans, each with its version in force."""
    request, answer = ListPlansRequest(page_size=500), ListPlansResponse()
    while True:
        page = await session.connection.plans.ListPlans(request, **session.connection.call)
        answer.MergeFrom(page)
        answer.next_page_token = request.page_token = page.next_page_token
        if not page.next_page_token:
            break
    session.output.show(answer, lambda: _listed(answer, session.output.language))


@action(app, "show", role=READER)
async def show(session: Session, plan: PlanArgument, version: VersionOption = 0) -> None:
    """Show a plan as people read it: who commands, who does what by when, with which means."""
    answer = await _get(session, plan, version)
    read = Plan.model_validate_json(answer.json)
    session.output.show(answer, lambda: _shown(read, session.output.language))


async def _get(session: Session, plan: str, version: int) -> GetPlanResponse:
    request = GetPlanRequest(plan=plan, version=version)
    return await session.connection.plans.GetPlan(request, **session.connection.call)


def inspected(file: Path, on: date | None = None) -> Inspection:
    """Read a plan's file or folder, and look at all of it; with a day what is over by then.

    Raises Failure.
    """
    try:
        return (driver.inspect_folder if file.is_dir() else driver.inspect_file)(file, on)
    except OSError as error:
        text = f"{file}: {error.strerror or error}"
        raise Failure(Exit.USAGE, "FILE_UNREADABLE", text) from None


def is_written(text: str) -> bool:
    """Tell whether a file or a folder of plan files is meant, and no plan's id."""
    path = Path(text)
    return path.is_file() or any(path.glob("*.y*ml"))


def invalid(found: Inspection, language: Language) -> Failure:
    """Return the failure of a plan that can't work."""
    return Failure(
        Exit.USAGE,
        "PLAN_INVALID",
        either(language, "预案有误，未提交", "the plan can't come into force; nothing was changed"),
        fields={
            f"{one.file}:{one.line}:{one.column}": _said(one, language) for one in found.errors
        },
        hint=either(language, "`muster plan check` 显示位置", "`muster plan check` shows where"),
    )


def _said(one: Diagnostic, language: Language) -> str:
    hint = f" ({one.hint.said_in(language)})" if one.hint else ""
    return f"{one.message.said_in(language)}{hint}"


def _listed(answer: ListPlansResponse, language: Language) -> Table:
    rows = [
        [
            one.plan.id,
            str(one.plan.version),
            (one.title.zh if language == "zh" else one.title.en) or one.title.zh or one.title.en,
            ", ".join(one.venues),
            one.plan.hash[:12],
        ]
        for one in answer.plans
    ]
    return grid(("plan", "version", "title", "venue", "hash"), rows, language)


def _shown(plan: Plan, language: Language) -> RenderableType:
    title = (plan.title.said_in(language), "bold")
    head = Text.assemble(title, f"  {plan.id} v{plan.version}")
    return Group(
        head,
        plan.purpose.said_in(language),
        "",
        _organisation(plan, language),
        "",
        _duties(plan, language),
    )


def _organisation(plan: Plan, language: Language) -> Tree:
    tree = Tree(heading("post", language), guide_style="dim")
    branches: dict[str | None, Tree] = {None: tree}
    for group in plan.groups:
        parent = branches.get(group.parent, tree)
        branches[group.id] = branch = parent.add(Text(group.title.said_in(language), style="bold"))
        for post in group.posts:
            line = " → ".join((post.holder, *post.members, *post.deputies))
            branch.add(f"{post.title.said_in(language)}: {line}")
    return tree


def _duties(plan: Plan, language: Language) -> Table:
    rows = [
        [
            word("phase", task.phase, language),
            task.title.said_in(language),
            task.post,
            " ".join(level.name for level in task.levels),
            spelled(task.acknowledge_within),
            spelled(task.start_within) if task.start_within else "",
            spelled(task.finish_within) if task.finish_within else "",
        ]
        for task in plan.tasks
    ]
    columns = ("phase", "task", "post", "level", "acknowledge", "start", "finish")
    return grid(columns, rows, language)
