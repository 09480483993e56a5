"""A report in HTML says which checkpoint holds what it is made of, and no word of that is free."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from eventstore import merkle
from eventstore.bundle import verify
from eventstore.note import Signer
from tests.bundle.mutations import PROOFS, lines
from tests.bundle.synthetic import CASE, LOG, MINE, SMALL, Draft, small
from tests.bundle.test_screen import ran
from tests.bundle.verifiers import first, written

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.bundle.verifiers import Files

CORE = "<!doctype html>\n<body>\n<p>all went well</p>\n</body>\n</html>\n"
TEXT = f"# all went well\n\nHTML: SHA-256 `{sha256(CORE.encode()).hexdigest()}`\n"
PAGE = CORE + verify.CORE_END.decode() + b64encode(TEXT.encode()).decode() + " -->\n"
EVALUATED = Draft(
    MINE,
    "EvaluationCompleted",
    json.dumps({"up_to_version": 2, "report_sha256": sha256(TEXT.encode()).hexdigest()}),
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


def found(page: str, place: Path) -> tuple[int, dict[str, Any]]:
    """Return how the verifier ends, and what it says of a report."""
    file = place / "report.html"
    file.write_text(page, encoding="utf-8")
    said = first(written(FILES, place / "case"), "--key", LOG.verifier.vkey, "--report", file)
    return said.exit, said.said["facts"].get("report", {})


def test_a_page_with_its_checkpoint_is_proven(tmp_path: Path) -> None:
    code, report = found(verify.with_evidence(PAGE, evidence()), tmp_path)
    size = int(FILES["checkpoint"].split(b"\n")[1])
    told = {"size": size, "version": 2, "position": 6, "compared": True}
    assert (code, report["checkpoint"]) == (0, told)


def test_a_page_under_another_size_is_not_compared(tmp_path: Path) -> None:
    code, report = found(verify.with_evidence(PAGE, alone()), tmp_path)
    told = {"size": 40, "version": 2, "position": 6, "compared": False}
    assert (code, report["checkpoint"]) == (0, told)


def test_a_page_without_one_is_proven_as_before(tmp_path: Path) -> None:
    code, report = found(PAGE, tmp_path)
    assert (code, report["checkpoint"], report["up_to_version"]) == (0, None, 2)


@pytest.mark.parametrize(
    ("language", "made", "said"),
    [
        ("en", evidence, "it is of the same log as the bundle's"),
        ("en", alone, "that it is of the same log as the bundle's, is not proven"),
        ("zh", evidence, "与本案卷出自同一日志"),
        ("zh", alone, "是否与本案卷出自同一日志，未经证明"),
    ],
)
def test_it_is_said_to_people(
    tmp_path: Path, language: str, made: Callable[[], dict[str, Any]], said: str
) -> None:
    file = tmp_path / "report.html"
    file.write_text(verify.with_evidence(PAGE, made()), encoding="utf-8")
    folder = written(FILES, tmp_path / "case")
    code, out = ran(folder, "--report", file, "--language", language, LC_ALL="C.UTF-8")
    assert code == 0
    assert said in out


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


@pytest.mark.parametrize("what", WRONG)
def test_what_is_false_of_it_is_found(what: str, tmp_path: Path) -> None:
    assert found(verify.with_evidence(PAGE, WRONG[what]), tmp_path)[0] == 1


SHOWN = verify.with_evidence(PAGE, evidence())
BLOCK = verify.evidence_block(evidence()).decode()
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


@pytest.mark.parametrize("what", REWRITTEN)
def test_what_is_shown_is_what_was_proven(what: str, tmp_path: Path) -> None:
    assert found(REWRITTEN[what], tmp_path)[0] == 1


def test_a_version_that_the_bundle_has_not_cannot_be_told(tmp_path: Path) -> None:
    page = verify.with_evidence(PAGE, {**evidence(), "version": 60})
    assert found(page, tmp_path)[0] == 2
