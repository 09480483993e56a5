"""Makes the test vectors that go with every bundle: `python -m tests.bundle.vectors` writes them.

They are what two verifiers in two languages must agree on, and what a third one can begin with.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from eventstore.integrity.hash_chain import event_hash, genesis
from eventstore.log.events import StoredEvent
from eventstore.tlog import merkle
from eventstore.tlog.checkpoint import Checkpoint
from eventstore.tlog.note import Signer
from tests.bundle.oddities import (
    PATHS,
    bundles,
    key_files,
    odd_notes,
    reports,
    signed_by_nobody,
    without_its_time,
    zips,
)

FILE = Path(__file__).parents[2] / "eventstore" / "bundle" / "vectors.json"

Vectors = dict[str, list[dict[str, Any]]]

STREAM = "incident/0b5c1f9e-6d0f-4c63-9a55-6d2d4c3f7a10"
FIRST = datetime(2026, 5, 1, 6, 30, 0, 123456, tzinfo=UTC)
BEFORE_2000 = datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999998, tzinfo=UTC)
TREE = [merkle.leaf_hash(sha256(bytes([number])).digest()) for number in range(13)]
LOG = Signer("vectors.example/log", bytes(range(32)))
WITNESS = Signer("witness.example", bytes(range(32, 64)))
CHECKPOINT = Checkpoint(LOG.name, 13, merkle.root_of(TREE))

TEXTS = {
    '{"a":1}': True,
    '{"a":1,"a":1}': False,
    '{"a":{"b":1,"b":2}}': False,
    "[NaN]": False,
    "[Infinity]": False,
    "[-Infinity]": False,
    "[1.5]": False,
    "[1e400]": False,
    "[1e3]": False,
    "[-0]": False,
    "[01]": False,
    "[9007199254740993]": True,
    "[9223372036854775807]": True,
    "[9223372036854775808]": False,
    '["\\ud83d\\ude00"]': True,
    '["\\ud83d"]': False,
    '["\\ude00\\ud83d"]': False,
    '{"\\ud83d":1}': False,
    '["\t"]': False,
    '["\\u0000"]': True,
    "[1] [2]": False,
    "[1,]": False,
    "": False,
    "\ufeff[1]": False,
    "null": True,
    "[" * 64 + "]" * 64: True,
    "[" * 65 + "]" * 65: False,
    '{"a":' * 65 + "1" + "}" * 65: False,
    "[" * 2_000 + "]" * 2_000: False,
    "[[1],[2],[3]," * 30 + "[4]" + "]" * 30: True,
    '["\x7f\x85\u2028"]': True,
    '["\\x"]': False,
    '["\\u12"]': False,
    '["a': False,
    '["a\\"]': False,
    "[1]\x0b": False,
    "[\x0c1]": False,
    "\x1c[1]": False,
    "[1]\u00a0": False,
}
INSTANTS = {
    "2026-05-01T06:30:00.123456Z": "830932200123456",
    "0001-01-01T00:00:00.000001Z": "-63082281599999999",
    "2024-02-29T23:59:59.999999Z": "762566399999999",
    "-infinity": str(-(2**63)),
    "infinity": str(2**63 - 1),
    "0001-01-01T00:00:00.000000Z": str(-(2**63)),
    "9999-12-31T23:59:59.999999Z": str(2**63 - 1),
    "0000-01-01T00:00:00.000000Z": None,
    "0000-12-31T23:59:59.999999Z": None,
    "2025-02-29T00:00:00.000000Z": None,
    "2026-05-01T24:00:00.000000Z": None,
    "2026-05-01T23:59:60.000000Z": None,
    "2026-13-01T00:00:00.000000Z": None,
    "2026-00-01T00:00:00.000000Z": None,
    "2026-05-00T00:00:00.000000Z": None,
    "2026-05-01T00:00:00.00000Z": None,
    "2026-05-01T00:00:00Z": None,
    "2026-05-01 00:00:00.000000Z": None,
    "+infinity": None,
    "-Infinity": None,
    "٢٠٢٦-05-01T06:30:00.123456Z": None,
    "2026-05-01T06:30:00.123456Z\n": None,
    "": None,
}
"""Moments, and the microseconds that are hashed for them."""


def vectors() -> Vectors:
    """Return all vectors, by kind."""
    made = bundles()
    return {
        "genesis": [
            {"stream": stream, "expected": genesis(stream).hex()}
            for stream in (STREAM, "plan/general-venue", "plan/疏散")
        ],
        "preimage": [{"event": one, "expected": _preimage(one)} for one in events()],
        "event": [{"event": one, "expected": one["hash"]} for one in events()],
        "leaf": [
            {"entry": entry.hex(), "expected": merkle.leaf_hash(entry).hex()}
            for entry in (bytes(32), sha256(b"").digest())
        ],
        "inclusion": inclusions(),
        "consistency": consistencies(),
        "ed25519": signatures(),
        "note": notes(),
        "instant": [{"instant": text, "expected": hashed} for text, hashed in INSTANTS.items()],
        "keys": [{"file": file, "expected": held} for file, held in key_files()],
        "paths": [{"paths": list(paths), "expected": held} for paths, held in PATHS],
        "zip": zips(),
        "bundle": made,
        "report": reports(made),
        "json": [{"text": text, "expected": taken} for text, taken in TEXTS.items()],
    }


def events() -> list[dict[str, Any]]:
    """Return events of one chain: plain, in Chinese, with every odd thing that a text may hold."""
    odd = (
        '{ "a" : 1.0, "a": 1e400, "b": 9007199254740993, "c": "\\ud83d", "d": -0, "é": "\\u0000" }'
    )
    shapes = [
        (FIRST, FIRST, "IncidentOpened", 1, '{"venue":"riverside-mall"}', '{"actor":"lin"}'),
        (FIRST, BEFORE_2000, "情况已报告", 2, '{"said":"二层中庭拥挤 😀"}', "{}"),
        (LAST, LAST, "X", 32767, odd, " [] "),
    ]
    made, before = list[dict[str, Any]](), genesis(STREAM)
    for version, (recorded, occurred, kind, schema, data, meta) in enumerate(shapes, start=1):
        event_id = UUID(int=0x0123456789ABCDEF0123456789ABCDEF + version)
        row = StoredEvent(
            version, recorded, occurred, STREAM, version, event_id, kind, schema, data, meta, b""
        )
        row = row._replace(hash=event_hash(before, row))
        made.append(_line(row, before))
        before = row.hash
    return made


def inclusions() -> list[dict[str, Any]]:
    """Return proofs that hold in trees of some sizes, and others that don't."""
    found: list[dict[str, Any]] = []
    for size in (1, 2, 3, 7, 8, 13):
        root = merkle.root_of(TREE[:size])
        for index in sorted({0, size // 2, size - 1}):
            spans = merkle.inclusion_spans(index, size)
            proof = [merkle.root_of(TREE[span.begin : span.end]) for span in spans]
            found.append(_inclusion(index, size, proof, root, held=True))
    spans = merkle.inclusion_spans(5, 13)
    proof = [merkle.root_of(TREE[span.begin : span.end]) for span in spans]
    root = merkle.root_of(TREE)
    wrong = [
        (5, 13, proof[:-1], root),
        (5, 13, [*proof, bytes(32)], root),
        (5, 13, proof[::-1], root),
        (4, 13, proof, root),
        (5, 5, proof, root),
        (5, 13, proof, bytes(32)),
        (0, 0, [], merkle.EMPTY_ROOT),
    ]
    return found + [_inclusion(*one, held=False) for one in wrong]


def consistencies() -> list[dict[str, Any]]:
    """Return proofs that a tree begins with an earlier one, and others that don't."""
    found = []
    for first, second in [(0, 13), (1, 2), (3, 7), (4, 8), (6, 13), (8, 13), (12, 13), (13, 13)]:
        spans = merkle.consistency_spans(first, second)
        proof = [merkle.root_of(TREE[span.begin : span.end]) for span in spans]
        roots = merkle.root_of(TREE[:first]), merkle.root_of(TREE[:second])
        found.append(_consistency(first, roots[0], second, roots[1], proof, held=True))
    spans = merkle.consistency_spans(6, 13)
    proof = [merkle.root_of(TREE[span.begin : span.end]) for span in spans]
    old, new = merkle.root_of(TREE[:6]), merkle.root_of(TREE)
    wrong = [
        (6, old, 13, new, proof[1:]),
        (6, old, 13, new, [*proof, bytes(32)]),
        (6, bytes(32), 13, new, proof),
        (6, old, 13, bytes(32), proof),
        (7, old, 13, new, proof),
        (6, old, 13, new, []),
        (13, old, 13, new, []),
        (13, new, 13, new, [bytes(32)]),
        (14, new, 13, new, proof),
        (0, bytes(32), 13, new, []),
    ]
    return found + [_consistency(*one, held=False) for one in wrong]


def signatures() -> list[dict[str, Any]]:
    """Return signatures by Ed25519: three of RFC 8032, some of our own, and broken ones."""
    found = [_signature(*one, held=True) for one in RFC_8032]
    key = Ed25519PrivateKey.from_private_bytes(LOG.secret)
    public = key.public_key().public_bytes_raw()
    for size in (0, 1, 63, 64, 65, 1000):
        message = bytes(range(256))[:size] * (size // 256 + 1)
        found.append(_signature(public, message, key.sign(message), held=True))
    signature = key.sign(b"said")
    order = 2**252 + 27742317777372353535851937790883648493
    beyond = int.from_bytes(signature[32:], "little") + order
    wrong = [
        (public, b"other", signature),
        (public, b"said", _flipped(signature, 0)),
        (public, b"said", _flipped(signature, 63)),
        (public, b"said", signature[:-1]),
        (public, b"said", signature[:32] + beyond.to_bytes(32, "little")),
        (_flipped(public, 3), b"said", signature),
        (public[:-1], b"said", signature),
        *signed_by_nobody(),
    ]
    return found + [_signature(*one, held=False) for one in wrong]


def notes() -> list[dict[str, Any]]:
    """Return checkpoints with signatures and cosignatures, and what is none."""
    signed = CHECKPOINT.signed(LOG)
    cosigned = signed.with_signatures([WITNESS.cosign(signed.text, 1_777_617_000)])
    log, witness = LOG.verifier.vkey, WITNESS.cosigner.vkey
    foreign = Signer(LOG.name, bytes(32))
    text = cosigned.whole
    return [
        {"key": log, "note": signed.whole, "expected": True},
        {"key": log, "note": text, "expected": True},
        {"key": witness, "note": text, "expected": True},
        {"key": witness, "note": signed.whole, "expected": False},
        {"key": foreign.verifier.vkey, "note": text, "expected": False},
        {"key": log, "note": text.replace("\n13\n", "\n14\n"), "expected": False},
        {"key": witness, "note": text.replace("\n13\n", "\n14\n"), "expected": False},
        {"key": log, "note": text.replace("\n13\n", "\n013\n"), "expected": False},
        {"key": log, "note": text.replace("\n\n", "\n"), "expected": False},
        {"key": log, "note": text.removesuffix("\n"), "expected": False},
        {"key": log, "note": text.replace("\N{EM DASH}", "-"), "expected": False},
        {"key": log.replace("+", "+0", 1), "note": text, "expected": False},
        *[{"key": log, "note": one, "expected": held} for one, held in odd_notes(signed.whole)],
        *[{"key": f"{witness}{end}", "note": text, "expected": False} for end in "\r\n "],
        {"key": witness, "note": without_its_time(signed.whole), "expected": False},
    ]


def _line(row: StoredEvent, before: bytes) -> dict[str, Any]:
    return {
        "position": row.position,
        "stream": row.stream,
        "version": row.version,
        "event_id": str(row.event_id),
        "recorded_at": _instant(row.recorded_at),
        "occurred_at": _instant(row.occurred_at),
        "type": row.type,
        "schema_version": row.schema_version,
        "data": row.data,
        "meta": row.meta,
        "before": before.hex(),
        "hash": row.hash.hex(),
    }


def _preimage(event: dict[str, Any]) -> str:
    """Put the hashed bytes together once more, as FORMAT.md says, apart from all other code."""

    def number(value: int, size: int) -> bytes:
        return value.to_bytes(size, "big", signed=True)

    def sized(text: str) -> bytes:
        return number(len(text.encode()), 4) + text.encode()

    def since_2000(instant: str) -> bytes:
        since = datetime.fromisoformat(instant) - datetime(2000, 1, 1, tzinfo=UTC)
        whole = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
        return number(whole, 8)

    content = (
        b"muster/event/v1\x00"
        + bytes.fromhex(event["before"])
        + sized(event["stream"])
        + number(event["version"], 8)
        + UUID(event["event_id"]).bytes
        + since_2000(event["recorded_at"])
        + since_2000(event["occurred_at"])
        + sized(event["type"])
        + number(event["schema_version"], 2)
        + sha256(event["data"].encode()).digest()
        + sha256(event["meta"].encode()).digest()
    )
    assert sha256(content).hexdigest() == event["hash"]
    return content.hex()


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}Z"


def _inclusion(
    index: int, size: int, proof: list[bytes], root: bytes, *, held: bool
) -> dict[str, Any]:
    leaf, path = TREE[min(index, 12)].hex(), [one.hex() for one in proof]
    return {
        "leaf": leaf,
        "index": index,
        "size": size,
        "proof": path,
        "root": root.hex(),
        "expected": held,
    }


def _consistency(  # noqa: PLR0913 - what a proof of consistency consists of
    first: int,
    first_root: bytes,
    second: int,
    second_root: bytes,
    proof: list[bytes],
    *,
    held: bool,
) -> dict[str, Any]:
    return {
        "first": first,
        "first_root": first_root.hex(),
        "second": second,
        "second_root": second_root.hex(),
        "proof": [one.hex() for one in proof],
        "expected": held,
    }


def _signature(public: bytes, message: bytes, signature: bytes, *, held: bool) -> dict[str, Any]:
    return {
        "public": public.hex(),
        "message": message.hex(),
        "signature": signature.hex(),
        "expected": held,
    }


def _flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


RFC_8032 = [
    (bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature))
    for public, message, signature in (
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    )
]
"""Section 7.1, tests 1 to 3: public key, message, signature."""


def text() -> str:
    """Return the file's content."""
    return json.dumps(vectors(), indent=1, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="ascii")
