"""How arguments and results are written for Temporal: as pydantic says, by adapters all share."""

from __future__ import annotations

from typing import Final

from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
)

_JSON: Final = PydanticJSONPlainPayloadConverter()


class SharedConverter(CompositePayloadConverter):
    """Converts as temporalio's pydantic converter does, with one set of type adapters.

    temporalio makes a converter for each workflow that it runs. Its own would build the adapters
    anew in each: three a workflow, kept for as long as the workflow stays in the cache.
    """

    def __init__(self) -> None:
        super().__init__(
            *(
                _JSON if isinstance(each, JSONPlainPayloadConverter) else each
                for each in DefaultPayloadConverter.default_encoding_payload_converters
            )
        )


DATA_CONVERTER: Final = DataConverter(payload_converter_class=SharedConverter)
