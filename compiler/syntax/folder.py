"""A plan in several files, made one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics.faults import Fault
from compiler.syntax.yaml import NODES_MAX, Document, Node, Position, SyntaxFault

if TYPE_CHECKING:
    from collections.abc import Sequence


def merged(documents: Sequence[Document], names: Sequence[str]) -> Document:
    """Return several documents as one: each has keys of its own, and lists go on in the next.

    Raises SyntaxFault where a key that is no list stands in two of them.
    """
    fields: dict[str, Node] = {}
    root = Node(Position(), fields)
    for document in documents:
        root.size += document.root.size - 1
        for name, node in _fields(document).items():
            spot, known = document.root.keys[name], fields.get(name)
            if known is None:
                fields[name], root.keys[name] = node, spot
            elif isinstance(known.value, list) and isinstance(node.value, list):
                fields[name] = Node(known.spot, [*known.value, *node.value])
            else:
                first = root.keys[name]
                where = {"file": names[first.page], "line": str(first.line)}
                raise SyntaxFault(Fault.KEY_IN_TWO_FILES, spot, name=name, **where)
    if root.size > NODES_MAX:
        raise SyntaxFault(Fault.TOO_MANY_VALUES, Position(), limit=str(NODES_MAX))
    return Document(root)


def _fields(document: Document) -> dict[str, Node]:
    value = document.root.value
    return value if isinstance(value, dict) else {}
