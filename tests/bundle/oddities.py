"""What a forger or a careless program could write, for the vectors: keys, notes, paths, bundles."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from eventstore.integrity.hash_chain import FIRST, LAST
from eventstore.tlog.note import COSIGNATURE, Note, Signature, Signer, Verifier
from tests.bundle.lineages import to_somebody_who_knows
from tests.bundle.mutations import EVENTS, PROOFS, remade
from tests.bundle.newest import of_heads, of_later
from tests.bundle.reports import of_reports
from tests.bundle.synthetic import EXPORT, LOG, MINE, OWN, SMALL, WITNESS, Draft, small
from tests.bundle.zip_kinds import AS_PROGRAMS_WRITE, BROKEN, NAMED
from tests.bundle.zips import PAGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bundle.verifiers import Files

ZIPPED = {"manifest.json": b"{}\n", "checkpoint": b"12345\n", "keys/log.vkey": b"key\n"}
"""What is in the zips that are vectors."""
SOUND, FALSE, UNTOLD = "sound", "false", "cannot be told"
P = 2**255 - 19
ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
SIGN = 1 << 255
SMALL_ORDER = (0, 1, P - 1, ORDER_8, P - ORDER_8)
"""The y of all points whose order divides 8."""

ODD_NAMES = (
    "\x85",
    "\x1c",
    "\ufeff",
    "\u2028",
    "\u00a0",
    " ",
    "\t",
    "\u200b",
    "\u202e",
    "\x7f",
    "\x00",
    "\xad",
)
"""Names that one language takes for spaces and another does not, and some that nobody sees."""

PATHS: tuple[tuple[Sequence[str], bool], ...] = (
    (["manifest.json", "checkpoints/5", "keys/log.vkey", "a-b+c_d.1", ".hidden"], True),
    (["a/b/", "a/b/c", "a/"], True),
    *(
        ([path], False)
        for path in (
            "",
            "/",
            "a//b",
            "./a",
            "a/./b",
            "../a",
            "a/../b",
            "a/..",
            "/a",
            "a\\b",
            "C:a",
            "a.",
            "a /b",
            "a./b",
            "a ",
            " a",
            "a\x00",
            "a\nb",
            "é",
            "a/\ufeffb",
            "..a",
            "a..b",
            "-a",
            "~a",
            "a:b",
            "a*",
            "x" * 201,
            "nul",
            "CON.txt",
            "a/Com1",
            "lpt9.a.b",
            "b/manifest.json",
            "b/MANIFEST.json",
        )
    ),
    (["a", "a"], False),
    (["a", "A"], False),
    (["a/b", "A/c"], False),
    (["a", "a/b"], False),
    (["A/b", "a"], False),
    (["a/", "a"], False),
    (["manifest.json", "Manifest.json"], False),
)
"""Paths of one bundle, and whether they unpack to the same files everywhere."""


def key_files() -> Iterator[tuple[str, bool]]:
    """Return what may be in a file of keys, and whether it is one."""
    log, witness = LOG.verifier.vkey, WITNESS.cosigner.vkey
    yield from ((f"{log}\n", True), (f"{log}\n{witness}\n", True))
    yield from ((f"{log}\n" * 32, True), (f"{log}\n" * 33, False))
    for text in (log, f"{log}\r\n", f"{log}\n\n", f"\n{log}\n", f"{log}\n{witness}", f" {log}\n"):
        yield text, False
    for text in (
        "",
        "\n",
        f"{log}\x85{witness}\n",
        f"{log}\u2028",
        f"\ufeff{log}\n",
        f"{log}\x0c\n",
    ):
        yield text, False
    for name in ODD_NAMES:
        yield f"{Verifier(f'log{name}x', LOG.verifier.public).vkey}\n", False
    yield f"{Verifier('日志.example/é', LOG.verifier.public).vkey}\n", True
    yield f"{Verifier('', LOG.verifier.public).vkey}\n", False
    yield f"{Verifier('a+b', LOG.verifier.public).vkey}\n", False
    yield f"{Verifier('log', LOG.verifier.public, 2).vkey}\n", False
    yield f"{Verifier('log', LOG.verifier.public[1:]).vkey}\n", False
    yield f"{log[:-1]}\n", False
    yield f"{log.replace('+AQ', '+aq')}\n", False
    head, _, tail = log.partition("+")
    yield f"{head}+{tail.upper()}\n", False


def odd_notes(signed: str) -> Iterator[tuple[str, bool]]:
    """Return notes that are signed once more, or with what should not be in one."""
    text, _, below = signed.partition("\n\n")
    line = LOG.sign(f"{text}\n").line
    others = [Signer("other", bytes([number] * 32)).sign(f"{text}\n").line for number in range(100)]
    yield from ((signed + line * 3, True), (signed + line * 99, True), (signed + line * 100, False))
    yield from ((signed + "".join(others[:99]), True), (signed + "".join(others), False))
    forged = [
        Signature(LOG.name, LOG.verifier.key_id, bytes([number] * 64)).line for number in range(4)
    ]
    yield signed + "".join(forged), False
    yield f"{text}\nan extension\n\n{below}", False
    yield signed.replace("\n\n", "\n\r\n\n"), False
    yield signed.replace("\n", "\r\n"), False
    yield from ((f"\ufeff{signed}", False), (f"{signed}\n", False), (f"\n\n{below}", False))
    yield signed.replace(f"{LOG.name} ", f"{LOG.name}  ", 1), False


def without_its_time(signed: str) -> str:
    """Return a note that a witness signed as a log does, under the id of a cosignature."""
    note = Note.parse(signed)
    plain = Signature(WITNESS.name, WITNESS.cosigner.key_id, WITNESS.sign(note.text).signature)
    return note.with_signatures([plain]).whole


def signed_by_nobody() -> Iterator[tuple[bytes, bytes, bytes]]:
    """Return signatures that a lenient verifier takes: points of small order, or written twice."""
    encoded = [y | sign for y in SMALL_ORDER for sign in (0, SIGN)]
    encoded += [y + P | sign for y in (0, 1) for sign in (0, SIGN)]
    for number in encoded:
        point = number.to_bytes(32, "little")
        yield point, b"anything", (1).to_bytes(32, "little") + bytes(32)
        yield point, b"anything", point + bytes(32)
        yield LOG.verifier.public, b"anything", point + bytes(32)


def bundles() -> list[dict[str, Any]]:
    """Return bundles and the verdict on each; from the second on, what differs from the first."""
    base = SMALL.files()
    whole = {"what": "whole", "files": _texts(base), "expected": stated(base)}
    found: list[dict[str, Any]] = [whole]
    for what, files, verdict, given in (
        *_of_spans(),
        *_of_keys(),
        *_of_events(),
        *_of_what_lacks(),
        *_of_what_is_known(),
        *to_somebody_who_knows(),
    ):
        known = {"given": given} if given else {}
        expected = stated(files) if verdict == SOUND else verdict
        changed = changes(base, files)
        found.append({"what": what, "files": changed, **known, "expected": expected})
    for what, files, expected in of_heads(base):
        found.append({"what": what, "files": changes(base, files), "expected": expected})
    for what, files, other, expected in of_later(base):
        later = {"files": changes(base, other["bundle"])} if "bundle" in other else other
        about = {"what": what, "files": changes(base, files), "later": [later]}
        found.append(about | {"expected": expected})
    return found


def reports(made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return reports, each with the number of its bundle, which is added if it is not there."""
    base, found = SMALL.files(), list[dict[str, Any]]()
    for what, files, report, expected in of_reports():
        changed = {} if files == base else changes(base, files)
        known = [number for number, one in enumerate(made) if number and one["files"] == changed]
        if changed and not known:
            whole = {"what": "of which a report was made", "files": changed}
            made.append({**whole, "expected": stated(files)})
        of = (known or [len(made) - 1])[0] if changed else 0
        found.append({"what": what, "of": of, "report": report, "expected": expected})
    return found


def stated(files: Files) -> str:
    """Return what is said of a sound bundle that ends with the newest version of its case."""
    last = sum(json.loads(line)["stream"] == MINE for line in files[EVENTS].splitlines())
    return f"{SOUND}; newest {last}, 0 more"


def changes(base: Files, files: Files) -> dict[str, str | None]:
    """Return what differs in a bundle from another one; None is not there."""
    changed = {path: one for path, one in _texts(files).items() if base.get(path) != files[path]}
    return {**changed, **dict.fromkeys(base.keys() - files.keys())}


Bundle = tuple[str, "Files", str, dict[str, Any]]


def zips() -> list[dict[str, Any]]:
    """Return zips, and the SHA-256 over what is in them; None if they are none."""
    held = {what: (make, True) for what, make in AS_PROGRAMS_WRITE.items()} | NAMED
    held |= {what: (make, False) for what, make in BROKEN.items()}
    return [
        {
            "what": what,
            "zip": b64encode(make(ZIPPED)).decode(),
            "expected": _listed(MORE_IN.get(what, {})) if is_one else None,
        }
        for what, (make, is_one) in held.items()
    ]


MORE_IN = {"with a page": {"page": PAGE}}
"""What some of them hold beside that."""


def _listed(more: Files) -> str:
    listed = [
        f"{sha256(one).hexdigest()} {path}\n" for path, one in sorted({**ZIPPED, **more}.items())
    ]
    return sha256("".join(listed).encode()).hexdigest()


def _of_spans() -> Iterator[Bundle]:
    def span(first: int, last: int, stream: str = MINE) -> dict[str, Any]:
        return {"stream": stream, "first": first, "last": last, "hash": "00" * 32}

    more = {
        "a span that ends before it begins": span(2, 1),
        "a span from version 0": span(0, 0),
        "a span without end": span(4, 2**63 - 1),
        "a span of the export itself": span(1, 1, OWN),
        "a span of what is not there": span(1, 1, "unit/a"),
    }
    for what, one in more.items():
        yield what, small(spans=lambda spans, one=one: [*spans, one]).files(), FALSE, {}
    yield "a span twice", small(spans=lambda spans: [*spans, spans[-1]]).files(), FALSE, {}
    yield "no spans", small(spans=lambda _: []).files(), FALSE, {}
    apart = small(spans=lambda spans: [*_apart(spans[0]), *spans[1:]]).files()
    yield "a version in two spans", apart, FALSE, {}


def _apart(span: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**span, "last": 3}, {**span, "first": 3}]


def _of_keys() -> Iterator[Bundle]:
    log, witness = LOG.verifier.vkey, WITNESS.cosigner.vkey
    for what, text in (
        ("a key without its newline", log),
        ("a key and a blank line", f"{log}\n\n"),
        ("a key as Windows writes it", f"{log}\r\n"),
        ("two keys", f"{log}\n{log}\n"),
        (
            "a witness's key as the log's",
            f"{Verifier(LOG.name, LOG.verifier.public, COSIGNATURE).vkey}\n",
        ),
    ):
        yield what, small(changes={"keys/log.vkey": text.encode()}).files(), FALSE, {}
    for what, text in (
        ("witnesses with a blank line between", f"{witness}\n\n{witness}\n"),
        ("witnesses as Windows writes them", f"{witness}\r\n"),
        ("no witnesses in their file", ""),
    ):
        yield what, small(changes={"keys/witnesses.vkeys": text.encode()}).files(), FALSE, {}
    twice = small(changes={"keys/witnesses.vkeys": f"{witness}\n{witness}\n".encode()}).files()
    yield "a witness twice", twice, SOUND, {}
    for name in ("\x85", "\x1c", "\ufeff"):
        odd = small(signer=Signer(f"log{name}x", LOG.secret)).files()
        yield f"a log called log{name}x", odd, FALSE, {}
    yield "a log in Chinese", small(signer=Signer("日志.example", LOG.secret)).files(), SOUND, {}


def _of_events() -> Iterator[Bundle]:
    for what, moment in (("the first moment", FIRST), ("the last moment", LAST)):
        drafts = [*SMALL.drafts, Draft(MINE, "PersonRecorded", occurred_at=moment)]
        yield f"an event at {what}", small(drafts=drafts).files(), SOUND, {}
    for what, data in (
        ("an erasure with a fraction", '{"keys":["k1"],"share":0.5}'),
        ("an erasure of nothing that is known", '{"keys":7}'),
        ("an erasure with a key twice", '{"keys":["k1"],"keys":[]}'),
    ):
        drafts = [*SMALL.drafts, Draft(MINE, "PersonalDataErased", data)]
        yield what, small(drafts=drafts).files(), SOUND, {}
    base = SMALL.files()
    deep = base[EVENTS].replace(
        b'{"position":', b'{"x":' + b"[" * 100 + b"]" * 100 + b',"position":', 1
    )
    yield "an event with depths", remade({**base, EVENTS: deep}), FALSE, {}
    year = base[EVENTS].replace(b'"2026-05-01T12:00:00', b'"0000-05-01T12:00:00', 1)
    yield "an event in the year 0", remade({**base, EVENTS: year}), FALSE, {}


def _of_what_lacks() -> Iterator[Bundle]:
    base = SMALL.files()
    for path in base:
        yield (
            f"without {path}",
            {one: content for one, content in base.items() if one != path},
            UNTOLD,
            {},
        )
    proofs = b"".join(base[PROOFS].splitlines(keepends=True)[1:])
    yield "without the proof of an event", remade({**base, PROOFS: proofs}), UNTOLD, {}
    turned = b"".join(base[PROOFS].splitlines(keepends=True)[::-1])
    unread = remade({**base, PROOFS: turned})
    unread = {path: one for path, one in unread.items() if path != EVENTS}
    yield "without events, their proofs in disorder", unread, UNTOLD, {}
    events = b"".join(base[EVENTS].splitlines(keepends=True)[1:])
    yield "without an event", remade({**base, EVENTS: events}, events=4), FALSE, {}
    size = json.loads(base["manifest.json"])["checkpoint"]
    nothing = json.dumps({"size": size, "proofs": []}).encode()
    yield (
        "without a proof of consistency",
        remade({**base, "consistency.json": nothing}),
        UNTOLD,
        {},
    )
    yield "with a page that nothing proves", {**base, "report.html": b"<b>sound</b>"}, SOUND, {}
    yield "with a second case", {**base, "b/manifest.json": base["manifest.json"]}, UNTOLD, {}
    yield "with a twin", {**base, "Events.jsonl": b""}, UNTOLD, {}
    yield "of another format", remade(base, format="muster-case-bundle/0"), UNTOLD, {}
    for path in ("a//b", "a/./b", "a.", "nul", "Checkpoint", "checkpoint/b"):
        yield f"that names {path}", remade({**base, path: b""}), UNTOLD, {}


def _of_what_is_known() -> Iterator[Bundle]:
    base = SMALL.files()
    size = json.loads(base["manifest.json"])["checkpoint"]
    foreign = Signer(LOG.name, sha256(EXPORT.encode()).digest())
    kept = base["checkpoints/5"].decode()
    larger = SMALL.checkpoint([bytes(32)] * 99).decode()
    other = SMALL.checkpoint([bytes(32)] * 7).decode()
    forged = SMALL.checkpoint([bytes(32)] * 5).decode()
    known: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("its key", SOUND, {"key": LOG.verifier.vkey}),
        ("another key", FALSE, {"key": foreign.verifier.vkey}),
        ("a key that is none", UNTOLD, {"key": "log+00000000+AQ=="}),
        ("an empty key", UNTOLD, {"key": ""}),
        ("its witness", SOUND, {"witnesses": [WITNESS.cosigner.vkey]}),
        ("another witness", UNTOLD, {"witnesses": [foreign.cosigner.vkey]}),
        ("a witness that is none", UNTOLD, {"witnesses": [b64encode(bytes(33)).decode()]}),
        ("a checkpoint that was kept", SOUND, {"checkpoints": [kept]}),
        ("a checkpoint of another log", FALSE, {"checkpoints": [forged]}),
        ("a checkpoint without a proof", UNTOLD, {"checkpoints": [other]}),
        ("a checkpoint beyond the bundle", UNTOLD, {"checkpoints": [larger]}),
        ("a checkpoint that is none", UNTOLD, {"checkpoints": ["a note\n"]}),
    )
    for what, verdict, given in known:
        yield f"to somebody who has {what}", base, verdict, given
    of_itself = {"size": size, "proofs": [{"from": size, "proof": []}]}
    trivial = small(earlier=0, changes={"consistency.json": json.dumps(of_itself).encode()}).files()
    later = {"checkpoints": [larger]}
    yield "that proves that it begins with itself, beside a later one", trivial, UNTOLD, later
    its = {"witnesses": [WITNESS.cosigner.vkey]}
    earlier, latest = (_wrongly_cosigned(base, path) for path in ("checkpoints/5", "checkpoint"))
    yield "with a wrong cosignature under an earlier checkpoint", earlier, SOUND, {}
    yield "with one by a witness that somebody trusts", earlier, FALSE, its
    yield "with a wrong cosignature under its checkpoint", latest, FALSE, {}


def _wrongly_cosigned(files: Files, path: str) -> Files:
    """Return a bundle with the witness's signature over something else under a checkpoint."""
    note = Note.parse(files[path].decode())
    wrong = Note(note.text, (note.signatures[0], WITNESS.cosign("other\n", 1)))
    return remade({**files, path: wrong.whole.encode()})


def _texts(files: Files) -> dict[str, Any]:
    return {path: content.decode() for path, content in files.items()}
