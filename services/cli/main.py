"""`muster`: the stack, the plans, the incidents, the log."""

from __future__ import annotations

import typer

from services.cli import stack

app = typer.Typer(
    name="muster",
    help="Runs emergency plans: the plan is data, an incident is a durable process, the log is proof.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
stack.add_to(app)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
