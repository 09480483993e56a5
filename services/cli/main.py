"""`muster`: the stack, the plans, the incidents, the log."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import cache
from typing import NoReturn

import typer
from typer.models import CommandInfo

from services.cli import register, stack

app = typer.Typer(
    name="muster",
    help="Runs emergency plans: a plan is data, an incident a durable process, its log the proof.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
stack.add_to(app)


def command_line(asked: Sequence[str] = ()) -> typer.Typer:
    """Return the commands: every one, or only the one that is asked for, which starts sooner."""
    first = asked[0] if asked else ""
    if first in {name_of(command) for command in app.registered_commands}:
        return app
    if first in register.COMMANDS:
        register.add_to(app, [first])
        return app
    return whole()


@cache
def whole() -> typer.Typer:
    """Return every command there is."""
    register.add_to(app)
    return app


def name_of(command: CommandInfo) -> str:
    """Return how a command is asked for."""
    return str(command.name or getattr(command.callback, "__name__", ""))


def main() -> NoReturn:
    """Run the command line, and end at once: threads of gRPC may outlive their interpreter."""
    code: object = 0
    try:
        command_line(sys.argv[1:])()
    except SystemExit as end:
        code = end.code
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    main()
