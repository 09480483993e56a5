from __future__ import annotations

from services.follower.restart_backoff import (
    AT_ONCE_TIMES,
    FORGOTTEN_S,
    REST_FIRST_S,
    REST_LONGEST_S,
    RestartBackoff,
)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def mended(times: int) -> tuple[RestartBackoff, Clock]:
    clock = Clock()
    rests = RestartBackoff(clock)
    for _ in range(times):
        rests.mended("one")
    return rests, clock


def test_a_workflow_is_begun_anew_at_once_a_few_times() -> None:
    rests, _ = mended(AT_ONCE_TIMES - 1)
    assert rests.may_be_mended("one")
    rests.mended("one")
    assert not rests.may_be_mended("one")
    assert rests.may_be_mended("another")


def test_then_it_is_left_alone_longer_each_time() -> None:
    rests, clock = mended(AT_ONCE_TIMES)
    clock.now = REST_FIRST_S
    assert rests.may_be_mended("one")
    rests.mended("one")
    clock.now = 2 * REST_FIRST_S
    assert not rests.may_be_mended("one")
    clock.now = 3 * REST_FIRST_S
    assert rests.may_be_mended("one")


def test_but_never_for_ever() -> None:
    rests, clock = mended(100)
    clock.now = REST_LONGEST_S
    assert rests.may_be_mended("one")


def test_what_went_well_for_long_is_forgotten() -> None:
    rests, clock = mended(AT_ONCE_TIMES)
    clock.now = FORGOTTEN_S
    rests.mended("another")
    assert rests.may_be_mended("one")
