"""Settings of what is known of people and of cases: keys, who may look, what is recorded of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from domain.values import Id, Role
from services.runtime.settings.api_settings import Section

if TYPE_CHECKING:
    from domain.values import Actor

DAY_S = 86_400


def _of_a_token(role: Role) -> Role:
    if role is Role.SYSTEM:
        raise ValueError("no token carries the role system")
    return role


TokenRole = Annotated[Role, AfterValidator(_of_a_token)]


class Vault(Section):
    """Where the key lies that wraps the keys of personal data."""

    key_file: Path = Path("keys/vault")
    """32 bytes in hexadecimal."""
    previous_key_file: Path | None = None
    """The key before this one, while `muster rewrap` has not been run."""
    shares_folder: Path | None = None
    """Where each key has a share outside of the database; the same for api, workers and followers.
    Once a share is destroyed, copies of the database read nothing. None: there are no shares."""
    seal_version: Literal[1, 2] = 2
    """2: a text that is disclosed can be proven to be the one that was sealed. 1: it can't; for as
    long as processes run that know no other."""


class Privacy(Section):
    """How much of what is known of people anybody is shown, and what is recorded of reading."""

    disclosures_per_hour: int = Field(default=30, ge=1, le=10_000)
    """How many people's data one caller is shown within an hour."""
    at_work_roles: tuple[TokenRole, ...] = (
        Role.COMMANDER,
        Role.OPERATOR,
        Role.RESPONDER,
        Role.INFORMATION_OFFICER,
        Role.LOGISTICS,
    )
    """Whoever has one of these looks at open cases as they are now to do their work, which is not
    recorded. Of all others it is, and of everybody that they read a case's past, or one that is
    over."""
    reason_required_roles: tuple[TokenRole, ...] = ()
    """Whoever has one of these says why they read what is recorded, and why they export a case."""
    reading_services: tuple[Id, ...] = ()
    """Actors that are programs and read all the time, such as a monitor: recorded once a day, and
    without a reason."""
    reading_window_seconds: int = Field(default=3_600, ge=60, le=DAY_S)
    """For how long one record stands for whatever the same reader reads likewise, of the same case
    and for the same reason."""
    readings_max: int = Field(default=20, ge=4, le=10_000)
    """How many records one case takes of one reader within that time, as there may be for several
    reasons; beyond it the reader is refused."""

    def is_at_work(self, actor: Actor) -> bool:
        """Tell whether somebody looks at open cases for their work."""
        return not actor.roles.isdisjoint(self.at_work_roles)

    def needs_reason(self, actor: Actor) -> bool:
        """Tell whether somebody must say why they read."""
        is_service = actor.id in self.reading_services
        return not is_service and not actor.roles.isdisjoint(self.reason_required_roles)

    def window(self, actor: Actor) -> timedelta:
        """Return for how long one record of somebody stands for what they read likewise."""
        is_service = actor.id in self.reading_services
        return timedelta(seconds=DAY_S if is_service else self.reading_window_seconds)


class Backup(Section):
    """How backups are kept. Those of the log are kept until somebody removes them."""

    vault_days: int = Field(default=30, ge=1, le=365)
    """How long a backup of the keys of personal data may be kept: until then, what was erased since
    it was made can be read with it and the vault's key."""
