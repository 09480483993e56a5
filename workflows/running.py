"""How the workflows are run: the same for workers and for replays."""

from __future__ import annotations

from typing import Final

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from workflows.incident import IncidentWorkflow

WORKFLOWS: Final = (IncidentWorkflow,)

PURE: Final = ("domain", "pydantic", "pydantic_core", "rpds")
"""Modules that a run shares with its process: they read no clock, no network, no chance."""

RUNNER: Final = SandboxedWorkflowRunner(
    restrictions=SandboxRestrictions.default.with_passthrough_modules(*PURE)
)
