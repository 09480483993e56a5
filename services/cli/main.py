"""`muster`: the stack, the plans, the incidents, the log."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import typer

from services.cli.lazy import lazy_group
from services.cli.registry import COMMANDS

app = typer.Typer(
    name="muster",
    cls=lazy_group(COMMANDS),
    callback=lambda: None,  # typer takes an application without commands of its own for none
    help="Runs emergency plans: a plan is data, an incident a durable process, its log the proof.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def command_line() -> typer.Typer:
    """Return all commands."""
    return app


def main() -> NoReturn:
    """Run the command line, and end at once: threads of gRPC may outlive their interpreter."""
    code: object = 0
    try:
        app()
    except SystemExit as end:
        code = end.code
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    main()
