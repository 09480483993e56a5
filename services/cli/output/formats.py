"""In which form an answer is written."""

from __future__ import annotations

from enum import StrEnum


class Form(StrEnum):
    """For people, or for programs."""

    TABLE = "table"
    JSON = "json"
