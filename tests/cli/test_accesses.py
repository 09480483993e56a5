"""Who had access to a case, as people read it, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from muster.v1 import audit_service_pb2 as audit
from rich.console import Console

from services.cli.incident.accesses import listed
from services.cli.output.answers import Output
from services.runtime.vocabulary import date_and_clock

AT = datetime(2026, 5, 1, 6, 30, tzinfo=UTC)
UNTIL = datetime(2026, 5, 1, 7, 30, tzinfo=UTC)


def access(kind: int, **fields: object) -> audit.CaseAccess:
    one = audit.CaseAccess(kind=kind, actor="auditor", **fields)  # type: ignore[arg-type] # as named
    one.at.FromDatetime(AT)
    return one


READ = access(audit.ACCESS_KIND_EVENTS, reason="file 12", position=7)
READ.until.FromDatetime(UNTIL)
OWED = access(audit.ACCESS_KIND_STATE, whole_log=True)
EXPORTED = access(audit.ACCESS_KIND_EXPORT, reason="court", position=9)
DISCLOSED = access(audit.ACCESS_KIND_DISCLOSURE, on_behalf_of="li", person="p-1", position=8)


def line(one: audit.CaseAccess, language: str) -> str:
    """Return what is said of one access, its spaces as one."""
    console = Console(width=200, record=True, quiet=True)
    answer = audit.ListCaseAccessesResponse(accesses=[one])
    with console.capture() as said:
        console.quiet = False
        console.print(listed(answer, Output(language, as_json=False)))
    return " ".join(said.get().splitlines()[1].split())


@pytest.mark.parametrize(
    ("one", "zh", "en"),
    [
        (
            READ,
            f"auditor 查阅经过（至 {date_and_clock(UNTIL)}） file 12 7",
            f"auditor read its events, until {date_and_clock(UNTIL)} file 12 7",
        ),
        (
            OWED,
            "auditor 查阅状态，整个日志 待补记",
            "auditor read how it stands, or stood, of the whole log to be appended",
        ),
        (EXPORTED, "auditor 导出案卷 court 9", "auditor exported the case court 9"),
        (
            DISCLOSED,
            "li (auditor) 查看个人信息 (p-1) 8",
            "li (auditor) was shown personal data (p-1) 8",
        ),
    ],
    ids=["read", "owed", "exported", "disclosed"],
)
def test_an_access_is_said_in_both_languages(one: audit.CaseAccess, zh: str, en: str) -> None:
    when = date_and_clock(AT)
    assert line(one, "zh") == f"{when} {zh}"
    assert line(one, "en") == f"{when} {en}"
