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
    """Limits on disclosing personal data, and which reads of cases are recorded."""

    disclosures_per_hour: int = Field(default=30, ge=1, le=10_000)
    """How many people's data one caller is shown within an hour."""
    at_work_roles: tuple[TokenRole, ...] = (
        Role.COMMANDER,
        Role.OPERATOR,
        Role.RESPONDER,
        Role.INFORMATION_OFFICER,
        Role.LOGISTICS,
    )
    """Do not record reads of the present state of open cases by these roles: it is their work.
    Record every other read: by other roles, of a case's past, and of closed cases."""
    reason_required_roles: tuple[TokenRole, ...] = ()
    """Require a reason from these roles for recorded reads and for exports."""
    reading_services: tuple[Id, ...] = ()
    """Service accounts that read continuously, such as a monitor: record them once a day, without a
    reason."""
    reading_window_seconds: int = Field(default=3_600, ge=60, le=DAY_S)
    """How long one record covers identical reads: the same reader, case, kind of read, reason."""
    readings_max: int = Field(default=20, ge=4, le=10_000)
    """How many records of one reader a case takes within that time, for example for several
    reasons; refuse reads beyond it."""

    def is_at_work(self, actor: Actor) -> bool:
        """Tell whether an actor reads open cases as part of their work."""
        return not actor.roles.isdisjoint(self.at_work_roles)

    def needs_reason(self, actor: Actor) -> bool:
        """Tell whether an actor must give a reason for reading."""
        is_service = actor.id in self.reading_services
        return not is_service and not actor.roles.isdisjoint(self.reason_required_roles)

    def window(self, actor: Actor) -> timedelta:
        """Return for how long one record of an actor covers identical reads."""
        is_service = actor.id in self.reading_services
        return timedelta(seconds=DAY_S if is_service else self.reading_window_seconds)


class Backup(Section):
    """How backups are kept. Those of the log are kept until somebody removes them."""

    vault_days: int = Field(default=30, ge=1, le=365)
    """How long a backup of the keys of personal data may be kept: until then, what was erased since
    it was made can be read with it and the vault's key."""
