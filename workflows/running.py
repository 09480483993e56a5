"""How the workflows are run: the same for workers and for replays."""

from __future__ import annotations

from typing import Final

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from workflows.incident import IncidentWorkflow

WORKFLOWS: Final = (IncidentWorkflow,)

PURE: Final = (
    "domain",
    "pydantic",
    "pydantic_core",
    "rpds",
    *(f"workflows.{part}" for part in ("alarm", "hands", "operators", "ports")),
)
"""Modules that runs share with their process: they read no clock, no network, no chance, and keep
nothing. Importing them anew for every run would cost 5 ms of its 8."""

RUNNER: Final = SandboxedWorkflowRunner(
    restrictions=SandboxRestrictions.default.with_passthrough_modules(*PURE)
)
