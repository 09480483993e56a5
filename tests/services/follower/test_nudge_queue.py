"""News of incidents: the first of a quiet one at once, the rest together and at a pace."""

from __future__ import annotations

import asyncio
import time

from services.follower.nudge_queue import PAUSE_LEAST_S, PAUSE_MOST_S, NudgeQueue


async def test_a_quiet_incident_is_told_at_once() -> None:
    news = NudgeQueue(0)
    news.add({"a": 3}, 1, 3)
    assert await asyncio.wait_for(news.due(), PAUSE_LEAST_S / 2) == {"a": 3}


async def test_what_comes_meanwhile_is_told_together_and_later() -> None:
    news = NudgeQueue(0)
    news.add({"a": 1}, 1, 1)
    news.told(await news.due())
    news.add({"a": 2}, 2, 2)
    news.add({"a": 3}, 3, 3)
    began = time.monotonic()
    assert await news.due() == {"a": 3}
    assert time.monotonic() - began > PAUSE_LEAST_S / 2


async def test_a_quiet_incident_does_not_wait_for_a_busy_one() -> None:
    news = NudgeQueue(0)
    news.add({"busy": 1}, 1, 1)
    news.told(await news.due())
    news.add({"busy": 2}, 2, 2)
    waiting = asyncio.create_task(news.due())
    await asyncio.sleep(0)
    news.add({"quiet": 1}, 3, 3)
    assert await asyncio.wait_for(waiting, PAUSE_MOST_S) == {"quiet": 1}


async def test_nothing_counts_as_told_before_it_was() -> None:
    news = NudgeQueue(10)
    news.add({"a": 1}, 11, 12)
    news.add({"b": 1}, 13, 20)
    assert news.told_up_to == 10
    news.told(await news.due())
    assert news.told_up_to == 20


async def test_news_that_comes_while_telling_is_not_forgotten() -> None:
    news = NudgeQueue(0)
    news.add({"a": 1}, 1, 1)
    due = await news.due()
    news.add({"a": 2}, 2, 2)
    news.told(due)
    assert news.told_up_to == 1
    assert await news.due() == {"a": 2}


async def test_positions_without_news_move_the_bookmark() -> None:
    news = NudgeQueue(0)
    news.add({}, 1, 5)
    assert await news.due() == {}
    assert news.told_up_to == 5


async def test_what_is_put_off_stays_untold_and_comes_again() -> None:
    news = NudgeQueue(0)
    news.add({"a": 1, "b": 1}, 1, 2)
    due = await news.due()
    news.told({"a": due["a"]})
    news.put_off(["b"])
    assert news.told_up_to == 0
    assert await asyncio.wait_for(news.due(), PAUSE_MOST_S) == {"b": 1}
