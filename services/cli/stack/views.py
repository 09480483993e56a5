"""`muster views`: how far the lists have come, who keeps them, and making one anew."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from projections.registry import VIEWS
from projections.runner import RebuildStopped
from projections.status import NobodyMakes, Overseen, ProjectionStatus
from services.cli.output.formats import Form
from services.cli.output.terminal import as_json
from services.cli.stack.processes import (
    DEFAULT_FOLDER,
    FolderOption,
    FormOption,
    console,
    fail,
    settings_of,
)
from services.runtime.exit_codes import Exit

app = typer.Typer(no_args_is_help=True, help="The views: the tables that lists are read from.")

NAMES = [view.name for view in VIEWS]


@app.command("list")
def list_views(folder: FolderOption = DEFAULT_FOLDER, output: FormOption = Form.TABLE) -> None:
    """Say of every view how far it has come, how it is, and who keeps it."""
    seen = asyncio.run(_look(_dsn(folder)))
    if output is Form.JSON:
        told = [one._asdict() | {"lag": one.lag, "state": one.state} for one in seen]
        typer.echo(as_json(told))
        return
    table = Table("view", "version", "position", "lag", "state", "writer", box=None)
    for one in seen:
        writer = "" if one.writer is None else f"session {one.writer}"
        because = one.stopped or one.making_stopped
        state = f"{one.state}: {because}" if because else one.state
        numbers = (str(one.rules), str(one.position), str(one.lag))
        table.add_row(one.name, *numbers, state, writer)
    console.print(table)


@app.command()
def rebuild(
    name: Annotated[str, typer.Argument(help="Of the view.")],
    folder: FolderOption = DEFAULT_FOLDER,
) -> None:
    """Make a view anew from the first event on; the live one is read until it is replaced."""
    if name not in NAMES:
        fail(f"{name} is no view; these are: {', '.join(NAMES)}", Exit.USAGE)
    try:
        asyncio.run(_rebuild(_dsn(folder), name))
    except RebuildStopped as error:
        fail(f"{name} stopped while it was made anew, the live one is as it was: {error}")
    except NobodyMakes:
        fail(f"no follower runs; {name} is made anew when one does")


async def _look(dsn: str) -> list[Overseen]:
    overseer = await ProjectionStatus.open(dsn, VIEWS)
    try:
        return list(await overseer.look())
    finally:
        await overseer.close()


async def _rebuild(dsn: str, name: str) -> None:
    overseer = await ProjectionStatus.open(dsn, VIEWS)
    try:
        async for seen in overseer.rebuild(name):
            if seen.making is None:
                console.print(f"{name} is in place, at position {seen.position}")
            else:
                console.print(f"{name}: {seen.making} of {seen.head} events")
    finally:
        await overseer.close()


def _dsn(folder: Path) -> str:
    return settings_of(folder).database.dsn.get_secret_value()
