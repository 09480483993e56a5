"""One process of Muster, run alone: `python -m services.process api|worker|follower|notary`."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

from services.runtime.absence import absent

with absent("rich"):  # structlog would draw tracebacks with it
    import structlog

    from eventstore.postgres.epochs import remember
    from eventstore.postgres.errors import LogUnavailable, is_transient
    from services.runtime import logs
    from services.runtime.readiness import EXIT_AWAY
    from services.runtime.settings import settings
    from services.runtime.settings.settings import Settings

EXIT_FAILED = 1
EXIT_SETTINGS = 2
COLLECT_AFTER = (50_000, 20, 50)


def run(name: str) -> int:
    """Run a process until it is told to stop; return its exit code."""
    try:
        chosen = settings.load()
    except settings.SettingsInvalid as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_SETTINGS
    logs.configure(chosen.log, name)
    try:
        remember(chosen.notary.folder)
        main = _main(name)
        collect_seldom()
        uvloop.run(main(chosen))
    except Exception as error:  # noqa: BLE001 - the process's edge: told, not traced, to people
        structlog.get_logger().error("ended", because=f"{type(error).__name__}: {error}")
        sys.stderr.write(f"{name} ended: {error}\n")
        return EXIT_AWAY if is_away(error) else EXIT_FAILED
    return 0


def is_away(error: Exception) -> bool:
    """Tell whether the database was not reached, or not in time, which passes by itself.

    A file that can't be read and a port that is taken are errors of the system, too, and stay.
    """
    if isinstance(error, OSError):
        return isinstance(error, ConnectionError | TimeoutError)
    return isinstance(error, LogUnavailable) or is_transient(error)


def collect_seldom() -> None:
    """Leave what was imported alone for good, and look for cycles in the rest less often.

    A fold makes hundreds of thousands of values at once; the usual thresholds go through all of
    them, and through every module, again and again: a fifth of a long fold.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def _main(name: str) -> Callable[[Settings], Coroutine[Any, Any, None]]:
    """Import only what the process needs: it starts sooner, and is smaller."""
    if name == "api":
        from services.api.main import serve  # noqa: PLC0415 - as the docstring says

        return serve
    with absent("grpc"):
        match name:
            case "worker":
                from services.worker.main import work  # noqa: PLC0415 - as the docstring says

                return work
            case "follower":
                from services.follower.main import follow  # noqa: PLC0415 - as the docstring says

                return follow
            case "notary":
                from services.notary.main import notarise  # noqa: PLC0415 - as the docstring says

                return notarise
            case _:
                raise ValueError(f"no process is called {name!r}: api, worker, follower or notary")


if __name__ == "__main__":
    sys.exit(run(sys.argv[1]))
