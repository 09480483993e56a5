"""Bundles that somebody changed, by a seed: any byte, any field, any line, any file."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from eventstore.tlog.checkpoint import Checkpoint
from eventstore.tlog.note import Note, Signer
from tests.bundle.mutations import (
    EVENTS,
    PROOFS,
    changed,
    flipped,
    lines,
    remade,
    with_events,
    with_lines,
)
from tests.bundle.odd_values import ODD_BYTES, ODD_PATHS, ODD_VALUES
from tests.bundle.synthetic import HEAD, SMALL, head_of, small

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.bundle.verifiers import Files

FOREIGN = bytes(range(7, 39))
HEADS: tuple[dict[str, Any], ...] = tuple(
    json.loads(made.files()[HEAD])
    for made in (
        small(head=lambda heads, size: head_of("plan/p", heads, size)),
        small(head=lambda heads, size: head_of("incident/other-7", heads, size)),
        small(drafts=SMALL.drafts[:-1]),
        small(closing=()),
    )
)
"""What the map has of other streams, and what other maps have of the case."""


def mutant(files: Files, chance: Random) -> Files:
    """Return a bundle with one to three changes; in most of them the manifest is made anew."""
    found = files
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        try:
            found = chance.choice(KINDS)(found, chance)
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError):
            continue  # an earlier change left nothing that this one could change
    if chance.random() < 0.75 and "manifest.json" in found:
        try:
            found = remade(found)
        except (ValueError, TypeError):
            return found
    return found


def _path(files: Files, chance: Random) -> str:
    return chance.choice(sorted(files))


def bit(files: Files, chance: Random) -> Files:
    """Flip a bit."""
    path = _path(files, chance)
    return flipped(files, path, chance.randrange(len(files[path])), chance.randrange(8))


def piece(files: Files, chance: Random) -> Files:
    """Put something else in the place of some bytes, or between two."""
    path = _path(files, chance)
    content, at = files[path], chance.randrange(len(files[path]) + 1)
    end = at + chance.choice((0, 0, 1, 2, 64))
    odd = chance.choice((*ODD_BYTES, b"", content[:40], chance.randbytes(3)))
    return {**files, path: content[:at] + odd + content[end:]}


def cut(files: Files, chance: Random) -> Files:
    """Cut a file off."""
    path = _path(files, chance)
    return {**files, path: files[path][: chance.randrange(len(files[path]))]}


def gone(files: Files, chance: Random) -> Files:
    """Take a file out."""
    path = _path(files, chance)
    return {one: content for one, content in files.items() if one != path}


def more(files: Files, chance: Random) -> Files:
    """Put another file in, or one in the place of another."""
    path = chance.choice((*ODD_PATHS, *files))
    return {**files, path: files[_path(files, chance)]}


def field(files: Files, chance: Random) -> Files:
    """Put another value into an event, as if it had been recorded so, or not."""
    events = lines(files)
    one = chance.choice(events)
    name = chance.choice(sorted(one))
    other = chance.choice((chance.choice(ODD_VALUES), chance.choice(events)[name]))
    if chance.random() < 0.5:
        changed(one, **{name: other})
    else:
        one[name] = other
    return with_lines(files, EVENTS, events)


def data(files: Files, chance: Random) -> Files:
    """Put another value into what an event says, and hash it."""
    events = lines(files)
    one = chance.choice(events)
    part = chance.choice(("data", "meta"))
    said = json.loads(one[part])
    name = chance.choice([*said, "more"])
    said[name] = chance.choice((*ODD_VALUES, said))
    if "spans" in said and isinstance(said["spans"], list) and chance.random() < 0.7:
        span = chance.choice(said["spans"])
        span[chance.choice(sorted(span))] = chance.choice(ODD_VALUES)
    changed(one, **{part: json.dumps(said)})
    return with_lines(files, EVENTS, events)


def order(files: Files, chance: Random) -> Files:
    """Remove, repeat or swap events with their proofs, or proofs alone."""

    def shuffle(said: list[dict[str, Any]]) -> None:
        at, other = chance.randrange(len(said)), chance.randrange(len(said))
        match chance.randrange(4):
            case 0:
                said.pop(at)
            case 1:
                said.insert(other, dict(said[at]))
            case 2:
                said[at], said[other] = said[other], said[at]
            case _:
                del said[at:]

    if chance.random() < 0.5:
        return with_events(files, shuffle)
    proofs = lines(files, PROOFS)
    shuffle(proofs)
    return with_lines(files, PROOFS, proofs)


def manifest(files: Files, chance: Random) -> Files:
    """Put another value into the manifest."""
    said = json.loads(files["manifest.json"])
    name = chance.choice([*said, "more"])
    others = (said["case"][::-1], said["export"], said["checkpoint"] + 1, said["events"] - 1)
    said[name] = chance.choice((*ODD_VALUES, *others))
    return {**files, "manifest.json": json.dumps(said).encode()}


def consistency(files: Files, chance: Random) -> Files:
    """Change the proofs that a log begins with another."""
    said = json.loads(files["consistency.json"])
    one = chance.choice(said["proofs"])
    match chance.randrange(4):
        case 0:
            said["proofs"].append(one)
        case 1:
            one["from"] = chance.choice(ODD_VALUES)
        case 2:
            one["proof"] = one["proof"][1:]
        case _:
            said[chance.choice(sorted(said))] = chance.choice(ODD_VALUES)
    return {**files, "consistency.json": json.dumps(said).encode()}


def note(files: Files, chance: Random) -> Files:
    """Sign again what was signed, or something else, by another key, or put other lines there."""
    path = chance.choice([one for one in sorted(files) if "checkpoint" in one])
    read = Note.parse(files[path].decode())
    known = Checkpoint.parse(read.text)
    foreign = Signer(known.origin, FOREIGN)
    match chance.randrange(5):
        case 0:
            more_lines = chance.choice(read.signatures).line * chance.choice((1, 3, 200))
            made = read.whole + more_lines
        case 1:
            made = known.signed(foreign).whole
        case 2:
            size = known.size + chance.choice((-1, 1))
            made = Note(Checkpoint(known.origin, size, known.root).text, read.signatures).whole
        case 3:
            made = Note(read.text, tuple(reversed(read.signatures[chance.randrange(2) :]))).whole
        case _:
            odd = chance.choice(("\r", "\x1c", "\ufeff", "\x85", "\n", "é"))
            at = chance.randrange(len(read.whole))
            made = read.whole[:at] + odd + read.whole[at:]
    return {**files, path: made.encode()}


def head(files: Files, chance: Random) -> Files:
    """Say something else of the newest version, or show another way to it."""
    said = json.loads(files[HEAD])
    path = said["path"]
    at = chance.randrange(len(path))
    match chance.randrange(7):
        case 0:
            said[chance.choice([*said, "more"])] = chance.choice(ODD_VALUES)
        case 1:
            said["version"] += chance.choice((-1, 1))
        case 2:
            said["hash"] = chance.choice(lines(files))["hash"]
        case 3:
            said["path"] = path[:at] + path[at + 1 :]
        case 4:
            path.insert(at, chance.choice((path[at], "00" * 32)))
        case 5:
            said["stream"], said["size"] = chance.choice(lines(files))["stream"], said["size"] - 1
        case _:
            said = chance.choice(HEADS)
    return {**files, HEAD: json.dumps(said).encode()}


def heads_line(files: Files, chance: Random) -> Files:
    """Put another line into a checkpoint for the map that it signs, or take that out."""
    before, _, rest = files["checkpoint"].partition(b"muster-heads/1 ")
    root, _, below = rest.partition(b"\n")
    line = b"muster-heads/1 " + chance.choice((root, root[::-1], b"AAAA"))
    made = chance.choice((b"", line + b"\n", line + b"\n" + line + b"\n"))
    return {**files, "checkpoint": before + made + below}


def base64_of(files: Files, chance: Random) -> Files:
    """Change bytes within base64: keys, signatures, roots."""
    path = chance.choice([one for one in sorted(files) if "checkpoint" in one or "keys/" in one])
    words = files[path].decode().replace("\n", " \n ").split(" ")
    at = chance.choice([number for number, word in enumerate(words) if len(word) > 40])
    head, _, encoded = words[at].rpartition("+") if "keys/" in path else ("", "", words[at])
    content = bytearray(base64.b64decode(encoded))
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    mended = base64.b64encode(bytes(content)).decode()
    words[at] = f"{head}+{mended}" if head else mended
    return {**files, path: " ".join(words).replace(" \n ", "\n").encode()}


KINDS: tuple[Callable[[Files, Random], Files], ...] = (
    bit,
    bit,
    piece,
    piece,
    cut,
    gone,
    more,
    field,
    field,
    data,
    data,
    order,
    order,
    manifest,
    consistency,
    note,
    note,
    base64_of,
    head,
    head,
    heads_line,
)
"""What somebody may change; some of it more often."""
