"""Which commands there are, beside those of the stack; each is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import typer

# ruff: noqa: PLC0415 - that is what this file is for: the command line starts twice as fast


def plan(app: typer.Typer) -> None:
    """Register `muster plan`."""
    from services.cli import plan as commands
    from services.cli import (
        plan_approval,
        plan_check,
        plan_diff,
        plan_drawing,
        plan_new,
        plan_schema,
    )

    plan_check.add_to(commands.app)
    plan_approval.add_to(commands.app)
    plan_diff.add_to(commands.app)
    plan_new.add_to(commands.app)
    plan_drawing.add_to(commands.app)
    plan_schema.add_to(commands.app)
    app.add_typer(commands.app, name="plan")


def incident(app: typer.Typer) -> None:
    """Register `muster incident`."""
    from services.cli import incident as commands

    app.add_typer(commands.app, name="incident")


def resource(app: typer.Typer) -> None:
    """Register `muster resource`."""
    from services.cli import resource as commands

    app.add_typer(commands.app, name="resource")


def contact(app: typer.Typer) -> None:
    """Register `muster contact`."""
    from services.cli import resource as commands

    app.add_typer(commands.contacts, name="contact")


def token(app: typer.Typer) -> None:
    """Register `muster token`."""
    from services.cli import token as commands

    app.add_typer(commands.app, name="token")


def webhook(app: typer.Typer) -> None:
    """Register `muster webhook`."""
    from services.cli import webhook as commands

    app.add_typer(commands.app, name="webhook")


def replay(app: typer.Typer) -> None:
    """Register `muster replay`."""
    from services.cli import audit
    from services.cli.session import action

    action(app, "replay", role="auditor")(audit.replay)


def diff(app: typer.Typer) -> None:
    """Register `muster diff`."""
    from services.cli import diff as commands
    from services.cli.session import action

    action(app, "diff", role="auditor")(commands.diff)


def verify(app: typer.Typer) -> None:
    """Register `muster verify`."""
    from services.cli import audit
    from services.cli.session import action

    action(app, "verify", role="auditor")(audit.verify)


def checkpoint(app: typer.Typer) -> None:
    """Register `muster checkpoint`."""
    from services.cli import kept
    from services.cli import proof as commands

    kept.add_to(commands.checkpoints)
    app.add_typer(commands.checkpoints, name="checkpoint")


def proof(app: typer.Typer) -> None:
    """Register `muster proof`."""
    from services.cli import heads as commands

    app.add_typer(commands.app, name="proof")


def monitor(app: typer.Typer) -> None:
    """Register `muster monitor`."""
    from services.cli import monitor as commands
    from services.cli.session import action

    action(app, "monitor", role="auditor", compares=False)(commands.monitor)


def acknowledge(app: typer.Typer) -> None:
    """Register `muster acknowledge`."""
    from services.cli import proof as commands
    from services.cli.session import action

    action(app, "acknowledge", role="administrator")(commands.acknowledge)


def export(app: typer.Typer) -> None:
    """Register `muster export`."""
    from services.cli import export as commands

    app.add_typer(commands.app, name="export")


def watch(app: typer.Typer) -> None:
    """Register `muster watch`."""
    from services.cli import watching
    from services.cli.session import action

    action(app, "watch", role="operator")(watching.watch)


def report(app: typer.Typer) -> None:
    """Register `muster report`."""
    from services.cli import reporting
    from services.cli.session import action

    action(app, "report", role="auditor")(reporting.report)


def erase(app: typer.Typer) -> None:
    """Register `muster erase`."""
    from services.cli import erase as commands
    from services.cli.session import action

    action(app, "erase", role="administrator")(commands.erase)


def hold(app: typer.Typer) -> None:
    """Register `muster hold`."""
    from services.cli import erase as commands

    app.add_typer(commands.hold, name="hold")


def disclose(app: typer.Typer) -> None:
    """Register `muster disclose`."""
    from services.cli import erase as commands
    from services.cli.session import action

    action(app, "disclose", role="administrator")(commands.disclose)


def disclosures(app: typer.Typer) -> None:
    """Register `muster disclosures`."""
    from services.cli import erase as commands
    from services.cli.session import action

    action(app, "disclosures", role="administrator")(commands.disclosures)


def accesses(app: typer.Typer) -> None:
    """Register `muster accesses`."""
    from services.cli import accesses as commands
    from services.cli.session import action

    action(app, "accesses", role="auditor")(commands.accesses)


def backup(app: typer.Typer) -> None:
    """Register `muster backup`."""
    from services.cli import backup as commands

    app.command("backup")(commands.backup)


def restore(app: typer.Typer) -> None:
    """Register `muster restore`."""
    from services.cli import backup as commands

    app.command("restore")(commands.restore)


def rewrap(app: typer.Typer) -> None:
    """Register `muster rewrap`."""
    from services.cli import backup as commands

    app.command("rewrap")(commands.rewrap)


def views(app: typer.Typer) -> None:
    """Register `muster views`."""
    from services.cli import views as commands

    app.add_typer(commands.app, name="views")


def demo(app: typer.Typer) -> None:
    """Register `muster demo`."""
    from services.cli import demonstration

    app.command("demo")(demonstration.demo)


COMMANDS: dict[str, Callable[[typer.Typer], None]] = {
    register.__name__: register
    for register in (
        plan,
        incident,
        resource,
        contact,
        token,
        webhook,
        replay,
        diff,
        verify,
        checkpoint,
        proof,
        monitor,
        acknowledge,
        export,
        watch,
        report,
        demo,
        erase,
        hold,
        disclose,
        disclosures,
        accesses,
        backup,
        restore,
        rewrap,
        views,
    )
}
"""How each is registered, by its name."""


def add_to(app: typer.Typer, names: Iterable[str] = COMMANDS) -> None:
    """Register commands; all of them unless some are named."""
    for name in names:
        COMMANDS[name](app)
