"""What `muster monitor` must be told: where it keeps what it saw, how often it looks, who hears."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from services.runtime.settings.api_settings import Section

Receiver = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class Monitor(Section):
    """The process that follows a log from outside."""

    folder: Path = Path("monitor")
    """What it saw of the log. Of one monitor alone; keep it away from whoever operates the log."""
    every_seconds: float = Field(default=10.0, ge=0.1, le=3_600)
    """How often it looks."""
    silent_after_seconds: float = Field(default=120.0, ge=1, le=86_400)
    """How long the service may be away, or events may wait for a checkpoint, before it alarms."""
    export_every_seconds: float = Field(default=3_600.0, ge=0.1, le=2_678_400)
    """How often the newest checkpoint is sent out, if there is a new one. Alarms leave at once."""
    mail_to: str | None = None
    """A mail address that takes checkpoints and alarms, by the server under `mail`."""
    webhook_url: str | None = None
    """A URL that takes them, signed and guarded as `webhook` says."""
    webhook_receiver: Receiver = "monitor"
    """Whose secret signs what goes to that URL."""
