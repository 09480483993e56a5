"""How people write moments and spans on a command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from typer import BadParameter

SPAN_HINT = "a span such as `90 s`, `3 min`, `1 h`, `2 d`"
INSTANT_HINT = (
    "a moment: `now`, `+10 min`, `-5 min`, `14:30` (today, here), or `2026-05-01T14:30:00+08:00`"
)

_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)\s*")
_SECONDS = {"ms": 0.001, "s": 1, "min": 60, "m": 60, "h": 3_600, "d": 86_400}


def span(text: str) -> Duration:
    """Read how long something takes; `1 h 30 min` adds up."""
    duration = Duration()
    duration.FromTimedelta(_length(text))
    return duration


def instant(text: str) -> Timestamp:
    """Read a moment; one without an offset is meant here."""
    moment = Timestamp()
    moment.FromDatetime(moment_of(text, datetime.now().astimezone()))
    return moment


def moment_of(text: str, now: datetime) -> datetime:
    """Read a moment as seen from now. BadParameter when it is none."""
    asked = text.strip()
    if asked == "now":
        return now.astimezone(UTC)
    if asked[:1] in {"+", "-"}:
        ahead = _length(asked[1:])
        return (now + ahead if asked[0] == "+" else now - ahead).astimezone(UTC)
    try:
        if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", asked):
            at = time.fromisoformat(f"0{asked}" if asked[1] == ":" else asked)
            return datetime.combine(now.date(), at, now.tzinfo).astimezone(UTC)
        moment = datetime.fromisoformat(asked)
    except ValueError:
        message = f"{text!r} is no moment; write {INSTANT_HINT}"
        raise BadParameter(message) from None
    return (moment if moment.tzinfo else moment.astimezone()).astimezone(UTC)


def _length(text: str) -> timedelta:
    asked = text.strip()
    if not re.fullmatch(rf"(?:{_PART.pattern})+", asked):
        message = f"{text!r} is no span; write {SPAN_HINT}"
        raise BadParameter(message)
    return timedelta(
        seconds=sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(asked))
    )
