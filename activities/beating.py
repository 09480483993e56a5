"""A sign of life while a hand works, so that what a lost worker held is taken up soon."""

from __future__ import annotations

import asyncio
from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

BEAT_S = 3.0
"""Well within the time after which a worker that shows no sign is taken for lost."""


class Beating(Interceptor):
    """Gives signs of life for every activity of a worker. A hand that is let go of is cancelled."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - its name
        """Put the beat around an activity."""
        return _Beat(next)


class _Beat(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - its name
        beating = asyncio.create_task(_beat())
        try:
            return await super().execute_activity(input)
        finally:
            beating.cancel()


async def _beat() -> None:
    while True:
        await asyncio.sleep(BEAT_S)
        activity.heartbeat()
