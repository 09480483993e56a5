"""What was used least recently makes room."""

from __future__ import annotations

from domain.lru import LruCache


def of_two() -> LruCache[str, int]:
    cache: LruCache[str, int] = LruCache(2)
    cache["a"], cache["b"] = 1, 2
    return cache


def left(cache: LruCache[str, int]) -> list[int | None]:
    return [cache.get(key) for key in "abc"]


def test_the_oldest_makes_room() -> None:
    cache = of_two()
    cache["c"] = 3
    assert left(cache) == [None, 2, 3]


def test_what_was_read_is_used() -> None:
    cache = of_two()
    cache.get("a")
    cache["c"] = 3
    assert left(cache) == [1, None, 3]


def test_what_was_set_again_is_used_and_takes_no_more_room() -> None:
    cache = of_two()
    cache["a"] = 4
    assert len(cache) == 2
    cache["c"] = 3
    assert left(cache) == [4, None, 3]


def test_what_is_forgotten_makes_room() -> None:
    cache = of_two()
    assert (cache.pop("a"), cache.pop("a")) == (1, None)
    cache["c"] = 3
    assert left(cache) == [None, 2, 3]
    cache.clear()
    assert len(cache) == 0
