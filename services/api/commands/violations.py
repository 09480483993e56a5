"""What pydantic found wrong with a request, as a path in the request and a sentence for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.values import Text
from services.api.errors.failures import Violation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

RULES: Mapping[str, tuple[str, str]] = {
    "string_pattern_mismatch": (
        "须由小写字母、数字、点、连字符、下划线组成，以字母或数字开头",
        "must be lower case letters, digits, dots, hyphens, underscores; not a mark first",
    ),
    "string_too_short": ("不能为空", "must not be empty"),
    "character_not_allowed": (
        "第{place}个字符（{code}）是控制字符或方向标记，不可使用",
        "character {place} ({code}) is a control or a mark of direction; leave it out",
    ),
    "blank": ("须含有可见的文字", "must hold something that can be seen"),
    "string_too_long": ("最多{max_length}个字符", "at most {max_length} characters"),
    "too_short": ("至少{min_length}项", "at least {min_length}"),
    "too_long": ("最多{max_length}项", "at most {max_length}"),
    "greater_than": ("须大于{gt}", "must be more than {gt}"),
    "greater_than_equal": ("不能小于{ge}", "must be at least {ge}"),
    "less_than": ("须小于{lt}", "must be less than {lt}"),
    "less_than_equal": ("不能大于{le}", "must be at most {le}"),
    "enum": ("须为以下之一：{expected}", "must be one of: {expected}"),
    "finite_number": ("须为有限的数", "must be a finite number"),
    "timezone_aware": ("须带时区", "must have an offset"),
}


def violation(error: ErrorDetails, inside: str = "") -> Violation:
    """Return one thing that is wrong."""
    path = _path(error["loc"], inside)
    kind = error["type"]
    if kind == "missing":
        return Violation.of(path, kind)
    if kind.startswith("uuid"):
        return Violation.of(path, "uuid")
    found = {name: _plain(value) for name, value in error.get("ctx", {}).items()}
    if kind not in RULES:
        said = str(error["msg"])
        return Violation(path, kind, Text.of(said, said))
    zh, en = RULES[kind]
    return Violation(path, kind, Text.of(zh.format(**found), en.format(**found)))


def _path(steps: tuple[int | str, ...], inside: str) -> str:
    path = inside
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{step}" if path else step
    return path


def _plain(value: object) -> str:
    total = getattr(value, "total_seconds", None)
    return f"{total():g} s" if total else str(value)
