"""What a process must be told: from the environment (`MUSTER_…`) and from a file (`muster.toml`).

A nested setting is `MUSTER_DATABASE__DSN` in the environment and `dsn` under `[database]` in the
file; the environment wins. The file is the one that `MUSTER_CONFIG` names, else `./muster.toml`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from services.runtime.settings.api_settings import Api, Port, Section, Tls
from services.runtime.settings.monitor_settings import Monitor
from services.runtime.settings.privacy_settings import Backup, Privacy, Vault

__all__ = ["Api", "Backup", "Monitor", "Privacy", "Section", "Tls", "Vault"]


class Database(Section):
    """Where the log is. A DSN as PostgreSQL's own clients read it; `sslmode` and the like in it."""

    dsn: SecretStr = SecretStr("postgresql://muster_runtime@localhost/muster")
    """Of the role that may read and append, and nothing else. With several servers in it, the
    primary of the latest epoch is kept to, in whatever order they are."""
    owner_dsn: SecretStr | None = None
    """Of the role that owns the schema; only migrations need it."""


class Temporal(Section):
    """Where the workflows run: a server of one's own, or Temporal Cloud."""

    address: str = "localhost:7233"
    namespace: str = "default"
    tls: bool = False
    server_ca_file: Path | None = None
    client_cert_file: Path | None = None
    client_key_file: Path | None = None
    server_name: str | None = None
    api_key: SecretStr | None = None


class Metrics(Section):
    """Prometheus; off unless a port is given."""

    port: Port | None = None
    """Processes that share one setting serve on this port and those after it: see `offset`."""
    host: str = "127.0.0.1"
    offset: int = Field(default=0, ge=0, le=100)
    """Added to the port."""

    @property
    def at(self) -> int | None:
        """Return the port that this process serves on, if any."""
        return None if self.port is None else self.port + self.offset


class Overdue(Section):
    """How late is too late: `status`, `doctor` and the health service then say so."""

    deadline_seconds: float = Field(default=10.0, gt=0, le=3_600)
    """How long a live incident's deadline may be armed and in the past."""
    owed_seconds: float = Field(default=120.0, gt=0, le=86_400)
    """How long a live incident may owe a notification or other work; channels get 90 s in all."""


class Log(Section):
    """What the processes say about themselves."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "text"] = "json"


class Mail(Section):
    """The SMTP server that takes notifications."""

    host: str = "localhost"
    port: Port = 25
    security: Literal["none", "starttls", "tls"] = "none"
    username: str | None = None
    password: SecretStr | None = None
    from_address: str = "muster@localhost"
    timeout_seconds: float = Field(default=15.0, gt=0, le=300)


class Webhook(Section):
    """How webhooks are signed, and where they may go."""

    key_file: Path = Path("keys/webhooks")
    """Of which the secret of each receiver is derived that has none of its own; no receiver has it.
    Each line signs, the newest first, while receivers change to what the next one leads to."""
    secrets_folder: Path = Path("keys/webhook-receivers")
    """The receivers' own secrets, a file each, named like the contact."""
    secret_file: Path | None = Path("keys/webhook")
    """One secret for all, of the headers `Muster-Timestamp` and `Muster-Signature`. They end with
    1.0, and are not sent when there is no such file."""
    allow_private_networks: bool = False
    """Whether a webhook may go to a private or loopback address."""
    timeout_seconds: float = Field(default=10.0, gt=0, le=300)


class Witness(Section):
    """Somebody elsewhere who sees to it that the log only grows (c2sp.org/tlog-witness)."""

    url: str
    """Below it is `add-checkpoint`."""
    key: str
    """Its verifier key: `<name>+<id>+<base64>`."""
    checkpoint_url: str | None = None
    """Where it shows the newest checkpoint of this log that it cosigned, as a signed note. If it
    says that it knows a larger log, only such a note under this log's signature is believed."""

    @model_validator(mode="after")
    def is_named_as_verifiers_read_it(self) -> Witness:
        """Refuse a key under which no bundle could be verified."""
        from eventstore.tlog.note import Verifier, nameable  # noqa: PLC0415 - slow, and few have witnesses

        try:
            nameable(Verifier.parse(self.key).name)
        except ValueError as error:
            raise ValueError(f"key: {error}") from None
        return self


class Notary(Section):
    """The process that signs what the log was, and where it keeps that."""

    folder: Path = Path("notary")
    """Outside the database: a folder, or whatever is mounted there. The service reads it too."""
    key_file: Path = Path("keys/notary")
    """The signing key, as `PRIVATE+KEY+<name>+<id>+<base64>`; the name is the log's own."""
    pause_seconds: float = Field(default=1.0, ge=0.05, le=2)
    """Longest time between an event and the checkpoint over it."""
    witnesses: tuple[Witness, ...] = ()
    """Who is asked to cosign each checkpoint."""
    witnesses_required: int = Field(default=0, ge=0)
    """How many of them must have cosigned a checkpoint before it counts: before it is listed,
    proven with and exported. Appends never wait for that."""
    witness_overdue_seconds: float = Field(default=60.0, ge=1, le=86_400)
    """How long a witness, or the required number of them, may be missing before an alarm."""
    timestamp_url: str | None = None
    """A timestamp authority of RFC 3161; none is asked unless it is set."""
    timestamp_ca_file: Path | None = None
    """Certificates in PEM that the authority's must lead to."""
    timestamp_every_seconds: float = Field(default=600.0, ge=1, le=86_400)
    """How often the newest checkpoint is timestamped, if it was not yet."""
    audit_every_seconds: float = Field(default=86_400.0, ge=1)
    """How often the whole log is verified beside all else; it is at each start, too."""
    sweep_seconds: float = Field(default=600.0, ge=10, le=86_400)
    """In what time every event is verified once, slice by slice in random order; at most 5 % of a
    core are spent on that, so that it takes longer beyond some 4 million events."""

    @model_validator(mode="after")
    def has_as_many_witnesses_as_it_requires(self) -> Notary:
        """Refuse a quorum that could never be reached."""
        if self.witnesses_required > len(self.witnesses):
            raise ValueError(
                f"witnesses_required is {self.witnesses_required}, and notary.witnesses names "
                f"{len(self.witnesses)}: no checkpoint would ever count"
            )
        if len({one.key for one in self.witnesses}) < len(self.witnesses):
            raise ValueError("witnesses names the same key twice: each counts once")
        return self

    @model_validator(mode="after")
    def believes_no_unknown_authority(self) -> Notary:
        """Refuse timestamps that nobody could believe."""
        if self.timestamp_url and not self.timestamp_ca_file:
            raise ValueError(
                "timestamp_url needs timestamp_ca_file: whom are its tokens to lead to?"
            )
        return self


class Clocks(Section):
    """How far the clocks of the processes, of PostgreSQL and of Temporal may differ."""

    max_difference_seconds: float = Field(default=5.0, ge=0.1, le=31_622_400)
    """Beyond it no process starts, and one that runs says so loudly and goes on by the time that
    the clocks agreed on before. Allow more only while they can't be set right."""
    compare_every_seconds: float = Field(default=60.0, ge=1, le=3_600)
    """How often a process compares them while it runs."""


class Worker(Section):
    """The process of the workflows and of the work that incidents owe."""

    task_queue: str = "muster-incident"
    """Where workflow tasks wait; the version of the workflow is added: `muster-incident-v2`."""
    hands_queue: str = "muster-hands"
    """Where the work waits that incidents owe; the version of the workflow is added."""
    max_concurrent_activities: int = Field(default=1_000, ge=1, le=100_000)
    """Incidents whose work is done at once, each by one activity; how many messages go out at once
    is bound apart."""
    max_cached_workflows: int = Field(default=5_000, ge=0, le=100_000)
    """More than there are open incidents: one that is not kept is read anew at each deadline. Each
    takes some 20 kB."""
    drain_seconds: float = Field(default=10.0, ge=0, le=300)


class Settings(BaseSettings):
    """All settings of all processes."""

    model_config = SettingsConfigDict(
        env_prefix="MUSTER_",
        env_nested_delimiter="__",
        extra="ignore",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    database: Database = Database()
    temporal: Temporal = Temporal()
    api: Api = Api()
    metrics: Metrics = Metrics()
    overdue: Overdue = Overdue()
    log: Log = Log()
    mail: Mail = Mail()
    webhook: Webhook = Webhook()
    vault: Vault = Vault()
    privacy: Privacy = Privacy()
    backup: Backup = Backup()
    clocks: Clocks = Clocks()
    worker: Worker = Worker()
    notary: Notary = Notary()
    monitor: Monitor = Monitor()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment first, then the file."""
        del dotenv_settings, file_secret_settings
        file = TomlConfigSettingsSource(settings_cls, config_file())
        return init_settings, env_settings, file


class SettingsInvalid(Exception):
    """A setting is not as it must be; the text says which, and what would be right."""


def config_file() -> Path:
    """Return where the settings file is, or would be."""
    return Path(os.environ.get("MUSTER_CONFIG", "muster.toml"))


def load() -> Settings:
    """Read the settings. Raises SettingsInvalid."""
    try:
        return Settings()
    except ValidationError as error:
        faults = "\n".join(
            f"  {'.'.join(map(str, fault['loc'])) or 'settings'}: {fault['msg']}"
            for fault in error.errors()
        )
        raise SettingsInvalid(f"these settings can't be used:\n{faults}") from None
    except ValueError as error:  # a file that is no TOML
        raise SettingsInvalid(f"{config_file()} can't be read: {error}") from None


def redacted(settings: Settings) -> dict[str, object]:
    """Return the settings for people to see, secrets and passwords hidden."""
    return settings.model_dump(mode="json")
