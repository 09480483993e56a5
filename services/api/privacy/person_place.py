"""Where somebody is known: whom a request about personal data is about."""

from __future__ import annotations

from typing import Any, NamedTuple

from services.api.commands.envelope import incident_id, named
from services.api.errors.failures import Failure, Violation


class Place(NamedTuple):
    """Where somebody is known: an incident, or their own entry in the directory."""

    category: str
    key: str

    @property
    def name(self) -> str:
        """Return the stream."""
        return f"{self.category}/{self.key}"


def place_of(request: Any) -> Place:
    """Return where the person whom a request is about is known. Raises Failure."""
    if request.incident_id:
        return Place("incident", incident_id(request.incident_id))
    if not request.person:
        broken = [Violation.of("incident_id", "missing"), Violation.of("person", "missing")]
        raise Failure("FIELD_INVALID", violations=broken)
    return Place("person", named(request.person, "person"))
