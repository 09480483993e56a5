"""What the gRPC service must be told: where it listens, whom it lets in, and how much at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

Port = Annotated[int, Field(ge=0, le=65_535)]


class Section(BaseModel):
    """A part of the settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Tls(Section):
    """The certificates of the gRPC service; with a client CA, callers must show one (mTLS)."""

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None = None


class Api(Section):
    """The gRPC service."""

    host: str = "127.0.0.1"
    port: Port = 7460
    tls: Tls | None = None
    tokens_file: Path = Path("tokens.json")
    """Hashed tokens with actor, roles and venues; read again when it changes."""
    reflection: bool = True
    max_message_bytes: int = Field(default=4 * 1024 * 1024, ge=1_024, le=64 * 1024 * 1024)
    max_concurrent_commands: int = Field(default=512, ge=1, le=10_000)
    """Calls worked on at a time that are no streams; beyond it a call is turned away with
    RESOURCE_EXHAUSTED."""
    reserved_for_commands: int = Field(default=64, ge=0, le=10_000)
    """Places beyond these that commands may use, and reading may not."""
    reserved_for_alarms: int = Field(default=64, ge=1, le=10_000)
    """Places beyond these that only `ReportAlarm` and `RaiseWarning` may use."""
    max_calls_per_caller: int = Field(default=256, ge=1, le=10_000)
    """Of one actor: so many that read, so many commands, so many alarms."""
    max_watches: int = Field(default=256, ge=1, le=10_000)
    """Watches at a time, of all callers."""
    max_watches_per_caller: int = Field(default=64, ge=1, le=10_000)
    """The same of one actor."""
    max_streams: int = Field(default=256, ge=1, le=10_000)
    """Streams of commands, and as many that read; watches are counted apart."""
    max_streams_per_caller: int = Field(default=32, ge=1, le=10_000)
    """The same of one actor."""
    max_unauthenticated: int = Field(default=1_024, ge=1, le=100_000)
    """Open calls of health and reflection; for one more, the oldest ends."""
    max_unauthenticated_per_address: int = Field(default=64, ge=1, le=10_000)
    """The same of one IPv4 address, or IPv6 network of 64 bits."""
    first_message_seconds: float = Field(default=10.0, gt=0, le=300)
    """How long a call may take until its first message is there; until then it takes no place."""
    max_connections: int = Field(default=10_000, ge=1, le=1_000_000)
    """Beyond it, or beyond the files that the system lets be open, they are closed at once."""
    deadline_seconds: float = Field(default=30.0, gt=0, le=3_600)
    """Longest time for a call that names no deadline of its own."""
    drain_seconds: float = Field(default=5.0, ge=0, le=300)
    """How long calls may go on after the process was asked to stop."""

    @model_validator(mode="after")
    def stays_at_home_without_tls(self) -> Api:
        """Refuse to serve tokens in the clear to other machines."""
        if self.tls is None and self.host not in {"127.0.0.1", "::1", "localhost"}:
            raise ValueError(
                "without tls the service binds to loopback only: set host to 127.0.0.1, or set tls"
            )
        return self
