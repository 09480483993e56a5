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
from domain.values import Fact

FACTS: dict[str, type[Fact]] = {
    shape.model_fields["kind"].default: shape
    for topic in (opening, response, duties, means, aftermath, people, corrections, custody)
    for shape in vars(topic).values()
    if isinstance(shape, type) and issubclass(shape, Fact) and shape is not Fact
}
"""Every kind of fact, by its stored name."""
