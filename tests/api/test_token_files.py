"""The file of tokens: read again when it changes, refused when it is wrong."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import pytest

from services.api.errors.failures import Failure
from services.api.interceptors.authentication import RELOAD_AFTER_S, Authenticator, TokensInvalid
from tests.api.conftest import entry

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_of_tokens_is_read_again_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    file.write_text(json.dumps({"tokens": [entry("first", ["operator"])]}))
    doors = Authenticator(file)
    assert doors.actor("Bearer first", ()).id == "first"
    file.write_text(json.dumps({"tokens": [entry("second", ["operator"])]}))
    os.utime(file, (1, 1))
    time.sleep(RELOAD_AFTER_S + 0.05)
    assert doors.actor("Bearer second", ()).id == "second"
    with pytest.raises(Failure, match="UNAUTHENTICATED"):
        doors.actor("Bearer first", ())


def test_a_file_of_tokens_that_breaks_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    file.write_text(json.dumps({"tokens": [entry("first", ["operator"])]}))
    doors = Authenticator(file)
    file.write_text("{")
    os.utime(file, (1, 1))
    time.sleep(RELOAD_AFTER_S + 0.05)
    assert doors.actor("Bearer first", ()).id == "first"


@pytest.mark.parametrize(
    "wrong",
    [
        {"roles": ["system"]},
        {"roles": ["king"]},
        {"roles": []},
        {"actor": "Mr. Li"},
        {"sha256": "secret"},
        {"sha256": None},
        {"venue": "mall"},
    ],
)
def test_a_bad_entry_keeps_the_service_from_starting(
    tmp_path: Path, wrong: dict[str, object]
) -> None:
    file = tmp_path / "tokens.json"
    file.write_text(json.dumps({"tokens": [entry("first", ["operator"]) | wrong]}))
    with pytest.raises(TokensInvalid):
        Authenticator(file)
