"""`muster plan schema`: the shape of a plan, for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from compiler.syntax.json_schema import plan_schema
from services.cli.output.answers import Output
from services.cli.output.failure import Failure
from services.cli.session.session import offline
from services.runtime.exit_codes import Exit

ToOption = Annotated[
    Path | None, typer.Option("--to", metavar="FILE", help="Standard output if left out.")
]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    offline(app, "schema")(schema)


def schema(output: Output, to: ToOption = None) -> None:
    """Print the JSON Schema of a plan, with which editors complete and check. Needs no service."""
    if to is None:
        output.line(plan_schema(), indent=2)
        return
    try:
        to.write_text(json.dumps(plan_schema(), ensure_ascii=False, indent=2) + "\n", "utf-8")
    except OSError as error:
        raise Failure(Exit.USAGE, "FILE_UNWRITABLE", f"{to}: {error.strerror or error}") from None
    output.show({"file": str(to)}, lambda: str(to))
