"""Bearer tokens from the command line."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from domain.values import Role
from services.cli.exits import Exit
from services.cli.stack import DEFAULT_FOLDER, FolderOption, fail, settings_of
from services.local import tokens

app = typer.Typer(no_args_is_help=True, help="Bearer tokens.")


@app.command()
def new(
    actor: Annotated[str, typer.Option(help="Who the token stands for; ends up in the log.")],
    role: Annotated[list[Role], typer.Option(help="What they may do; may be repeated.")],
    venue: Annotated[
        list[str] | None, typer.Option(help="Only at these venues; at all when left out.")
    ] = None,
    folder: FolderOption = DEFAULT_FOLDER,
) -> None:
    """Let somebody in. The token is printed once and kept nowhere; its hash is."""
    if Role.SYSTEM in role:
        fail("the role `system` is of the hands and the clock; no token carries it", Exit.USAGE)
    file = settings_of(folder).api.tokens_file
    sys.stdout.write(tokens.issue(file, actor, role, venue) + "\n")
