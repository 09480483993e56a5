"""The divergences that the notary itself found, in its folder: others can't claim one of them.

    <folder>/divergences/<name>.json    what it closed the gate for

Whoever has the runtime role's password can have any divergence stand and be acknowledged. Only one
that is kept here, or that comparing with a signed checkpoint bears out, ends a lineage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.divergence.write_gate import ENDING, OF_THE_TREE, name_of
from eventstore.integrity.archive import keep_whole

if TYPE_CHECKING:
    from pathlib import Path

    from domain.record.divergence import Diverged, Standing

DIVERGENCES = "divergences"


def keep_own(folder: Path, found: Standing) -> None:
    """Keep a divergence that the notary found, if comparing again can't bear it out."""
    if found.what.doubt in ENDING - OF_THE_TREE:
        content = found.what.model_dump_json().encode()
        keep_whole(_file(folder, found.what), content, durably=True)


def is_own(folder: Path, what: Diverged) -> bool:
    """Tell whether the notary found just this."""
    try:
        return _file(folder, what).read_bytes() == what.model_dump_json().encode()
    except FileNotFoundError:
        return False


def _file(folder: Path, what: Diverged) -> Path:
    return folder / DIVERGENCES / f"{name_of(what)}.json"
