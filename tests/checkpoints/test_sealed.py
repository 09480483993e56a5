"""What a service shows as an event and is none is refused, whatever its fields hold."""

from __future__ import annotations

from uuid import UUID

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from muster.v1.common_pb2 import Event

from eventstore.integrity.hash_chain import event_hash, genesis
from services.client.checkpoints.sealed_event import sealed_event

ID = str(UUID(int=1))


@pytest.mark.parametrize(
    "event",
    [
        Event(event_id=ID, schema_version=2**15),
        Event(event_id=ID, schema_version=-1),
        Event(event_id="no uuid"),
        Event(event_id=ID, recorded_at=Timestamp(seconds=2**62)),
    ],
    ids=["schema version beyond", "schema version below", "no id", "no instant"],
)
def test_what_can_t_have_been_sealed_is_no_event(event: Event) -> None:
    with pytest.raises(ValueError, match=r"."):
        sealed_event(event)


def test_the_largest_of_each_field_can_be_hashed() -> None:
    event = Event(event_id=ID, schema_version=2**15 - 1, version=2**63 - 1, position=2**63 - 1)
    assert len(event_hash(genesis("a/b"), sealed_event(event))) == 32
