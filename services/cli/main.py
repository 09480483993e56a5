"""`muster`: the stack, the plans, the incidents, the log."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache

import typer
from typer.models import CommandInfo

from services.cli import stack

app = typer.Typer(
    name="muster",
    help="Runs emergency plans: a plan is data, an incident a durable process, its log the proof.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
stack.add_to(app)


def command_line(asked: Sequence[str] = ()) -> typer.Typer:
    """Return every command; the stack's alone when one of them is asked: it starts sooner."""
    own = {name_of(command) for command in app.registered_commands}
    return app if asked and asked[0] in own else whole()


@cache
def whole() -> typer.Typer:
    """Return every command there is."""
    from services.cli import register  # noqa: PLC0415 - it takes a while, and not all need it

    register.add_to(app)
    return app


def name_of(command: CommandInfo) -> str:
    """Return how a command is asked for."""
    return str(command.name or getattr(command.callback, "__name__", ""))


def main() -> None:
    """Run the command line."""
    command_line(sys.argv[1:])()


if __name__ == "__main__":
    main()
