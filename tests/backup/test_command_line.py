"""`muster backup` and `muster restore` on a PostgreSQL of one's own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import uuid4

import pytest

from services.runtime.exit_codes import Exit
from tests.conftest import execute
from tests.eventstore.samples import events
from tests.postgres import Cluster
from tests.services.running import Answer, muster

pytestmark = pytest.mark.processes

KEY = "0f" * 32


@pytest.fixture
def empty(postgres: Cluster) -> Iterator[str]:
    import asyncio  # noqa: PLC0415 - these tests run no loop of their own

    name = f"empty_{uuid4().hex}"
    asyncio.run(execute(postgres.dsn(), f"CREATE DATABASE {name} TEMPLATE template0"))
    yield postgres.dsn(name)
    asyncio.run(execute(postgres.dsn(), f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def given(fresh_dsn: str, tmp_path: Path) -> dict[str, str]:
    """Return the settings of a database that has a log."""
    import asyncio  # noqa: PLC0415 - as above

    from eventstore.log.log import Log  # noqa: PLC0415 - as above

    async def fill() -> None:
        log = await Log.open(fresh_dsn)
        await log.append("door/a", 0, events(10))
        await log.close()

    asyncio.run(fill())
    (tmp_path / "vault").write_text(KEY)
    return {
        "MUSTER_DATABASE__DSN": fresh_dsn,
        "MUSTER_DATABASE__OWNER_DSN": fresh_dsn.replace("muster_runtime@", "postgres@"),
        "MUSTER_VAULT__KEY_FILE": str(tmp_path / "vault"),
        "MUSTER_FOLDER": str(tmp_path / "no-stack"),
    }


def restored(given: Mapping[str, str], dsn: str, *words: str) -> Answer:
    return muster("restore", *words, given={**given, "MUSTER_DATABASE__OWNER_DSN": dsn})


def test_a_log_goes_from_one_database_to_another(
    given: dict[str, str], empty: str, tmp_path: Path
) -> None:
    log, keys = str(tmp_path / "log"), str(tmp_path / "keys")
    done = muster("backup", log, "--vault", keys, "-o", "json", given=given)
    assert done.code == Exit.OK, done.text
    said = [json.loads(line) for line in done.out.splitlines()]
    assert [(one["kind"], one.get("position"), one.get("keys")) for one in said] == [
        ("log", 10, None),
        ("vault", None, 0),
    ]
    back = restored(given, empty, log, "--vault", keys)
    assert back.code == Exit.OK, back.text
    assert "10 events" in back.out
    again = restored(given, empty, log)
    assert again.code == Exit.REFUSED
    assert "nothing is restored over them" in again.text


def test_keys_never_lie_with_the_log(given: dict[str, str], tmp_path: Path) -> None:
    for log, keys in (("b", "b"), ("b", "b/keys"), ("b/log", "b")):
        done = muster("backup", str(tmp_path / log), "--vault", str(tmp_path / keys), given=given)
        assert done.code == Exit.USAGE
        assert "must not lie with the log" in done.text
    assert not (tmp_path / "b").exists()


def test_who_does_not_say_which_database_is_told_what_is_missing(tmp_path: Path) -> None:
    given = {"MUSTER_FOLDER": str(tmp_path / "no-stack")}
    done = muster("backup", str(tmp_path / "log"), given=given, cwd=tmp_path)
    assert done.code == Exit.USAGE
    assert "MUSTER_DATABASE__OWNER_DSN" in done.text


def test_a_folder_that_holds_no_backup_is_said_so(
    given: dict[str, str], empty: str, tmp_path: Path
) -> None:
    done = restored(given, empty, str(tmp_path))
    assert done.code == Exit.VERIFICATION_FAILED
    assert "holds no backup" in done.text


def test_no_password_is_ever_shown(given: dict[str, str], tmp_path: Path) -> None:
    wrong = "postgresql://somebody:hunter-2@127.0.0.1:1/muster"
    done = muster(
        "backup", str(tmp_path / "log"), given={**given, "MUSTER_DATABASE__OWNER_DSN": wrong}
    )
    assert done.code == Exit.UNAVAILABLE
    assert "hunter-2" not in done.text


def test_rewrapping_needs_the_key_before(given: dict[str, str], tmp_path: Path) -> None:
    done = muster("rewrap", given=given)
    assert done.code == Exit.USAGE
    (tmp_path / "new").write_text("ab" * 32)
    both = {
        **given,
        "MUSTER_VAULT__KEY_FILE": str(tmp_path / "new"),
        "MUSTER_VAULT__PREVIOUS_KEY_FILE": given["MUSTER_VAULT__KEY_FILE"],
    }
    done = muster("rewrap", given=both)
    assert (done.code, done.out.strip()) == (Exit.OK, "0 keys")
