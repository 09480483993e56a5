"""What Temporal keeps of arguments is written as pydantic writes it, by adapters that all share."""

from __future__ import annotations

from datetime import UTC, datetime

from temporalio.contrib.pydantic import pydantic_data_converter

from workflows.converter import DATA_CONVERTER, SharedConverter

WRITTEN = {"moment": datetime(2026, 1, 2, tzinfo=UTC), "texts": ["门", None, 1.5]}


def test_what_the_library_s_own_converter_wrote_is_read_and_written_alike() -> None:
    ours, theirs = DATA_CONVERTER.payload_converter, pydantic_data_converter.payload_converter
    payloads = theirs.to_payloads([WRITTEN, None, b"bytes"])
    assert ours.to_payloads([WRITTEN, None, b"bytes"]) == payloads
    assert ours.from_payloads(payloads) == theirs.from_payloads(payloads)


def test_two_workflows_converters_share_their_adapters() -> None:
    one, other = SharedConverter(), SharedConverter()
    assert one.converters[b"json/plain"] is other.converters[b"json/plain"]
