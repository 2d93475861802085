"""What a run proved for all packets: a line of page one, a line of the terminal, and a chapter.

Made from ``proof.json``; a run without such a file says nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sekisho.model import Label
from sekisho.report.markup import Markup, both, say, tag
from sekisho.report.reading import RunRecord
from sekisho.spoken import japanese

_NAME = Label("全パケットの証明", "Proof over all packets")
_LINE = Label(
    "禁止経路 {forbidden:,}、届くべきで届かない経路 {missing:,}、前提 {assumed:,}",
    "{forbidden:,} forbidden paths, {missing:,} promised paths missing, {assumed:,} assumptions",
)
_REFUSED = Label("証明できていません", "not proved")
_SENTENCE = Label(
    "スイッチから読み出した規則の表について、すべてのポート({entries:,}か所)から入りうる全パケットを計算し、"
    "計画書が許すものだけが届き、許すものはすべて届くかを調べました。試験パケットを選んでいないので、"
    "試験していない組にも当てはまります。",
    "Of the tables read out of the switches, every packet that may enter by any of the "
    "{entries:,} ports was computed: whether only what the plan permits arrives, and all of "
    "it. No packet was chosen, so it holds for the pairs that were not tried, too.",
)
_SHORT = Label(f"全パケットについて: {_LINE.ja}", f"for all packets: {_LINE.en}")
_NOT_PROVED = Label("全パケットについて: 証明できていません", "for all packets: not proved")
_BECAUSE = Label("{said}({why})", "{said} ({why})")
_ASSUMED = Label("前提", "What it rests on")
_FOUND = Label("計画書と違う通信", "What is not as planned")


def line(record: RunRecord) -> tuple[Label, Label] | None:
    """Return what it is called and what it says, in a line; None where nothing was tried."""
    found = record.proof
    if found is None:
        return None
    if found["refused"]:
        return _NAME, _REFUSED
    values = {**found, "assumed": len(found["assumptions"])}
    return _NAME, Label(_LINE.ja.format(**values), _LINE.en.format(**values))


def short(found: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what was proved in one sentence of each language, with its numbers.

    Args:
        found: What ``proof.json`` says; None where the run ended before its proof.
    """
    if found is None:
        return {"ja": _NOT_PROVED.ja, "en": _NOT_PROVED.en, "forbidden": None, "missing": None}
    if found["refused"]:
        why = str(found["refused"]).splitlines()[0]
        ja = _BECAUSE.ja.format(said=_NOT_PROVED.ja, why=japanese(why))
        en = _BECAUSE.en.format(said=_NOT_PROVED.en, why=why)
        return {"ja": ja, "en": en, "forbidden": None, "missing": None}
    values = {**found, "assumed": len(found["assumptions"])}
    ja, en = _SHORT.ja.format(**values), _SHORT.en.format(**values)
    return {"ja": ja, "en": en, "forbidden": found["forbidden"], "missing": found["missing"]}


def text_line(record: RunRecord, language: str) -> list[str]:
    """Return the line of the terminal, or nothing."""
    said = line(record)
    return [f"{said[0].text(language)}: {said[1].text(language)}"] if said else []


def chapter(record: RunRecord) -> list[Markup]:
    """Return the chapter, or nothing."""
    found, said = record.proof, line(record)
    if found is None or said is None:
        return []
    parts = [tag("h2", both(_NAME)), tag("p", both(said[1]))]
    if found["refused"]:
        why = str(found["refused"])
        parts.append(tag("pre", say(japanese(why), why)))
        return [tag("section", *parts, class_="sheet", id="proof")]
    sentence = Label(_SENTENCE.ja.format(**found), _SENTENCE.en.format(**found))
    items = (tag("li", both(Label(each["ja"], each["en"]))) for each in found["assumptions"])
    parts += [tag("p", both(sentence)), tag("h3", both(_ASSUMED)), tag("ol", *items)]
    if found["differences"]:
        parts.append(tag("h3", both(_FOUND)))
    for each in found["differences"]:
        parts.append(tag("pre", say(each["ja"], each["en"])))
    return [tag("section", *parts, class_="sheet", id="proof")]
