"""Every fact of an incident.

The names and fields below are the storage format. Renaming one loses history: add a schema version
instead, and an upcast beside it.
"""

from __future__ import annotations

from domain.incident.events import (
    aftermath,
    corrections,
    custody,
    duties,
    means,
    opening,
    people,
    response,
)
from domain.values import Event

FACTS: dict[str, type[Event]] = {
    shape.model_fields["kind"].default: shape
    for topic in (opening, response, duties, means, aftermath, people, corrections, custody)
    for shape in vars(topic).values()
    if isinstance(shape, type) and issubclass(shape, Event) and shape is not Event
}
"""Every kind of fact, by its stored name."""
