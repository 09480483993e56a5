"""What can go wrong between Muster and its log, and what each asks of whoever meets it."""

from __future__ import annotations

import asyncpg


class LogUnavailable(Exception):
    """The database cannot be reached. Ask again with the same ids: nothing will be there twice."""


class PrimaryChanged(LogUnavailable):
    """Another server is the primary since what is appended was decided: decide it again there."""


class LogClosed(LogUnavailable):
    """The process is shutting down; another one may take the request."""


class Overloaded(Exception):
    """A queue is full. Nothing was done; ask again after a moment."""


class LogDiverged(Exception):
    """The log is not what was signed. Nothing is appended until somebody acknowledges that."""


class FollowerTooSlow(Exception):
    """A follower fell behind what is kept in memory; follow again from `resume_position`."""

    def __init__(self, resume_position: int) -> None:
        super().__init__(f"resume after position {resume_position}")
        self.resume_position = resume_position


PASSING_SQLSTATES = ("08", "53", "57P", "40001", "40P01", "55P03", "57014", "25006", "25P04")
"""States that pass: connection, resources, operator, conflict, lock, cancel, standby, too long."""


def append_error(error: Exception) -> Exception:
    """Return what an error of an append means: its right is taken away when the log diverges."""
    refused = isinstance(error, asyncpg.InsufficientPrivilegeError)
    return LogDiverged(str(error)) if refused else error


def is_transient(error: BaseException) -> bool:
    """Tell whether an error is about reaching the database now, not about what was asked of it."""
    match error:
        case asyncpg.PostgresError():
            return str(error.sqlstate).startswith(PASSING_SQLSTATES)
        case asyncpg.InterfaceError():
            return not isinstance(error, asyncpg.DataError | ValueError)
        case asyncpg.InternalClientError():
            return True
        case _:
            return isinstance(error, OSError | TimeoutError)
