"""The handbook in a real browser: nothing is cut off, on a telephone and on a desk."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from compiler.handbook.book import Edition, handbook
from tests.compiler.drawing.test_route_maps import LANGUAGES, SHIPPED, plan

BROWSER = next(
    (one for one in ("chromium", "chromium-browser", "google-chrome") if shutil.which(one)), None
)
TIMEOUT_S = 120
TELEPHONE, DESK = 375, 1280

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine"),
]

LOOK = """
<pre id="seen"></pre>
<script>
addEventListener("load", () => {
  for (const one of document.querySelectorAll("iframe")) one.style.border = 0;
  const seen = [...document.querySelectorAll("iframe")].map((frame) => {
    const page = frame.contentDocument, root = page.documentElement;
    const cut = [...page.body.querySelectorAll("*")].filter((one) =>
      !one.closest("svg") && !one.classList.contains("sheet") &&
      one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1);
    const over = [...page.body.querySelectorAll("*")].filter((one) =>
      !one.closest(".sheet") && one.getBoundingClientRect().right > root.clientWidth + 1);
    const small = [...page.querySelectorAll("p, td, dd, li, span")].filter((one) =>
      !one.closest("svg") && parseFloat(page.defaultView.getComputedStyle(one).fontSize) < 12);
    return {
      wide: root.scrollWidth, room: root.clientWidth, high: root.scrollHeight,
      cut: cut.map((one) => one.outerHTML.slice(0, 200)),
      over: over.map((one) => one.outerHTML.slice(0, 200)),
      small: small.map((one) => one.outerHTML.slice(0, 200)),
    };
  });
  document.getElementById("seen").textContent = JSON.stringify(seen);
});
</script>
"""


def seen(folder: Path, pages: list[str], width: int) -> list[dict[str, Any]]:
    """Return how pages come out in frames of a width in pixels."""
    assert BROWSER
    frames = "".join(
        f'<iframe style="width:{width}px;height:900px" srcdoc="{html.escape(one)}"></iframe>'
        for one in pages
    )
    file = folder / "frames.html"
    file.write_text(f"<!doctype html><meta charset=utf-8><body>{frames}{LOOK}", encoding="utf-8")
    profile = f"--user-data-dir={folder / 'profile'}"
    quiet = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", profile)
    done = subprocess.run(
        (BROWSER, *quiet, "--dump-dom", file.as_uri()),
        check=True,
        capture_output=True,
        timeout=TIMEOUT_S,
    )
    found = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout.decode(), re.DOTALL)
    assert found
    told: list[dict[str, Any]] = json.loads(html.unescape(found[1]))
    return told


@pytest.mark.parametrize("width", [TELEPHONE, DESK])
def test_no_page_of_any_shipped_plan_is_cut_off(tmp_path: Path, width: int) -> None:
    names = [(name, language) for name in SHIPPED for language in LANGUAGES]
    pages = [handbook(plan(name), Edition(said, date(2026, 12, 15))) for name, said in names]
    found = dict(zip(names, seen(tmp_path, pages, width), strict=True))
    assert {name: one["wide"] for name, one in found.items() if one["wide"] > one["room"]} == {}
    assert {name: one["cut"] for name, one in found.items() if one["cut"]} == {}
    assert {name: one["over"] for name, one in found.items() if one["over"]} == {}
    assert {name: one["small"] for name, one in found.items() if one["small"]} == {}
    assert min(one["high"] for one in found.values()) > 5_000
