"""Every link leads somewhere, and every page is led to."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = sorted((*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")))
BLOCK = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
SNIPPET = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
ELSEWHERE = ("https://", "http://", "mailto:")


class Link(NamedTuple):
    """Where a page leads."""

    page: Path
    to: str

    @property
    def file(self) -> Path:
        """Return the file that it leads to."""
        path = self.to.partition("#")[0]
        return (self.page.parent / path).resolve() if path else self.page

    @property
    def place(self) -> str:
        """Return the place within that file, if it leads to one."""
        return self.to.partition("#")[2]

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {self.to}"


def prose(page: Path) -> str:
    """Return a page without its code."""
    return BLOCK.sub("", page.read_text(encoding="utf-8"))


@cache
def links() -> list[Link]:
    """Return the links within the repository."""
    found = [Link(page, to) for page in PAGES for to in LINK.findall(SNIPPET.sub("", prose(page)))]
    return [link for link in found if not link.to.startswith(ELSEWHERE)]


def places(page: Path) -> set[str]:
    """Return the places of a page, named as a code host names them."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_no_link_is_dead() -> None:
    assert links()
    assert [str(link) for link in links() if not link.file.exists()] == []


def test_every_place_within_a_page_is_there() -> None:
    lead = [link for link in links() if link.place and link.file.suffix == ".md"]
    assert lead
    assert [str(link) for link in lead if link.place not in places(link.file)] == []


def test_every_page_is_led_to_from_the_readme() -> None:
    found, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in found or page not in PAGES:
            continue
        found.add(page)
        waiting += [link.file for link in links() if link.page == page]
    assert sorted(str(page.relative_to(ROOT)) for page in set(PAGES) - found) == []


def test_no_page_leads_out_of_the_repository() -> None:
    assert [str(link) for link in links() if not link.file.is_relative_to(ROOT)] == []
