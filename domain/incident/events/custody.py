"""What is done with the record of an incident: its chain of custody."""

from __future__ import annotations

from typing import Literal

from domain.values import Event


class ExportRecorded(Event):
    """The case was exported as it stood before this event.

    The log records it with the export itself, of which it is the reference in the case's own trail:
    a bundle that does not end with it was cut off.
    """

    kind: Literal["ExportRecorded"] = "ExportRecorded"
    export: str
    """The command that asked for it, and the key of the export's stream."""
