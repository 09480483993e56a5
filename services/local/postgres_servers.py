"""How the servers of an address are, where it names several: which one is the primary, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.postgres.connection import servers
from services.local.health import BAD, GOOD, Line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.postgres.primary import Answer

WARN = "yellow"


async def server_lines(dsn: str) -> Sequence[Line]:
    """Ask each server what it is; nothing is said of one that is alone."""
    answers = await servers(dsn)
    return [_line(answer) for answer in answers] if len(answers) > 1 else []


def _line(answer: Answer) -> Line:
    part, server = f"server {answer.place}", answer.server
    if server is None:
        return Line(part, "away", answer.state, BAD)
    if server.is_standby:
        return Line(part, "standby", "it takes over when it is promoted", GOOD)
    if server.is_superseded:
        said = f"{answer.state}: it takes no appends; rewind it, and it is a standby"
        return Line(part, "superseded", said, WARN)
    waits_for = server.commits_wait_for or "no standby: what it acknowledges is on it alone"
    return Line(part, "primary", f"epoch {server.epoch}, commits wait for {waits_for}", GOOD)
