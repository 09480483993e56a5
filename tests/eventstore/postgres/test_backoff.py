"""Pauses grow to a bound, and callers that failed together come back apart."""

from __future__ import annotations

from itertools import islice

import pytest

from eventstore.postgres.backoff import Backoff

BACKOFF = Backoff(first_s=0.1, longest_s=5.0)


@pytest.mark.parametrize(
    ("failures", "full_s"), [(1, 0.1), (2, 0.2), (6, 3.2), (7, 5.0), (8, 5.0), (100_000, 5.0)]
)
def test_a_pause_is_between_half_of_it_and_all_of_it(failures: int, full_s: float) -> None:
    found = [BACKOFF.pause_s(failures) for _ in range(1_000)]
    assert full_s / 2 <= min(found) < 0.6 * full_s
    assert 0.9 * full_s < max(found) <= full_s


def test_pauses_never_end_and_reach_the_longest() -> None:
    found = [*islice(BACKOFF.pauses(), 200)]
    assert found[0] <= 0.1
    assert all(2.5 <= pause <= 5.0 for pause in found[6:])


def test_callers_that_failed_together_come_back_apart() -> None:
    assert len({BACKOFF.pause_s(7) for _ in range(100)}) == 100
