"""The measures that a plan is written in: spans, levels, metres, hours, days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field, FiniteFloat, Strict, StrictInt, StringConstraints

from domain.plan.model import notation
from domain.values import ResponseLevel

SPAN_MAX = timedelta(days=365)
"""No duty of an emergency takes longer than a year."""
PERSONS_MAX = 1_000_000
"""Persons in one zone; no venue on earth holds more."""
METRES_MAX = 10_000
"""Metres from one end of a venue to the other."""
PIECES_MAX = 1_000_000
"""Pieces of one supply."""

Span = Annotated[timedelta, BeforeValidator(notation.span), Field(gt=timedelta(0), le=SPAN_MAX)]
"""How long something may take: `90 s`, `3 min`, `1 h`, `30 d`, or ISO 8601."""

Numeral = Annotated[ResponseLevel, BeforeValidator(notation.level)]
"""`I` to `IV`, or 1 to 4."""

Number = Annotated[FiniteFloat, Strict()]
"""A finite number."""

Coordinate = Annotated[FiniteFloat, Strict(), Field(ge=-METRES_MAX, le=METRES_MAX)]
"""Metres east or north of the venue's origin."""

Width = Annotated[FiniteFloat, Strict(), Field(gt=0, le=100)]
"""Metres, clear, at the narrowest place."""

Length = Annotated[FiniteFloat, Strict(), Field(ge=0, le=METRES_MAX)]
"""Metres along the way."""

Area = Annotated[FiniteFloat, Strict(), Field(gt=0, le=METRES_MAX * METRES_MAX)]
"""Square metres of free floor."""

Rate = Annotated[FiniteFloat, Strict(), Field(gt=0, le=200)]
"""Persons per metre of width and minute."""

Floor = Annotated[StrictInt, Field(ge=-20, le=200)]
"""0 is the ground floor, -1 the first basement."""

Persons = Annotated[StrictInt, Field(ge=0, le=PERSONS_MAX)]

Pieces = Annotated[StrictInt, Field(ge=0, le=PIECES_MAX)]

Day = Annotated[date, BeforeValidator(notation.day)]
"""A day of the calendar: `2026-11-09`."""

TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""An hour and minute of the venue's day: `07:30`."""

Point = tuple[Coordinate, Coordinate]
"""Metres east and north of the venue's origin."""


def minutes_of(span: timedelta) -> float:
    """Return a span in minutes, as clear times are told."""
    return span / timedelta(minutes=1)
