"""What `status` and `doctor` say of the clocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.local.health import BAD, GOOD, Line
from services.runtime.clocks.clock_watch import ClockWatch
from services.runtime.clocks.clocks import POSTGRESQL, TEMPORAL

if TYPE_CHECKING:
    from services.runtime.clocks.clocks import Comparison
    from services.runtime.settings.settings import Settings


async def clock_line(settings: Settings) -> Line:
    """Compare this machine's clock with PostgreSQL's and Temporal's."""
    return line_of(await ClockWatch(settings, None, lambda _: None).compare())


def line_of(seen: Comparison) -> Line:
    """Say how the clocks are."""
    if not seen.are_well:
        state = "differ" if not seen.agree else "behind the log"
        return Line("clock", state, seen.complaint(), BAD)
    read = {one.clock for one in seen.readings}
    unread = [clock for clock in (POSTGRESQL, TEMPORAL) if clock not in read]
    also = f"; not read: {', '.join(unread)}" if unread else ""
    return Line("clock", "agrees", f"{seen.described()}{also}", GOOD)
