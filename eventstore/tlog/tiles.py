"""The tree cut into tiles, as any tool of transparency logs reads them (c2sp.org/tlog-tiles).

A tile of level L holds up to 256 hashes of the tree's level 8 * L, 32 bytes each. The last tile of
a level may be partial, and then names its width. A bundle holds the entries of a tile of level 0,
each after its length in two bytes; here an entry is an event's hash.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from eventstore.tlog.merkle import HASH_BYTES, Node, Tree, leaf_hash, root_of

if TYPE_CHECKING:
    from collections.abc import Iterable

HEIGHT = 8
WIDTH = 1 << HEIGHT
LENGTH_BYTES = 2
LEVEL_MAX = 5
"""More than any position can need: 2**48 events."""

CHECKPOINT = "checkpoint"
"""Where the newest signed checkpoint is, beside the tiles."""


class Tile(NamedTuple):
    """A tile, which may be partial."""

    level: int
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Return where it is kept, below a log's folder or address."""
        return f"tile/{self.level}/{_numbered(self.number, self.width)}"

    @property
    def bundle_path(self) -> str:
        """Return where the entries under a tile of level 0 are kept."""
        return f"tile/entries/{_numbered(self.number, self.width)}"

    @property
    def first(self) -> int:
        """Return the index of its first hash within its level of the tree."""
        return self.number * WIDTH

    @property
    def nodes(self) -> list[Node]:
        """Return which hashes it holds."""
        return [Node(self.level * HEIGHT, self.first + at) for at in range(self.width)]


Keep = Callable[["Tile", Sequence[bytes], bytes], None]
"""Takes a whole tile, its hashes and their root."""


class Edge:
    """A tree that grows at its end, kept as the partial tiles there; whole ones are handed over."""

    def __init__(self, keep: Keep) -> None:
        self.size = 0
        self._keep = keep
        self._levels: list[list[bytes]] = [[]]

    def extend(self, entries: Iterable[bytes]) -> None:
        """Take the next entries, in order."""
        leaves = self._levels[0]
        for entry in entries:
            leaves.append(leaf_hash(entry))
            self.size += 1
            if len(leaves) == WIDTH:
                self._carry(0)

    def partial(self) -> list[tuple[Tile, Sequence[bytes]]]:
        """Return the tiles at the end, lowest level first."""
        return [
            (Tile(level, (self.size >> HEIGHT * level) // WIDTH, len(hashes)), tuple(hashes))
            for level, hashes in enumerate(self._levels)
            if hashes
        ]

    def root(self) -> bytes:
        """Return the root over all that was taken."""
        return root_over(self._levels)

    def _carry(self, level: int) -> None:
        """Hand a whole tile over, and take its root into the level above."""
        hashes = tuple(self._levels[level])
        self._levels[level].clear()
        number = (self.size >> HEIGHT * level) // WIDTH - 1
        root = root_of(hashes)
        self._keep(Tile(level, number), hashes, root)
        if level + 1 == len(self._levels):
            self._levels.append([])
        above = self._levels[level + 1]
        above.append(root)
        if len(above) == WIDTH:
            self._carry(level + 1)


def root_over(levels: Sequence[Iterable[bytes]]) -> bytes:
    """Return the root of a tree from hashes of its levels 0, 8, 16 ...: those above end first."""
    size, peaks = 0, list[bytes]()
    for level, hashes in reversed(list(enumerate(levels))):
        part = Tree()
        part.extend(hashes)
        size += part.size << HEIGHT * level
        peaks += part.peaks
    return Tree(size, peaks).root()


def tiles_of(size: int, *, since: int = 0) -> list[Tile]:
    """Return the tiles of a tree that one of an earlier size does not have, lowest level first."""
    tiles: list[Tile] = []
    for level in range(LEVEL_MAX + 1):
        hashes, before = size >> HEIGHT * level, since >> HEIGHT * level
        tiles += [Tile(level, number) for number in range(before // WIDTH, hashes // WIDTH)]
        if hashes % WIDTH and hashes != before:
            tiles.append(Tile(level, hashes // WIDTH, hashes % WIDTH))
    return tiles


def encode_tile(hashes: Iterable[bytes]) -> bytes:
    """Return the content of a tile."""
    return b"".join(hashes)


def decode_tile(content: bytes, tile: Tile) -> list[bytes]:
    """Return the hashes of a tile. Raises ValueError if they are not as many as it is wide."""
    if len(content) != tile.width * HASH_BYTES:
        raise ValueError(f"{tile.path} has {len(content)} bytes, not {tile.width * HASH_BYTES}")
    return [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Return the content of a bundle."""
    return b"".join(len(entry).to_bytes(LENGTH_BYTES, "big") + entry for entry in entries)


def _numbered(number: int, width: int) -> str:
    digits = f"{number:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return path if width == WIDTH else f"{path}.p/{width}"
