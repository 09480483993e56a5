"""What was said of a person stands nowhere but in mails that have left; then nothing opens it."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest

from eventstore.privacy.key_wrap import KeyWrap
from eventstore.privacy.sealed import SEALED, Parts, VaultBroken, open_sealed, parts_of
from eventstore.privacy.shares import Shares
from eventstore.privacy.vault import read_key
from services.demo import stage
from services.local import mail_sink
from services.local.folder import Folder
from services.local.postgres import OWNER, Postgres
from services.runtime.exit_codes import Exit
from tests.services.running import Answer, muster

pytestmark = pytest.mark.processes

PATIENCE_S = 90.0
FREE = ("--api-port", "0", "--temporal-port", "0", "--mail-port", "0")
PLAN = Path(__file__).parents[2] / "plans" / "general-venue.yaml"

NAME = "欧阳若曦-Ouyang"
PHONE = "+86-139-5555-7777"
STATEMENT = "She fell on escalator seven and hurt her left knee"
ADDRESS = "ouyang.ruoxi@people.test"
HOOK = "http://127.0.0.1:9/hook/ouyang-secret-path"
WRONG_ADDRESS = "ouyang.ruoxi-at-people.test"
SECRETS = (NAME, PHONE, STATEMENT, ADDRESS, HOOK, WRONG_ADDRESS)

ALARM = (
    *("incident", "report-alarm", "--venue", "riverside-mall", "--plan", "general-venue"),
    *("--hazard", "crowding", "--zone", "atrium", "--source", "camera 7"),
)
FILED = ("--concern", "casualty", "--name", NAME, "--contact", PHONE, "--particulars", STATEMENT)
WHY = ("--basis", "purpose-achieved", "--reason", "The response is over")
WRAPPED = "SELECT key_id, subject, wrapped, share FROM muster_vault.key WHERE wrapped IS NOT NULL"
FACTS = "SELECT data::text AS data, meta::text AS meta FROM muster.event"


class Stack:
    """A running stack, and what people type."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder

    def muster(self, *words: str) -> Answer:
        return muster(*words, given={"MUSTER_FOLDER": str(self.folder.root), "MUSTER_LANG": "en"})

    def said(self, *words: str) -> Any:
        answer = self.muster(*words, "-o", "json")
        assert answer.code == Exit.OK, answer.text
        return json.loads(answer.out)

    @property
    def postgres(self) -> Postgres:
        return Postgres(self.folder)

    def asked(self, *statements: str) -> list[asyncpg.Record]:
        async def ask() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(self.postgres.dsn(OWNER))
            rows: list[asyncpg.Record] = []
            for statement in statements:
                rows = await connection.fetch(statement)
            await connection.close()
            return rows

        return asyncio.run(ask())

    def come_to_rest(self) -> None:
        """Have PostgreSQL write all tables anew, and everything to its files."""
        self.asked("VACUUM FULL", "CHECKPOINT")

    def dumped(self) -> bytes:
        """Return the whole database as text: every schema, every row."""
        program = self.postgres.programs / "pg_dump"
        dsn = self.postgres.dsn(OWNER)
        done = subprocess.run([program, "--dbname", dsn], check=True, capture_output=True)
        return done.stdout

    def files(self) -> Iterator[tuple[Path, bytes]]:
        """Return every file of the stack, PostgreSQL's, Temporal's, the logs and the proofs."""
        for file in sorted(self.folder.root.rglob("*")):
            try:
                if file.is_file():
                    yield file.relative_to(self.folder.root), file.read_bytes()
            except FileNotFoundError:
                continue  # PostgreSQL has just removed it


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with stage.folder(keep=False) as folder:
        found = Stack(folder)
        answer = found.muster("up", "-d", *FREE)
        assert answer.code == Exit.OK, answer.text
        yield found
        found.muster("down")


def eventually(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE_S
    while not holds() and time.monotonic() < until:
        time.sleep(0.3)
    return holds()


def spellings(text: str) -> set[bytes]:
    """Return a text in every way in which something careless might have written it."""
    plain = text.encode()
    escaped = json.dumps(text)[1:-1]
    return {
        plain,
        escaped.encode(),
        escaped.replace("\\", "\\\\").encode(),
        quote(text).encode(),
        text.encode("utf-16-le"),
        plain.hex().encode(),
        *(_in_base64(plain, shift) for shift in range(3)),
    }


def _in_base64(plain: bytes, shift: int) -> bytes:
    """Return what base64 makes of a text that stands so many bytes behind another."""
    encoded = base64.b64encode(b"\0" * shift + plain + b"\0" * 3)
    return encoded[4 if shift else 0 : -8]


def holding(stack: Stack) -> dict[str, set[str]]:
    """Return where each secret is found, in whatever spelling."""
    wanted = {secret: spellings(secret) for secret in SECRETS}
    found: dict[str, set[str]] = {}
    for place, content in (*stack.files(), (Path("pg_dump"), stack.dumped())):
        for secret, ways in wanted.items():
            if any(way in content for way in ways):
                found.setdefault(secret, set()).add(place.parts[0])
    return found


def opened_by_anything(stack: Stack, sealed: set[str]) -> list[str]:
    """Try every key there is on every sealed text; return those that open."""
    return opened_with(stack, sealed, stack.asked(WRAPPED))


def opened_with(stack: Stack, sealed: set[str], rows: list[asyncpg.Record]) -> list[str]:
    """Try keys' rows, and whatever lies in the folders of keys, on every sealed text."""
    wrap, shares = KeyWrap(read_key(stack.folder.keys / "vault")), Shares(stack.folder.shares)
    found = []
    for row in rows:
        for text in sealed:
            parts = parts_of(text)
            assert isinstance(parts, Parts)
            with suppress(VaultBroken):
                share = shares.of(row["share"])
                key = wrap.unwrapped(row["key_id"], row["wrapped"], share)
                found.append(open_sealed(parts, key.key, row["subject"]).text)
    return found


def test_what_is_personal_stands_nowhere_in_the_plain_and_erased_nothing_opens_it(
    stack: Stack, tmp_path: Path
) -> None:
    for step in ("draft", "review", "approve", "publish"):
        stack.said("plan", step, str(PLAN))
    ways = ("--channel", f"webhook={HOOK}", "--channel", f"mail={ADDRESS}")
    stack.said("contact", "register", "general-manager", "--name", NAME, *ways)
    wrong = stack.muster(
        "contact", "register", "duty-manager", "--channel", f"mail={WRONG_ADDRESS}"
    )
    assert wrong.code == Exit.USAGE
    incident = stack.said(*ALARM)["incident_id"]
    stack.said("incident", "record-person", incident, "--person", "casualty-1", *FILED)
    long = ("--concern", "casualty", "--particulars", f"{STATEMENT} {'x' * 2_000}")
    refused = stack.muster("incident", "record-person", incident, "--person", "casualty-2", *long)
    assert refused.code == Exit.USAGE
    stack.said(
        *("incident", "activate-response", incident, "--level", "iii", "--matters", "Crowd"),
        *("--expected-duration", "1h"),
    )
    sent = stack.folder.mail
    assert eventually(
        lambda: any(ADDRESS in str(one["X-Envelope-To"]) for one in mail_sink.kept(sent))
    ), "the webhook does not answer, and so the mail goes out"
    assert (
        stack.said("disclose", "casualty-1", "--incident", incident, "--reason", "why")["name"]
        == NAME
    )

    stack.come_to_rest()
    assert holding(stack) == {ADDRESS: {"mail"}}, "a mail has an address: it has left"
    sealed = {
        found[0]
        for row in stack.asked(FACTS)
        for found in SEALED.finditer(row["data"] + row["meta"])
    }
    assert set(opened_by_anything(stack, sealed)) == {NAME, PHONE, STATEMENT, ADDRESS, HOOK}
    copied = stack.asked(WRAPPED)
    wrapped = [row["wrapped"] for row in copied]
    given = [Shares(stack.folder.shares).of(row["share"]) or b"" for row in copied]
    assert set(opened_with(stack, sealed, copied)) == {NAME, PHONE, STATEMENT, ADDRESS, HOOK}

    stack.said("erase", "casualty-1", "--incident", incident, *WHY)
    stack.said("erase", "general-manager", *WHY)
    stack.come_to_rest()
    assert holding(stack) == {ADDRESS: {"mail"}}
    assert opened_by_anything(stack, sealed) == []
    assert opened_with(stack, sealed, copied) == [], "nor a copied row, with the vault's key"
    assert not [place for place, content in stack.files() for one in given if one in content]
    left = {
        "/".join(place.parts[:3])
        for place, content in stack.files()
        if any(one in content or one.hex().encode() in content for one in wrapped)
    }
    assert left <= {"postgres/data/pg_wal"}, "PostgreSQL's journal, until it comes round"

    assert stack.said("verify")["sound"]
    replayed = stack.muster("replay", incident)
    assert "PIPL art. 47 (1)" in replayed.text
    report = tmp_path / "report.md"
    assert stack.muster("report", incident, "--to", str(report)).code == Exit.OK
    told = report.read_text(encoding="utf-8")
    assert told.count("《个人信息保护法》第四十七条第一项") == told.count("PIPL art. 47 (1)") > 1
    again = stack.said("disclose", "casualty-1", "--incident", incident, "--reason", "why")
    assert again["erasure"]["basis"] == "LEGAL_BASIS_PURPOSE_ACHIEVED"
