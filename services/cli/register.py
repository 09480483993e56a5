"""Which commands there are, beside those of the stack."""

from __future__ import annotations

import typer

from services.cli import audit, incident, plan, resource
from services.cli.demonstration import demo
from services.cli.reporting import report
from services.cli.session import action
from services.cli.watching import watch


def add_to(app: typer.Typer) -> None:
    """Register the commands of plans, incidents, resources and the log."""
    app.add_typer(plan.app, name="plan")
    app.add_typer(incident.app, name="incident")
    app.add_typer(resource.app, name="resource")
    app.add_typer(resource.contacts, name="contact")
    action(app, "replay", role="auditor")(audit.replay)
    action(app, "verify", role="auditor")(audit.verify)
    action(app, "watch", role="operator")(watch)
    action(app, "report", role="auditor")(report)
    app.command("demo")(demo)
