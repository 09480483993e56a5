"""The people whom an incident is about, and what the law asks for them."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from domain.privacy import LegalHoldLifted, LegalHoldPlaced, PersonalDataErased, Sealed
from domain.values import Event, Id

__all__ = [
    "LegalHoldLifted",
    "LegalHoldPlaced",
    "PersonConcern",
    "PersonRecorded",
    "PersonalDataErased",
]


class PersonConcern(StrEnum):
    """Why somebody is on an incident's file."""

    CASUALTY = "casualty"
    MISSING = "missing"
    ENQUIRER = "enquirer"
    """Who asks after somebody."""
    SPECIAL_CUSTOMER = "special_customer"
    """Who can't leave without help."""
    WITNESS = "witness"
    OTHER = "other"


class PersonRecorded(Event):
    """Somebody is on the incident's file. Said again, the later one is what holds."""

    kind: Literal["PersonRecorded"] = "PersonRecorded"
    person: Id
    """The name of the file, never the person's own."""
    concern: PersonConcern
    name: Sealed | None
    contact: Sealed | None
    particulars: Sealed | None
