"""How webhooks are sent and signed, as the settings say."""

from __future__ import annotations

from pydantic import SecretStr

from activities.notification.channels.webhook import WebhookRules
from activities.notification.channels.webhook_signatures import Secrets, SecretsUnusable
from services.runtime.clocks import clocks
from services.runtime.settings.settings import Settings


def webhook_rules(settings: Settings) -> WebhookRules:
    chosen = settings.webhook
    secrets = Secrets(chosen.key_file, chosen.secrets_folder)
    secrets.check()
    shared = chosen.secret_file
    has_shared = shared is not None and shared.exists()
    if not (has_shared or chosen.key_file.exists() or chosen.secrets_folder.is_dir()):
        raise SecretsUnusable(
            f"{chosen.key_file} (webhook.key_file) is not there, so that no webhook can be signed: "
            f"`openssl rand -hex 32 > {chosen.key_file}` makes it"
        )
    return WebhookRules(
        secrets,
        chosen.allow_private_networks,
        chosen.timeout_seconds,
        SecretStr(shared.read_text(encoding="utf-8").strip()) if shared and has_shared else None,
        clocks.now,
    )
