"""Webhooks as their receivers verify them: with the library of Standard Webhooks, each its own."""

from __future__ import annotations

import os
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from activities.notification.channels import webhook
from activities.notification.channels.webhook_signatures import (
    SECRETS_MAX,
    Secrets,
    SecretsUnusable,
    written,
)
from activities.notification.outcome import Undelivered
from tests.activities.scene import MESSAGE, rules

if TYPE_CHECKING:
    from pathlib import Path

    from activities.notification.channels.webhook import WebhookRules
    from tests.activities.notification.receivers import Hook, Post

OWN = written(b"0123456789abcdef0123456789abcdef")
TO_DAN = replace(MESSAGE, to="dan")
HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


@pytest.fixture
def kept(tmp_path: Path) -> Secrets:
    """Secrets derived of one key, as long as no receiver has its own."""
    (tmp_path / "key").write_text(secrets.token_hex(32))
    return Secrets(tmp_path / "key", tmp_path / "receivers")


def signing(kept: Secrets) -> WebhookRules:
    return replace(rules(), secrets=kept, shared_secret=None)


def believed(post: Post, secret: str) -> bool:
    """Verify as a receiver does; what it raises for a bad signature is all that it may raise."""
    try:
        found = Webhook(secret).verify(post.body, post.headers)
    except WebhookVerificationError:
        return False
    return bool(found["body"] == MESSAGE.body)


def secret_of(kept: Secrets, receiver: str, number: int = 0) -> str:
    return written(kept.of(receiver)[number])


async def test_a_receiver_believes_what_its_own_secret_signed(kept: Secrets, hook: Hook) -> None:
    await webhook.send(signing(kept), hook.url, MESSAGE)
    (post,) = hook.posts
    assert believed(post, secret_of(kept, "cai"))


async def test_no_receiver_can_write_to_another_in_our_name(kept: Secrets, hook: Hook) -> None:
    await webhook.send(signing(kept), hook.url, MESSAGE)
    await webhook.send(signing(kept), hook.url, TO_DAN)
    to_cai, to_dan = hook.posts
    assert not believed(to_cai, secret_of(kept, "dan"))
    assert not believed(to_dan, secret_of(kept, "cai"))


async def test_a_message_that_was_changed_is_not_believed(kept: Secrets, hook: Hook) -> None:
    await webhook.send(signing(kept), hook.url, MESSAGE)
    (post,) = hook.posts
    secret = secret_of(kept, "cai")
    assert not believed(post._replace(body=post.body + b" "), secret)
    for name in ("webhook-id", "webhook-timestamp"):
        changed = {**post.headers, name: post.headers[name] + "1"}
        assert not believed(post._replace(headers=changed), secret)


async def test_while_a_secret_is_rotated_both_are_believed(kept: Secrets, hook: Hook) -> None:
    before = secret_of(kept, "cai")
    added = kept.rotate("cai")
    await webhook.send(signing(kept), hook.url, MESSAGE)
    assert kept.retire("cai") == 1
    await webhook.send(signing(kept), hook.url, MESSAGE)
    during, after = hook.posts
    assert (believed(during, before), believed(during, added)) == (True, True)
    assert (believed(after, before), believed(after, added)) == (False, True)
    assert len(during.headers["webhook-signature"].split(" ")) == 2


async def test_while_the_key_is_rotated_what_both_lead_to_is_believed(
    kept: Secrets, hook: Hook, tmp_path: Path
) -> None:
    before = secret_of(kept, "cai")
    old = (tmp_path / "key").read_text()
    (tmp_path / "key").write_text(f"{secrets.token_hex(32)}\n{old}\n")
    await webhook.send(signing(kept), hook.url, MESSAGE)
    (post,) = hook.posts
    assert believed(post, before)
    assert believed(post, secret_of(kept, "cai"))
    assert before != secret_of(kept, "cai")


async def test_a_receiver_may_bring_its_own_secret(
    kept: Secrets, hook: Hook, tmp_path: Path
) -> None:
    (tmp_path / "receivers").mkdir()
    (tmp_path / "receivers" / "cai").write_text(f"{OWN}\n")
    await webhook.send(signing(kept), hook.url, MESSAGE)
    assert believed(hook.posts[0], OWN)


async def test_a_repeat_has_the_same_id_and_is_signed_anew(kept: Secrets, hook: Hook) -> None:
    later = replace(signing(kept), now=lambda: datetime.now(UTC) + timedelta(minutes=1))
    await webhook.send(signing(kept), hook.url, MESSAGE)
    await webhook.send(later, hook.url, MESSAGE)
    first, second = hook.posts
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert "." not in first.headers["webhook-id"]
    assert first.headers["webhook-timestamp"] < second.headers["webhook-timestamp"]
    assert believed(second, secret_of(kept, "cai"))


async def test_the_old_headers_end_with_the_secret_that_all_share(
    kept: Secrets, hook: Hook
) -> None:
    await webhook.send(signing(kept), hook.url, MESSAGE)
    await webhook.send(replace(rules(), secrets=kept), hook.url, MESSAGE)
    without, both = hook.posts
    assert {"muster-signature", "muster-timestamp"} & set(without.headers) == set()
    assert {"muster-signature", "muster-timestamp", *HEADERS} <= set(both.headers)


async def test_nothing_leaves_without_a_signature(hook: Hook) -> None:
    with pytest.raises(Undelivered, match="no secret to sign with"):
        await webhook.send(replace(rules(), shared_secret=None), hook.url, MESSAGE)
    assert hook.posts == []


UNUSABLE = {
    "empty": "",
    "no prefix": OWN.removeprefix("whsec_"),
    "no base64": "whsec_!!!!",
    "too short": written(b"short"),
    "too long": written(bytes(65)),
    "too many": f"{OWN}\n" * (SECRETS_MAX + 1),
    "no text": "whsec_\udcff",
}


@pytest.mark.parametrize("wrong", UNUSABLE)
async def test_a_file_that_can_t_be_used_is_named_and_nothing_leaves(
    kept: Secrets, hook: Hook, tmp_path: Path, wrong: str
) -> None:
    (tmp_path / "receivers").mkdir()
    (tmp_path / "receivers" / "cai").write_text(UNUSABLE[wrong], errors="surrogateescape")
    with pytest.raises(SecretsUnusable, match="receivers/cai"):
        kept.check()
    with pytest.raises(Undelivered, match="secrets can't be read"):
        await webhook.send(signing(kept), hook.url, MESSAGE)
    await webhook.send(signing(kept), hook.url, TO_DAN)
    assert len(hook.posts) == 1


@pytest.mark.parametrize("receiver", ["", "../vault", "CAI", ".cai", "a/b"])
def test_only_a_contact_has_secrets(kept: Secrets, receiver: str) -> None:
    with pytest.raises(SecretsUnusable, match="no id of a contact"):
        kept.of(receiver)


def test_a_key_that_could_be_guessed_is_refused(kept: Secrets, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("secret")
    with pytest.raises(SecretsUnusable, match="32 characters or more"):
        kept.check()


def test_only_its_user_can_read_a_secret_and_the_oldest_goes(kept: Secrets, tmp_path: Path) -> None:
    before = os.umask(0)
    added = [kept.rotate("cai") for _ in range(SECRETS_MAX + 2)]
    os.umask(before)
    assert [written(one) for one in kept.of("cai")] == added[: -SECRETS_MAX - 1 : -1]
    assert (tmp_path / "receivers" / "cai").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "receivers").stat().st_mode & 0o777 == 0o700
