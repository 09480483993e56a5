"""The secrets of webhooks from the command line, and what a worker says without any."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from activities.notification.channels.webhook_signatures import SecretsUnusable
from services.runtime.exit_codes import Exit
from services.runtime.settings.settings import Settings, Webhook
from services.runtime.webhooks import webhook_rules
from tests.services.running import muster


@pytest.mark.processes
def test_a_receiver_s_secret_is_shown_rotated_and_retired(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(secrets.token_hex(32))
    given = {
        "MUSTER_WEBHOOK__KEY_FILE": str(tmp_path / "key"),
        "MUSTER_WEBHOOK__SECRETS_FOLDER": str(tmp_path / "receivers"),
    }

    def asked(*words: str) -> list[str]:
        answer = muster("webhook", *words, given=given, cwd=tmp_path)
        assert answer.code == Exit.OK, answer.text
        return answer.out.split()

    (derived,) = asked("secret", "cai")
    (added,) = asked("rotate", "cai")
    assert asked("secret", "cai") == [added, derived]
    assert asked("retire", "cai") == ["1"]
    assert asked("secret", "cai") == [added]
    assert asked("secret", "dan") != [derived]


@pytest.mark.processes
def test_who_is_no_contact_has_no_secret(tmp_path: Path) -> None:
    answer = muster("webhook", "secret", "../key", cwd=tmp_path)
    assert answer.code == Exit.USAGE
    assert "no id of a contact" in answer.text
    assert muster("webhook", "secret", "cai", cwd=tmp_path).code == Exit.NOT_FOUND


def chosen(tmp_path: Path) -> Settings:
    files = Webhook(
        key_file=tmp_path / "key",
        secrets_folder=tmp_path / "receivers",
        secret_file=tmp_path / "shared",
    )
    return Settings(webhook=files)


def test_a_worker_without_anything_to_sign_with_says_what_to_make(tmp_path: Path) -> None:
    with pytest.raises(SecretsUnusable, match="openssl rand -hex 32"):
        webhook_rules(chosen(tmp_path))


def test_a_worker_of_an_earlier_release_needs_nothing_new(tmp_path: Path) -> None:
    (tmp_path / "shared").write_text("of all\n")
    shared = webhook_rules(chosen(tmp_path)).shared_secret
    assert shared
    assert shared.get_secret_value() == "of all"
