"""How the workflows are run."""

from __future__ import annotations

from typing import Final

from temporalio.worker import UnsandboxedWorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from workflows.incident import IncidentWorkflow

WORKFLOWS: Final = (IncidentWorkflow,)

PURE: Final = (
    "domain",
    "pydantic",
    "pydantic_core",
    "rpds",
    *(
        f"workflows.{part}"
        for part in ("activity_tracker", "deadline_timer", "ports", "search_attributes")
    ),
)
"""Modules that runs share with their process: they read no clock, no network, no chance, and keep
nothing."""

CHECKED: Final = SandboxedWorkflowRunner(
    restrictions=SandboxRestrictions.default.with_passthrough_modules(*PURE)
)
"""Runs workflows in tests and replays: a run that reads a clock, a network or chance fails."""

RUNNER: Final = UnsandboxedWorkflowRunner()
"""Runs them in production: the same code, for an eighth of the memory and of the time to begin."""
