"""Tokens from the command line: given out, listed, revoked, rotated; nothing is lost on the way."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from typer.testing import CliRunner

from domain.values import Role
from services.api.errors.failures import Failure
from services.api.interceptors.authentication import Authenticator
from services.cli.main import command_line
from services.local import tokens
from services.local.folder import Folder
from services.runtime.exit_codes import Exit
from services.runtime.token_file import TokensInvalid

if TYPE_CHECKING:
    from pathlib import Path

PROCESSES = 12
EACH = 3

ISSUES = """
import sys
from pathlib import Path
from domain.values import Role
from services.local.tokens import issue
for n in range(int(sys.argv[3])):
    print(issue(Path(sys.argv[1]), f"desk-{sys.argv[2]}-{n}", [Role.OPERATOR]))
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """Make the folder of a stack."""
    place = Folder.at(tmp_path)
    place.make()
    monkeypatch.setenv("MUSTER_FOLDER", str(tmp_path))
    monkeypatch.setenv("MUSTER_API__TOKENS_FILE", str(place.tokens_file))
    return place


def muster(*words: str, code: Exit = Exit.OK) -> str:
    """Run `muster token`; return what it says."""
    answer = CliRunner().invoke(command_line(), ["token", *words])
    assert answer.exit_code == code, answer.output
    return answer.output.strip()


def ids() -> dict[str, str]:
    """Return what the entries are called, by actor."""
    return {one["actor"]: one["id"] for one in json.loads(muster("list", "-o", "json"))}


def actor(place: Folder, token: str) -> str | None:
    """Return who the service takes the holder of a token for."""
    try:
        return Authenticator(place.tokens_file).actor(f"Bearer {token}", ()).id
    except Failure:
        return None


@pytest.mark.processes
def test_of_what_twelve_processes_give_out_at_once_nothing_is_lost(place: Folder) -> None:
    command = [sys.executable, "-c", ISSUES, str(place.tokens_file)]
    running = [
        subprocess.Popen([*command, str(n), str(EACH)], stdout=subprocess.PIPE, text=True)
        for n in range(PROCESSES)
    ]
    given = [token for one in running for token in one.communicate()[0].split()]
    assert len(given) == PROCESSES * EACH
    doors = Authenticator(place.tokens_file)
    known = {doors.actor(f"Bearer {token}", ()).id for token in given}
    assert known == {f"desk-{n}-{m}" for n in range(PROCESSES) for m in range(EACH)}
    assert not [one for one in place.tokens_file.parent.iterdir() if one.name.startswith(".tokens")]


def test_a_token_is_given_out_with_an_end(place: Folder) -> None:
    token = muster("new", "--actor", "gate-1", "--role", "device", "--valid-for", "90d")
    assert actor(place, token) == "gate-1"
    (one,) = json.loads(muster("list", "-o", "json"))
    until = datetime.fromisoformat(one["expires_at"])
    assert timedelta(days=89) < until - datetime.now(UTC) <= timedelta(days=90)
    assert token not in place.tokens_file.read_text()


def test_the_list_says_who_and_until_when(place: Folder) -> None:
    muster("new", "--actor", "desk-1", "--role", "operator", "--venue", "mall")
    tokens.issue(place.tokens_file, "gone-1", [Role.DEVICE], None, timedelta(seconds=-1))
    said = muster("list")
    assert "desk-1" in said
    assert "mall" in said
    assert "(expired)" in said
    assert tokens.listed(place.tokens_file)[0].id in said


def test_a_revoked_token_lets_nobody_in(place: Folder) -> None:
    first = muster("new", "--actor", "desk-1", "--role", "operator")
    second = muster("new", "--actor", "desk-2", "--role", "operator")
    muster("revoke", ids()["desk-1"])
    assert (actor(place, first), actor(place, second)) == (None, "desk-2")


def test_all_tokens_of_an_actor_are_revoked_at_once(place: Folder) -> None:
    given = [muster("new", "--actor", "desk-1", "--role", "operator") for _ in range(2)]
    kept = muster("new", "--actor", "desk-2", "--role", "operator")
    assert len(muster("revoke", "--actor", "desk-1").splitlines()) == len(given)
    assert [actor(place, one) for one in (*given, kept)] == [None, None, "desk-2"]


def test_a_rotated_token_is_good_beside_the_new_one_for_a_while(place: Folder) -> None:
    old = muster("new", "--actor", "desk-1", "--role", "operator", "--venue", "mall")
    new = muster("rotate", ids()["desk-1"], "--overlap", "1h")
    assert (actor(place, old), actor(place, new)) == ("desk-1", "desk-1")
    before, after = json.loads(muster("list", "-o", "json"))
    assert (before["roles"], before["venues"]) == (after["roles"], after["venues"])
    left = datetime.fromisoformat(before["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)
    assert after["expires_at"] is None


def test_a_token_is_rotated_without_an_overlap(place: Folder) -> None:
    old = muster("new", "--actor", "desk-1", "--role", "operator")
    new = muster("rotate", ids()["desk-1"], "--overlap", "0m")
    assert (actor(place, old), actor(place, new)) == (None, "desk-1")


def test_a_token_that_ends_is_rotated_into_one_that_ends(place: Folder) -> None:
    muster("new", "--actor", "desk-1", "--role", "operator", "--valid-for", "30m")
    muster("rotate", ids()["desk-1"], code=Exit.USAGE)
    assert len(tokens.listed(place.tokens_file)) == 1
    muster("rotate", ids()["desk-1"], "--valid-for", "90d")
    ends = [one.entry.expires_at for one in tokens.listed(place.tokens_file)]
    assert all(one is not None for one in ends)


def test_the_local_stack_goes_on_with_a_rotated_token(place: Folder) -> None:
    tokens.issue_one_per_role(place)
    new = muster("rotate", ids()["operator"], "--overlap", "0m")
    assert tokens.token_of(place, "operator") == new
    assert actor(place, tokens.token_of(place, "operator")) == "operator"


@pytest.mark.parametrize("how", ["--certificate", "--serial"])
def test_a_certificate_is_revoked(place: Folder, tmp_path: Path, how: str) -> None:
    muster("new", "--actor", "desk-1", "--role", "operator")
    leaf = trustme.CA().issue_cert("gate-7.example").cert_chain_pems[0]
    leaf.write_to_path(tmp_path / "leaf.pem")
    parsed = x509.load_pem_x509_certificate(leaf.bytes())
    serial = f"serial={parsed.serial_number:X}"
    muster("revoke", how, {"--certificate": str(tmp_path / "leaf.pem"), "--serial": serial}[how])
    expected = {
        "--certificate": {"sha256": parsed.fingerprint(SHA256()).hex()},
        "--serial": {"serial": f"{parsed.serial_number:x}"},
    }[how]
    assert json.loads(place.tokens_file.read_text())["revoked_certificates"] == [expected]
    with pytest.raises(Failure, match="UNAUTHENTICATED"):
        Authenticator(place.tokens_file).actor(None, ["gate-7.example"], leaf.bytes())


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("new", "--actor", "Mr. Li", "--role", "operator"), Exit.USAGE),
        (("new", "--actor", "desk-2", "--role", "system"), Exit.USAGE),
        (("new", "--actor", "desk-2", "--role", "operator", "--valid-for", "soon"), Exit.USAGE),
        (("revoke",), Exit.USAGE),
        (("revoke", "abc", "--actor", "desk-1"), Exit.USAGE),
        (("revoke", "nothing"), Exit.NOT_FOUND),
        (("revoke", "--actor", "desk-9"), Exit.NOT_FOUND),
        (("revoke", "--serial", "xyz"), Exit.USAGE),
        (("revoke", "--certificate", "/no/such/file"), Exit.USAGE),
        (("rotate", "nothing"), Exit.NOT_FOUND),
    ],
)
def test_what_can_t_be_done_is_said_and_changes_nothing(
    place: Folder, words: tuple[str, ...], code: Exit
) -> None:
    muster("new", "--actor", "desk-1", "--role", "operator")
    before = place.tokens_file.read_bytes()
    assert "muster:" in muster(*words, code=code)
    assert place.tokens_file.read_bytes() == before


def test_a_file_that_is_broken_is_not_overwritten(place: Folder) -> None:
    place.tokens_file.write_text("{")
    with pytest.raises(TokensInvalid):
        tokens.issue(place.tokens_file, "desk-1", [Role.OPERATOR])
    assert place.tokens_file.read_text() == "{"


def test_the_file_keeps_its_mode_and_a_new_one_is_its_owners(place: Folder) -> None:
    muster("new", "--actor", "desk-1", "--role", "operator")
    assert place.tokens_file.stat().st_mode & 0o777 == 0o600
    place.tokens_file.chmod(0o640)
    muster("new", "--actor", "desk-2", "--role", "operator")
    assert place.tokens_file.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_service_s_user_can_still_read_what_root_changed(place: Folder) -> None:
    muster("new", "--actor", "desk-1", "--role", "operator")
    os.chown(place.tokens_file, 65_534, 65_534)
    muster("new", "--actor", "desk-2", "--role", "operator")
    assert (place.tokens_file.stat().st_uid, place.tokens_file.stat().st_gid) == (65_534, 65_534)


@pytest.mark.usefixtures("place")
def test_an_entry_is_called_by_the_beginning_of_its_hash() -> None:
    token = muster("new", "--actor", "desk-1", "--role", "operator")
    assert hashlib.sha256(token.encode()).hexdigest().startswith(ids()["desk-1"])
