"""What the processes say: a structured line an event, with request and incident, no persons."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from services.runtime.settings.settings import Log

PERSONAL = frozenset({"address", "to", "mail", "phone", "name", "text", "body", "summary"})
"""Keys whose values never get into a line."""

WRITE_ADDRESSES = ("httpx2", "httpx", "httpcore2", "aiosmtplib")
"""Libraries that would write whom they talk to, a line a call."""

SECRET = frozenset({"token", "authorization", "password", "dsn", "api_key", "secret"})


def configure(log: Log, process: str) -> None:
    """Set up the logging of a process: JSON lines on standard error, or text for people."""
    level = logging.getLevelNamesMapping()[log.level.upper()]
    render: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if log.format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for library in WRITE_ADDRESSES:
        logging.getLogger(library).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(process=process)


def _redact(
    _logger: object, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for key in line.keys() & (PERSONAL | SECRET):
        line[key] = "[redacted]"
    return line
