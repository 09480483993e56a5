"""The page about access says what the contract and the service's options say."""

from __future__ import annotations

import re

from domain.values import Role
from services.api import server
from services.api.contract import methods
from services.api.interceptors.rejection import LINES_PER_S
from services.runtime.settings.settings import Api
from tests.docs import reference

PAGE = (reference.FOLDER / "access.md").read_text(encoding="utf-8")
OPTIONS = dict(server.OPTIONS)


def allowed(name: str) -> frozenset[Role]:
    return next(one.allowed for one in methods() if one.name == name)


def seen(role: Role) -> tuple[str, str]:
    """Return what the page has to say of a role."""
    if role not in allowed("WatchIncidents"):
        return "no", ""
    return "yes", "any token" if role in allowed("ReadEvents") else "its own tokens"


def test_what_a_role_sees_through_a_watch_is_as_the_contract_has_it() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (yes|no) \| ?([\w ]*?) ?\|$", PAGE, re.MULTILINE)
    expected = {role.value: seen(role) for role in Role if role is not Role.SYSTEM}
    assert {role: (watches, token) for role, watches, token in rows} == expected


def test_every_bound_is_on_the_page() -> None:
    bounds = {name for name in Api.model_fields if name.startswith(("max_", "reserved_", "first_"))}
    bounds -= {"max_message_bytes"}
    assert {name for name in bounds if f"`api.{name}`" not in PAGE} == set()


def test_how_connections_are_kept_is_as_the_service_is_told() -> None:
    said = {
        f"every {OPTIONS['grpc.keepalive_time_ms'] // 1_000} s, and closes it",
        f"comes in {OPTIONS['grpc.keepalive_timeout_ms'] // 1_000} s",
        f"every {OPTIONS['grpc.http2.min_ping_interval_without_data_ms'] // 1_000} s at most",
        f"after {OPTIONS['grpc.max_connection_idle_ms'] // 60_000} min |",
        f"after {OPTIONS['grpc.max_connection_age_ms'] // 60_000} min, calls",
        f"{OPTIONS['grpc.max_connection_age_grace_ms'] // 60_000} min later",
        f"{OPTIONS['grpc.max_concurrent_streams']:,}; a client",
        f"| {OPTIONS['grpc.server_handshake_timeout_ms'] // 1_000} s |",
        f"most {LINES_PER_S} lines a second",
    }
    assert {one for one in said if one not in PAGE} == set()
