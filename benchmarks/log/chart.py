"""The figures as bars: one picture for light and dark, and for a phone."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

PANELS = (
    ("w16x1_per_s", "16 writers × 1 event: events/s"),
    ("w16x10_per_s", "16 writers × 10 events: events/s"),
    ("w1x1_ms", "1 writer × 1 event: latency, ms (less is better)"),
    ("read_raw_per_s", "read all, raw: events/s"),
)
NAMES = {
    "muster": "Muster",
    "umadb": "UmaDB",
    "emmett": "Emmett",
    "message_db": "message-db",
    "eventsourcing": "eventsourcing",
    "eventsourcing_functions": "eventsourcing, functions",
    "bare": "bare INSERT (no checks)",
}
WIDTH, BAR, GAP, LABEL, VALUE, HEAD = 720, 18, 8, 190, 90, 34

STYLE = """
    text { font: 13px system-ui, sans-serif; fill: #1d2433 }
    .title { font-weight: 600 } .value { fill: #4a5568 }
    rect { fill: #94a3b8 } .ours { fill: #c2410c } .back { fill: #ffffff }
    @media (prefers-color-scheme: dark) {
      text { fill: #e5e9f0 } .value { fill: #a8b3c7 }
      rect { fill: #52627d } .ours { fill: #fb923c } .back { fill: #10151f }
    }"""


def drawn(figures: Mapping[str, Mapping[str, float]]) -> str:
    """Return the picture as SVG."""
    parts, top = [], 12
    for key, title in PANELS:
        shown = {name: figures[name][key] for name in NAMES if key in figures.get(name, {})}
        parts.append(f'<text class="title" x="12" y="{top + 16}">{escape(title)}</text>')
        top += HEAD
        longest = max(shown.values(), default=1.0)
        for name, value in shown.items():
            parts.append(_bar(name, value, value / longest, top))
            top += BAR + GAP
        top += GAP * 2
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" role="img" '
        f'aria-label="Rates of event stores on the same machine"><style>{STYLE}</style>'
        f'<rect class="back" width="{WIDTH}" height="{top}"/>\n{body}\n</svg>\n'
    )


def _bar(name: str, value: float, share: float, top: int) -> str:
    width = max(2, share * (WIDTH - LABEL - VALUE - 24))
    ours = ' class="ours"' if name == "muster" else ""
    said = f"{value:,.2f}" if value < 100 else f"{value:,.0f}"
    middle = top + BAR - 4
    return (
        f'<text x="12" y="{middle}">{escape(NAMES[name])}</text>'
        f'<rect{ours} x="{LABEL}" y="{top}" width="{width:.0f}" height="{BAR}" rx="3"/>'
        f'<text class="value" x="{LABEL + width + 8:.0f}" y="{middle}">{said}</text>'
    )
