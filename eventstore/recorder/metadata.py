"""What is kept beside every fact: who, why, by which command."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import ValidationError
from pydantic_core import to_json

if TYPE_CHECKING:
    from domain.decider import CommandEnvelope
    from eventstore.log.events import StoredEvent


def meta_texts(asked: CommandEnvelope) -> tuple[str, str]:
    """Return what is kept with a command's first event, and with its others."""
    rest = to_json(_meta(asked)).decode()
    return f'{rest[:-1]},"command":{asked.command.model_dump_json()}}}', rest


def comes_from(event: StoredEvent, asked: CommandEnvelope, stream: str) -> bool:
    """Tell whether an event is the first of just this command, asked by the same before.

    What was asked is read as commands are read now: one asked before its kind gained a field is
    still the same.
    """
    meta = json.loads(event.meta)
    if event.stream != stream or meta.get("actor") != asked.actor.id:
        return False
    try:
        recorded = type(asked.command).model_validate_json(json.dumps(meta.get("command")))
    except ValidationError:
        return False
    return recorded == asked.command


def _meta(asked: CommandEnvelope) -> dict[str, object]:
    meta: dict[str, object] = {
        "actor": asked.actor.id,
        "roles": sorted(asked.actor.roles),
        "command_id": str(asked.command_id),
        "on_behalf_of": asked.on_behalf_of,
        "reason": asked.reason,
        "correlation_id": asked.correlation_id,
        "causation_id": asked.causation_id,
        "trace": asked.trace,
    }
    return {name: value for name, value in meta.items() if value is not None}
