"""Which commands there are, in the order of `muster --help`; each is imported when it is run."""

from __future__ import annotations

from importlib import import_module

import typer

from services.cli.lazy import LazyCommand

# ruff: noqa: PLC0415 - that is what this file is for: help and completion start without them


def stack(app: typer.Typer) -> None:
    """Register the commands of the local stack."""
    from services.cli.stack import processes as commands

    commands.add_to(app)


def plan(app: typer.Typer) -> None:
    """Register `muster plan`."""
    from services.cli.plan import approval, check, diff, drawing, new, schema
    from services.cli.plan import published as commands

    check.add_to(commands.app)
    approval.add_to(commands.app)
    diff.add_to(commands.app)
    new.add_to(commands.app)
    drawing.add_to(commands.app)
    schema.add_to(commands.app)
    app.add_typer(commands.app, name="plan")


def incident(app: typer.Typer) -> None:
    """Register `muster incident`."""
    from services.cli.incident import queries as commands

    app.add_typer(commands.app, name="incident")


def resource(app: typer.Typer) -> None:
    """Register `muster resource` and `muster contact`."""
    from services.cli import resource as commands

    app.add_typer(commands.app, name="resource")
    app.add_typer(commands.contacts, name="contact")


def token(app: typer.Typer) -> None:
    """Register `muster token`."""
    from services.cli.stack import token as commands

    app.add_typer(commands.app, name="token")


def webhook(app: typer.Typer) -> None:
    """Register `muster webhook`."""
    from services.cli.stack import webhook as commands

    app.add_typer(commands.app, name="webhook")


def audit(app: typer.Typer) -> None:
    """Register `muster replay` and `muster verify`."""
    from services.cli.log import audit as commands
    from services.cli.session.session import action

    action(app, "replay", role="auditor")(commands.replay)
    action(app, "verify", role="auditor")(commands.verify)


def diff(app: typer.Typer) -> None:
    """Register `muster diff`."""
    from services.cli.incident import diff as commands
    from services.cli.session.session import action

    action(app, "diff", role="auditor")(commands.diff)


def checkpoint(app: typer.Typer) -> None:
    """Register `muster checkpoint`."""
    from services.cli.log import known_checkpoints
    from services.cli.log import proof as commands

    known_checkpoints.add_to(commands.checkpoints)
    app.add_typer(commands.checkpoints, name="checkpoint")


def proof(app: typer.Typer) -> None:
    """Register `muster proof`."""
    from services.cli.log import heads as commands

    app.add_typer(commands.app, name="proof")


def monitor(app: typer.Typer) -> None:
    """Register `muster monitor`."""
    from services.cli.log import monitor as commands
    from services.cli.session.session import action

    action(app, "monitor", role="auditor", compares=False)(commands.monitor)


def acknowledge(app: typer.Typer) -> None:
    """Register `muster acknowledge`."""
    from services.cli.log import proof as commands
    from services.cli.session.session import action

    action(app, "acknowledge", role="administrator")(commands.acknowledge)


def export(app: typer.Typer) -> None:
    """Register `muster export`."""
    from services.cli.log import export as commands

    app.add_typer(commands.app, name="export")


def watch(app: typer.Typer) -> None:
    """Register `muster watch`."""
    from services.cli.incident import watch
    from services.cli.session.session import action

    action(app, "watch", role="operator")(watch.watch)


def report(app: typer.Typer) -> None:
    """Register `muster report`."""
    from services.cli.incident import report
    from services.cli.session.session import action

    action(app, "report", role="auditor")(report.report)


def erase(app: typer.Typer) -> None:
    """Register the commands about personal data."""
    from services.cli import privacy as commands
    from services.cli.session.session import action

    action(app, "erase", role="administrator")(commands.erase)
    action(app, "erasures", role="administrator")(commands.erasures)
    action(app, "disclose", role="administrator")(commands.disclose)
    action(app, "disclosures", role="administrator")(commands.disclosures)
    app.add_typer(commands.hold, name="hold")


def accesses(app: typer.Typer) -> None:
    """Register `muster accesses`."""
    from services.cli.incident import accesses as commands
    from services.cli.session.session import action

    action(app, "accesses", role="auditor")(commands.accesses)


def backup(app: typer.Typer) -> None:
    """Register the commands about backups."""
    from services.cli.stack import backup as commands

    app.command("backup")(commands.backup)
    app.command("restore")(commands.restore)
    app.command("rewrap")(commands.rewrap)


def views(app: typer.Typer) -> None:
    """Register `muster views`."""
    from services.cli.stack import views as commands

    app.add_typer(commands.app, name="views")


def demo(app: typer.Typer) -> None:
    """Register `muster demo`."""
    command = import_module("services.demo.command")  # by name: the demo imports us

    app.command("demo")(command.demo)


COMMANDS: dict[str, LazyCommand] = {
    "up": LazyCommand(
        "Start everything on this machine, in one process tree, until Ctrl-C.", stack
    ),
    "status": LazyCommand("Say what runs, how far each follower is, and what is delayed.", stack),
    "down": LazyCommand("Stop everything that runs in a folder.", stack),
    "doctor": LazyCommand(
        "Check programs, ports, database, Temporal, clock and disk of this machine.", stack
    ),
    "migrate": LazyCommand("Bring the database up to date, as its owner.", stack),
    "recover": LazyCommand(
        "Begin the workflows of open incidents anew where needed, and see that each moves on.",
        stack,
    ),
    "api": LazyCommand("Run the gRPC service alone, as the settings say.", stack),
    "worker": LazyCommand("Run the workflows and the hands alone, as the settings say.", stack),
    "follower": LazyCommand("Run the views and the relay alone, as the settings say.", stack),
    "notary": LazyCommand(
        "Run the notary alone, as the settings say: it signs what the log was.", stack
    ),
    "replay": LazyCommand(
        "Replay a case from its log: who did what, when and why, and how it stood then.", audit
    ),
    "diff": LazyCommand("Say what changed between two moments of a case, by whom and why.", diff),
    "verify": LazyCommand(
        "Check every seal, version and position. Exit code 5 when something is wrong.", audit
    ),
    "monitor": LazyCommand(
        "Follow a log from outside: verify each checkpoint, send them elsewhere, "
        "alarm if it forks.",
        monitor,
    ),
    "acknowledge": LazyCommand(
        "Let the log be written again, knowing that it is not what was signed.", acknowledge
    ),
    "watch": LazyCommand(
        "Follow what happens, until Ctrl-C. With `-o json`: one step of the stream a line.", watch
    ),
    "report": LazyCommand(
        "Write the after-action report: timeline and figures, each with the events it cites.",
        report,
    ),
    "demo": LazyCommand(
        "Play a whole emergency on real parts in half a minute, replay it and prove it.", demo
    ),
    "erase": LazyCommand(
        "Order to erase what is known of a person: recorded for good; the keys here are destroyed.",
        erase,
    ),
    "erasures": LazyCommand(
        "List what was ordered to be erased, when keys were destroyed, and until when copies last.",
        erase,
    ),
    "disclose": LazyCommand(
        "Show what is known of a person, or what was ordered erased. Who is shown it is recorded.",
        erase,
    ),
    "disclosures": LazyCommand("List who was shown whose personal data, when and why.", erase),
    "accesses": LazyCommand(
        "List who read a case, exported it, or was shown personal data of it: when, and why.",
        accesses,
    ),
    "backup": LazyCommand(
        "Save the log, read the file again and verify it; with --vault the keys, in another place.",
        backup,
    ),
    "restore": LazyCommand(
        "Bring a log, and with --vault its keys, into an empty database, and verify it there.",
        backup,
    ),
    "rewrap": LazyCommand(
        "Wrap the keys of personal data with a new key: what the old one wrapped is dead then.",
        backup,
    ),
    "config": LazyCommand("What the processes were told.", stack),
    "mail": LazyCommand("The mails that the local sink took.", stack),
    "plan": LazyCommand("Plans: checked, approved, brought into force, read.", plan),
    "incident": LazyCommand("Incidents: every command, and what is known.", incident),
    "resource": LazyCommand("Units that can be sent.", resource),
    "contact": LazyCommand("People and channels that can be reached.", resource),
    "token": LazyCommand("Bearer tokens.", token),
    "webhook": LazyCommand("Secrets that webhooks are signed with.", webhook),
    "checkpoint": LazyCommand("What the notary signed.", checkpoint),
    "proof": LazyCommand("Proofs of what was signed.", proof),
    "export": LazyCommand("Hand out what proves itself.", export),
    "hold": LazyCommand("What an authority needs may not be erased.", erase),
    "views": LazyCommand("The views: the tables that lists are read from.", views),
}
"""How each is listed and imported, by its name."""
