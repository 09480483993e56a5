"""Most people through a net of ways: maximum flow and minimum cut (Dinic's algorithm)."""

from __future__ import annotations

from collections import deque
from math import inf

ENOUGH = 1e-9
"""Less than this is nothing: capacities are persons, made of products of floats."""


class FlowNetwork:
    """Places, numbered from 0, and ways between them that take so many persons."""

    def __init__(self, places: int) -> None:
        self._ways: list[list[int]] = [[] for _ in range(places)]
        self._to: list[int] = []
        self._left: list[float] = []

    def way(self, start: int, end: int, there: float, back: float = 0.0) -> int:
        """Add a way, and what it takes in either direction; return its number."""
        number = len(self._to)
        self._ways[start].append(number)
        self._ways[end].append(number + 1)
        self._to += [end, start]
        self._left += [there, back]
        return number

    def left(self, way: int) -> float:
        """Return what a way still takes."""
        return self._left[way]

    def widen(self, way: int, more: float) -> None:
        """Let a way take more."""
        self._left[way] += more

    def flow(self, source: int, sink: int, most: float = inf) -> float:
        """Send as much as goes from source to sink, beyond what was sent; return how much."""
        sent = 0.0
        while most - sent > ENOUGH and (level := self._levels(source))[sink] >= 0:
            sent += self._fill(source, sink, level, most - sent)
        return sent

    def shut(self, way: int, source: int, sink: int) -> float:
        """Let a way take nothing any more; who went there goes elsewhere, as far as that goes.

        Returns how many fewer come from source to sink.
        """
        gone = self._left[way ^ 1]
        end, start = self._to[way], self._to[way ^ 1]
        self._left[way] = self._left[way ^ 1] = 0.0
        stay = gone - self.flow(start, end, gone)
        self.flow(start, source, stay)
        self.flow(sink, end, stay)
        return stay

    def paths(self, source: int, sink: int, most: int) -> int:
        """Send one person after another on a way of their own, at most so many; count them."""
        for sent in range(most):
            if not self._send_one(source, sink):
                return sent
        return most

    def copy(self) -> FlowNetwork:
        """Return the same net, with what was sent through it, to send through on its own."""
        other = FlowNetwork(0)
        other._ways, other._to, other._left = self._ways, self._to, self._left.copy()
        return other

    def upstream(self, source: int) -> frozenset[int]:
        """Return what can still be reached: the source's side of a minimum cut after `flow`."""
        return frozenset(n for n, level in enumerate(self._levels(source)) if level >= 0)

    def _send_one(self, source: int, sink: int) -> bool:
        came_by: dict[int, int] = {source: -1}
        waiting = deque([source])
        while waiting and sink not in came_by:
            here = waiting.popleft()
            for way in self._ways[here]:
                there = self._to[way]
                if there not in came_by and self._left[way] > ENOUGH:
                    came_by[there] = way
                    waiting.append(there)
        here = sink
        while here in came_by and here != source:
            way = came_by[here]
            self._left[way] -= 1
            self._left[way ^ 1] += 1
            here = self._to[way ^ 1]
        return sink in came_by

    def _levels(self, source: int) -> list[int]:
        """Return how many ways each place is from the source; -1 if it can't be reached."""
        level = [-1] * len(self._ways)
        level[source] = 0
        waiting = deque([source])
        while waiting:
            here = waiting.popleft()
            for way in self._ways[here]:
                there = self._to[way]
                if level[there] < 0 and self._left[way] > ENOUGH:
                    level[there] = level[here] + 1
                    waiting.append(there)
        return level

    def _fill(self, source: int, sink: int, level: list[int], most: float) -> float:
        """Send along all shortest paths what they take, and return how much that was."""
        ways, ends, left = self._ways, self._to, self._left
        tried = [0] * len(ways)
        sent = 0.0
        path: list[int] = []
        here = source
        while True:
            if here == sink:
                much = min(most - sent, *(left[way] for way in path))
                sent += much
                for way in path:
                    left[way] -= much
                    left[way ^ 1] += much
                full = next((n for n, way in enumerate(path) if left[way] <= ENOUGH), None)
                if full is None or most - sent <= ENOUGH:
                    return sent
                here = ends[path[full] ^ 1]
                del path[full:]
            next_ways = ways[here]
            at, deeper = tried[here], level[here] + 1
            while at < len(next_ways):
                way = next_ways[at]
                if left[way] > ENOUGH and level[ends[way]] == deeper:
                    break
                at += 1
            tried[here] = at
            if at < len(next_ways):
                path.append(next_ways[at])
                here = ends[next_ways[at]]
            elif path:  # a dead end: one step back
                here = ends[path.pop() ^ 1]
                tried[here] += 1
            else:
                return sent
