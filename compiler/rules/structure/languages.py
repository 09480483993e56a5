"""Texts: in every language that the plan speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.values import Text, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.plan.model.plan import Plan


TEXT_EMPTY = Kind(
    "text-empty",
    Severity.ERROR,
    "文本至少要有一种语言（zh 或 en）",
    "a text needs at least one language (zh or en)",
    why=Text.of(
        "该有字的地方是空白，读的人只能猜。",
        "Where there should be words there is nothing; people must guess.",
    ),
    mend=Text.of("至少用一种语言写明。", "Say it in at least one language."),
    example="/title: {}",
)
LANGUAGE_MISSING = Kind(
    "language-missing",
    Severity.WARNING,
    "缺少{language}文本，而预案其他文本有",
    "not said in {language}, as other texts of the plan are",
    why=Text.of("只懂这种语言的人读不到。", "Whoever reads only that language isn't told."),
    mend=Text.of("补上这种语言。", "Say it in that language, too."),
    example="/title: {zh: 书店应急疏导预案}",
)


def languages(plan: Plan) -> Iterator[Finding]:
    """Find texts that say nothing, or not what their neighbours say in the same language."""
    texts = [*_texts("", plan)]
    spoken = {
        language
        for language in ("zh", "en")
        if any(getattr(text, language) is not None for _, text in texts)
    }
    for where, text in texts:
        missing = [language for language in sorted(spoken) if getattr(text, language) is None]
        if text.zh is None and text.en is None:
            yield finding(TEXT_EMPTY, where)
        elif missing:
            yield finding(LANGUAGE_MISSING, where, language=missing[0])


def _texts(at: str, value: object) -> Iterator[tuple[str, Text]]:
    match value:
        case Text():
            yield at, value
        case Value():
            for name in type(value).model_fields:
                yield from _texts(f"{at}/{name}", getattr(value, name))
        case tuple():
            for n, item in enumerate(value):
                yield from _texts(f"{at}/{n}", item)
        case dict():
            for key, item in value.items():
                yield from _texts(f"{at}/{key}", item)
        case _:
            return


KINDS = (TEXT_EMPTY, LANGUAGE_MISSING)
RULES = (languages,)
