"""`muster demo`: one emergency, from warning to closed case, on a stack of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from services.cli.output.terminal import Terminal
from services.runtime.exit_codes import Exit
from services.runtime.vocabulary import default_language


def demo(
    report: Annotated[
        Path, typer.Option(help="Where the after-action report goes; `.html` or `.md`.")
    ] = Path("muster-demo-report.html"),
    language: Annotated[
        str | None, typer.Option("--lang", help="zh or en; as the environment says.")
    ] = None,
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the stack's folder.")] = False,
) -> None:
    """Play a whole emergency on real parts in half a minute, replay it and prove it."""
    from services.demo.show import Wishes, give  # noqa: PLC0415 - only this command needs it

    wishes = Wishes(language or default_language(), report.resolve(), keep)
    try:
        outcome = asyncio.run(give(wishes, Terminal(highlight=False)))
    except KeyboardInterrupt:
        raise typer.Exit(Exit.INTERRUPTED) from None
    raise typer.Exit(outcome)
