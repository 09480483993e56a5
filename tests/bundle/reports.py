"""Reports in HTML with their checkpoint, as they are written and as a forger would."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from eventstore.bundle import verify
from eventstore.tlog import merkle
from eventstore.tlog.note import Signer
from tests.bundle.mutations import PROOFS, lines
from tests.bundle.synthetic import CASE, LOG, MINE, SMALL, Draft, small

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bundle.verifiers import Files

CORE = "<!doctype html>\n<body>\n<p>all went well</p>\n</body>\n</html>\n"
TEXT = f"# all went well\n\nHTML: SHA-256 `{sha256(CORE.encode()).hexdigest()}`\n"
PAGE = CORE + verify.CORE_END.decode() + b64encode(TEXT.encode()).decode() + " -->\n"
DIGEST = sha256(TEXT.encode()).hexdigest()
EVALUATED = Draft(
    MINE,
    "EvaluationCompleted",
    json.dumps({"up_to_version": 2, "report_sha256": DIGEST}),
)
FILES = small(drafts=[*SMALL.drafts, EVALUATED]).files()
FOREIGN = Signer(LOG.name, bytes(32))


def evidence(files: Files = FILES, version: int = 2, **changes: Any) -> dict[str, Any]:
    """Return what the report says of its proof: under the bundle's own checkpoint, with changes."""
    (event,) = [one for one in lines(files) if (one["stream"], one["version"]) == (MINE, version)]
    (proof,) = [one for one in lines(files, PROOFS) if one["position"] == event["position"]]
    said = {"incident": CASE, "version": version, "position": event["position"]}
    note = files["checkpoint"].decode()
    return {**said, "hash": event["hash"], "proof": proof["proof"], "checkpoint": note, **changes}


def alone(**changes: Any) -> dict[str, Any]:
    """Return it under a checkpoint of another size: of a log of the same key, maybe another one."""
    said = evidence()
    leaves = [bytes([number]) * 32 for number in range(40)]
    leaves[said["position"] - 1] = merkle.leaf_hash(bytes.fromhex(said["hash"]))
    spans = merkle.inclusion_spans(said["position"] - 1, len(leaves))
    proof = [merkle.root_of(leaves[one.begin : one.end]).hex() for one in spans]
    note = small(**changes).checkpoint(leaves).decode()
    return {**said, "proof": proof, "checkpoint": note}


WRONG: dict[str, dict[str, Any]] = {
    "another incident": evidence(incident="0" * 8 + CASE[8:]),
    "another version": evidence(version=3),
    "a version that it is not made of": evidence(version=4),
    "another position": {**evidence(), "position": 8},
    "position 0": {**evidence(), "position": 0},
    "another hash": {**evidence(), "hash": "00" * 32},
    "no way to the root": {**evidence(), "proof": []},
    "half the way": {**evidence(), "proof": evidence()["proof"][1:]},
    "a checkpoint by another key": alone(signer=FOREIGN),
    "a checkpoint of another log": alone(signer=LOG.named("other")),
    "the proof of another checkpoint": {**alone(), "checkpoint": evidence()["checkpoint"]},
    "a checkpoint without the event": {
        **evidence(),
        "checkpoint": SMALL.checkpoint([bytes(32)] * 15).decode(),
    },
    "a field more": {**evidence(), "sound": True},
}


SHOWN = verify.with_evidence(PAGE, evidence())
BLOCK = SHOWN.removeprefix(CORE.removesuffix("</body>\n</html>\n")).partition("</body>")[0]
REWRITTEN: dict[str, str] = {
    "another size is shown": SHOWN.replace(" 个事件 events", "0 个事件 events"),
    "another range is shown": SHOWN.replace("<dd>1 – 2<br>", "<dd>1 – 9<br>"),
    "something more is shown": SHOWN.replace("</dl>\n", "</dl>\n<p>and nobody is to blame</p>\n"),
    "it stands elsewhere": PAGE.replace("<p>", f"{BLOCK}<p>"),
    "it stands there twice": SHOWN.replace("</body>", f"{BLOCK}</body>"),
    "its values are missing": SHOWN.replace(BLOCK, BLOCK.partition("\n")[2]),
    "its values are no base64": SHOWN.replace("muster-report-proof ", "muster-report-proof !"),
    "the page is another one": SHOWN.replace("well", "ill"),
}


def of_reports() -> Iterator[tuple[str, Files, str, str]]:
    """Return what a report is, the bundle of its case, the report, and what is said of both."""
    size, newest = int(FILES["checkpoint"].split(b"\n")[1]), "sound; newest 5, 0 more; report 2"
    yield "of another case", SMALL.files(), PAGE, "cannot be told"
    yield "as it was made", FILES, PAGE, f"{newest}, no checkpoint"
    yield "as its text", FILES, TEXT, f"{newest}, no checkpoint"
    yield "with its checkpoint", FILES, SHOWN, f"{newest}, checkpoint {size}, compared"
    other = verify.with_evidence(PAGE, alone())
    yield "with a checkpoint of another size", FILES, other, f"{newest}, checkpoint 40"
    for end in ("", " -->", " -->\r\n\r\n", "-->"):
        yield (
            "that ends otherwise",
            FILES,
            PAGE.removesuffix(" -->\n") + end,
            f"{newest}, no checkpoint",
        )
    for end in ("\ufeff -->\n", " -->\n\x85", "\x1c -->", " --> -->\n", " -->\n<p>sound</p>\n"):
        yield "that ends in something else", FILES, PAGE.removesuffix(" -->\n") + end, "false"
    for what, said in WRONG.items():
        yield f"with {what}", FILES, verify.with_evidence(PAGE, said), "false"
    for what, page in REWRITTEN.items():
        yield f"of which {what}", FILES, page, "false"
    beyond = verify.with_evidence(PAGE, {**evidence(), "version": 60})
    yield "of a version that the bundle has not", FILES, beyond, "cannot be told"
    for text in ("", TEXT + "\n", CORE):
        yield "of which the case says nothing", FILES, text, "cannot be told"
    for what, data in (
        ("a field more", {"up_to_version": 2, "report_sha256": DIGEST, "more": 1}),
        ("a version as a text", {"up_to_version": "2", "report_sha256": DIGEST}),
        ("a version with a fraction", {"up_to_version": 2.5, "report_sha256": DIGEST}),
    ):
        drafts = [*SMALL.drafts, Draft(MINE, "EvaluationCompleted", json.dumps(data))]
        yield f"evaluated with {what}", small(drafts=drafts).files(), PAGE, "cannot be told"
