"""How large a number of the domain may be, so that the contract and the log can carry it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AwareDatetime, Field, StrictInt
from pydantic_core import core_schema

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler

INT32_MAX = 2**31 - 1
"""The largest `int32` of the contract."""

INT64_MAX = 2**63 - 1
"""The largest `int64` of the contract."""

COMMAND_EVENTS_MAX = 30_000
"""Events that one command may lead to. They are committed together: some 0.6 s of the log's time.
A plan's file holds at most 100,000 values, seven or more for each task, which begins with two."""

FEN_MAX = 2**53 - 1
"""Hundredths of a yuan: the largest whole number that every reader of JSON keeps exactly."""


@dataclass(frozen=True)
class AtMostWhenAsked:
    """Bounds what is asked, and not what a log holds already.

    Commands and plans are made of Python values; facts are read from the JSON text that was stored,
    and stay readable whatever was allowed when they were stored.
    """

    limit: int

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        stored: Any = handler(source)
        return core_schema.json_or_python_schema(
            json_schema=stored, python_schema={**stored, "le": self.limit}
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "maximum": self.limit}


HAPPENED_MIN = datetime(1900, 1, 1, tzinfo=UTC)
"""Nothing that is reported happened earlier; a database takes the first moment for none."""

Happened = Annotated[AwareDatetime, Field(ge=HAPPENED_MIN)]
"""When something happened that is told."""

Count = Annotated[int, Field(ge=0, le=INT32_MAX)]
"""How many."""

EventVersion = Annotated[int, Field(ge=1, le=INT64_MAX)]
"""The place of an event in its stream."""

Fen = Annotated[int, Field(ge=0, le=FEN_MAX)]
"""Hundredths of a yuan."""

PlanVersion = Annotated[StrictInt, Field(ge=1), AtMostWhenAsked(INT32_MAX)]
"""Which version of a plan."""
