"""An incident's state, kept so that a long fold need not begin at its first fact.

A snapshot is never trusted further than it is known to hold: it names the code that folded it, and
where that code has changed since, in whatever way, the fold begins at the first fact again.
"""

from __future__ import annotations

from hashlib import sha256
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from domain import decider as deciders
from domain import privacy, state_codec, values
from domain.incident import decider, events, evolution
from domain.incident.evolution import bulk_fold, evolve
from domain.incident.state import incident
from domain.state_codec import StateCodec

STATE_CODEC = StateCodec(incident.Incident)
"""How a state is kept as text. What is personal in it is sealed, as in the log."""


def _fold_version() -> str:
    """Return the SHA-256 of all code that says what a fact means and what a state is."""
    modules = [deciders, values, privacy, state_codec, incident, evolve, bulk_fold, decider]
    for package in (events, evolution):
        modules += [package, *_modules_of(package)]
    digest = sha256()
    for module in modules:
        loader = module.__spec__ and module.__spec__.loader
        source = loader.get_source(module.__name__)  # type: ignore[union-attr] # all are files
        digest.update(f"{module.__name__}\n{source}\n".encode())
    return digest.hexdigest()


def _modules_of(package: ModuleType) -> list[ModuleType]:
    names = sorted(one.name for one in iter_modules(package.__path__))
    return [import_module(f"{package.__name__}.{name}") for name in names]


FOLD_VERSION = _fold_version()
"""Names the fold. Snapshots that another one made are not used."""
