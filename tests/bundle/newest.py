"""What may be said of the newest version of a case, and of what came later, for the vectors."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from eventstore.bundle.writer import FORMAT_1
from eventstore.tlog.note import Note, Signer, sign
from tests.bundle.mutations import remade
from tests.bundle.synthetic import (
    COSIGNED_AT,
    HEAD,
    LOG,
    MINE,
    REFERENCE,
    SMALL,
    WITNESS,
    Draft,
    head_of,
    small,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bundle.synthetic import Heads, Row
    from tests.bundle.verifiers import Files

    Said = tuple[str, Files, str]
    """What a bundle is, its files, and what is said of it."""
    Compared = tuple[str, Files, dict[str, Any], str]
    """What comes later, a bundle, that, and what is said of both."""

SOUND, FALSE, UNTOLD = "sound", "false", "cannot be told"
NEWEST = "sound; newest 4, 0 more"
PLAN = "plan/p"


def said(**changes: Any) -> dict[str, Any]:
    """Have the bundle say something else of the newest version."""
    return {"head": lambda heads, size: {**head_of(MINE, heads, size), **changes}}


def walked(change: Callable[[list[str]], object]) -> dict[str, Any]:
    """Have it show another way to the root of the map."""

    def head(heads: Heads, size: int) -> dict[str, Any]:
        stated = head_of(MINE, heads, size)
        return {**stated, "path": change(stated["path"])}

    return {"head": head}


def grown(by: int) -> Callable[[list[Row]], list[Row]]:
    """Have the case go on before the checkpoint is signed, or the map be older than it."""

    def mapped(rows: list[Row]) -> list[Row]:
        *_, (last, before) = [row for row in rows if row[0].stream == MINE]
        version = last.version + by
        known = [row.hash for row, _ in rows if (row.stream, row.version) == (MINE, version)]
        other = known[0] if known else sha256(b"later").digest()
        return [*rows, (last._replace(version=version, hash=other), before)]

    return mapped


def forked(rows: list[Row]) -> list[Row]:
    """Have the map hold another event as the newest version."""
    *_, (last, before) = [row for row in rows if row[0].stream == MINE]
    return [*rows, (last._replace(hash=bytes(32)), before)]


def of_another_stream(**changes: Any) -> dict[str, Any]:
    """Have the bundle show the newest version of the plan."""
    return {"head": lambda heads, size: {**head_of(PLAN, heads, size), **changes}}


def under_another_map(**changes: Any) -> dict[str, Any]:
    """Have it show a way in a map of one stream more."""

    def head(heads: Heads, size: int) -> dict[str, Any]:
        return {**head_of(MINE, {**heads, "unit/u": (1, bytes(32))}, size), **changes}

    return {"head": head}


def stale(heads: Heads, size: int) -> dict[str, Any]:
    """Show what was newest before the reference to the export, under a map of then."""
    return head_of(MINE, {**heads, MINE: (3, sha256(b"then").digest())}, size)


def absent(heads: Heads, size: int) -> dict[str, Any]:
    """Show that the map has nothing of the case, as if it had not."""
    others = {name: head for name, head in heads.items() if name != MINE}
    return head_of(MINE, others, size)


def with_lines(*lines: str) -> dict[str, Any]:
    """Sign a checkpoint with other lines after the first three."""
    note = Note.parse(SMALL.files()["checkpoint"].decode())
    text = "".join(f"{line}\n" for line in (*note.text.split("\n")[:3], *lines))
    signed = sign(text, [LOG]).with_signatures([WITNESS.cosign(text, COSIGNED_AT)])
    return {"changes": {"checkpoint": signed.whole.encode()}}


def map_line() -> str:
    """Return the line of the checkpoint that signs the map."""
    return SMALL.files()["checkpoint"].decode().split("\n")[3]


WRONG: dict[str, dict[str, Any]] = {
    "the head of another stream": of_another_stream(),
    "the head of another stream, called the case's": of_another_stream(stream=MINE),
    "the head of another stream, as of the case's version": of_another_stream(
        stream=MINE, version=4
    ),
    "a head from before the reference": {"head": stale},
    "no head of the case": {"head": absent},
    "a way under another map": under_another_map(),
    "a way under another checkpoint": under_another_map(size=11),
    "the head as of another size": said(size=12),
    "a version before": said(version=3),
    "a version after": said(version=5),
    "version 0": said(version=0),
    "a version below 0": said(version=-1),
    "a version beyond all": said(version=2**63),
    "a version of 63 bits": said(version=2**63 - 1),
    "a version as a text": said(version="4"),
    "a version with a fraction": said(version=4.0),
    "a version that is true": said(version=True),
    "another hash": said(hash="00" * 32),
    "a hash in capitals": said(hash="AB" * 32),
    "half a hash": said(hash="00" * 16),
    "a way without its last hash": walked(lambda path: path[:-1]),
    "a way without its first hash": walked(lambda path: path[1:]),
    "a way with a hash twice": walked(lambda path: [*path, path[-1]]),
    "a way upside down": walked(lambda path: path[::-1]),
    "no way": walked(lambda _: []),
    "a way with an empty subtree more": walked(lambda path: [*path, "00" * 32]),
    "a way of 257 hashes": walked(lambda _: ["00" * 32] * 257),
    "a way that is a text": walked("".join),
    "a way that is nothing": walked(lambda _: None),
    "a way of numbers": walked(lambda path: [int(one, 16) % 2**40 for one in path]),
    "a way of objects": walked(lambda path: [{"hash": one} for one in path]),
    "a field more": said(sound=True),
    "a field less": {
        "head": lambda heads, size: {
            name: one for name, one in head_of(MINE, heads, size).items() if name != "size"
        }
    },
    "a list": {"head": lambda heads, size: [head_of(MINE, heads, size)]},
    "a map that is behind": {"mapped": grown(-1)},
    "a map of another log": {"mapped": forked},
    "a checkpoint that signs no map": {"signs_map": False},
}
"""What is false of the newest version, under a checkpoint that the log signed."""


def of_heads(base: Files) -> Iterator[Said]:
    """Return bundles, and what is said of the newest version of the case."""
    for what, changes in WRONG.items():
        yield f"with {what}", small(**changes).files(), FALSE
    went_on = small(mapped=grown(2)).files()
    yield "of a case that went on", went_on, "sound; newest 6, 2 more"
    yield "without a head", small(head=lambda *_: None).files(), SOUND
    yield "before there was a map", small(head=lambda *_: None, signs_map=False).files(), SOUND
    unlisted = small(head=lambda *_: None).files()
    yield "with a head that is not listed", {**unlisted, HEAD: b"{}"}, SOUND
    first = small(format=FORMAT_1, closing=()).files()
    yield "in format 1, with its newest version", first, "sound; newest 3, 0 more"
    went_on = small(format=FORMAT_1, closing=(), mapped=grown(3)).files()
    yield "in format 1, of a case that went on", went_on, "sound; newest 6, 3 more"
    for what, content in (
        ("nothing", b""),
        ("no JSON", b"{"),
        ("a byte order mark", b"\xef\xbb\xbf" + base[HEAD]),
        ("a field twice", base[HEAD].replace(b"{", b'{"version":4,', 1)),
        ("nothing but null", b"null"),
    ):
        yield f"with a head that is {what}", remade({**base, HEAD: content}), FALSE
    line, other = map_line(), "muster-other/1 AAAA"
    for what, lines, verdict in (
        ("another line beside the map", (other, line), NEWEST),
        ("a second map", (line, line), FALSE),
        ("a map that is no base64", (f"{line}=",), FALSE),
        ("a map of 3 bytes", ("muster-heads/1 AAAA",), FALSE),
        ("a map of the next kind", (line.replace("/1", "/2"),), FALSE),
        ("a map before the root's line ends", (f" {line}",), FALSE),
    ):
        yield f"with {what}", small(**with_lines(*lines)).files(), verdict
    odd = small(head=lambda *_: None, **with_lines("muster-heads/1 AAAA", line)).files()
    yield "with two maps that nothing is shown of", odd, SOUND


def of_later(base: Files) -> Iterator[Compared]:
    """Return what comes later than a bundle, and what is said of both."""
    more = [*SMALL.drafts, REFERENCE, Draft(MINE, "PersonRecorded")]
    grown_case = small(drafts=more).files()
    other_past = small(drafts=[*SMALL.drafts, Draft(MINE, "PersonRecorded")]).files()
    foreign = Signer(LOG.name, bytes(32))
    bundles: dict[str, tuple[Files, str]] = {
        "itself": (base, f"{NEWEST}; later 0"),
        "a bundle of two versions more": (grown_case, f"{NEWEST}; later 2"),
        "one with another past": (other_past, FALSE),
        "one with a proof that fails": (small(drafts=more, earlier=_size(base)).files(), UNTOLD),
        "one of the same size, of another log": (
            small(closing=(REFERENCE,), drafts=[*SMALL.drafts[1:], SMALL.drafts[0]]).files(),
            FALSE,
        ),
        "one by another key": (replace(SMALL, signer=foreign).files(), UNTOLD),
        "one that is false": (small(spans=lambda _: []).files(), UNTOLD),
        "one of another case": (remade(base, case="0" * 8 + base_case(base)[8:]), UNTOLD),
        "one without a proof": ({**base, "proofs.jsonl": b""}, UNTOLD),
        "none": ({**base, "manifest.json": b"{}"}, UNTOLD),
    }
    for what, (files, expected) in bundles.items():
        yield f"beside {what}", base, {"bundle": files}, expected
    earlier = remade(grown_case)
    yield "beside an earlier bundle", earlier, {"bundle": base}, "sound; newest 6, 0 more; later 0"
    larger = [bytes([number]) * 32 for number in range(99)]
    notes: dict[str, tuple[bytes, str]] = {
        "its own checkpoint": (base["checkpoint"], f"{NEWEST}; later ?"),
        "a checkpoint that came before": (base["checkpoints/5"], f"{NEWEST}; later ?"),
        "a later checkpoint": (SMALL.checkpoint(larger), f"{NEWEST}; later ?"),
        "one of a later lineage": (
            small(signer=LOG.named(f"{LOG.name}/2")).checkpoint(larger),
            f"{NEWEST}; later ?",
        ),
        "one of the same size, of another log": (SMALL.checkpoint(larger[: _size(base)]), FALSE),
        "one of an earlier size, of another log": (SMALL.checkpoint(larger[:5]), FALSE),
        "one by another key": (small(signer=foreign).checkpoint(larger), UNTOLD),
        "one of another name": (small(signer=LOG.named("other")).checkpoint(larger), UNTOLD),
        "a note that is none": (b"a note\n", UNTOLD),
        "an empty file": (b"\n", UNTOLD),
    }
    for what, (note, expected) in notes.items():
        yield f"beside {what}", base, {"note": note.decode()}, expected


def base_case(files: Files) -> str:
    """Return which case a bundle is of."""
    case: str = json.loads(files["manifest.json"])["case"]
    return case


def _size(files: Files) -> int:
    return int(files["checkpoint"].split(b"\n")[1])
