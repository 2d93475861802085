"""A situation under events: whose streams run, and what is said of it afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from scenarios.events.scenario_streams import attempts
from scenarios.run.chaos import Order, chosen
from scenarios.suites.scenarios import applied
from sekisho.errors import UsageError
from sekisho.plan import load
from sekisho.report.events import event_table, notes, situation_lines, total
from sekisho.scenario.library import find, for_events

_PLANS = Path(__file__).resolve().parents[3] / "topologies"
TINY = load(_PLANS / "tiny.yaml")
MATSUNO = load(_PLANS / "matsuno.yaml")


def _data(verdicts: dict[str, str], *, sent: tuple[str, ...] = ("nb.wireless",)) -> dict[str, Any]:
    mine = {
        "id": "mine",
        "ja": "試す",
        "en": "To try",
        "requirements": [],
        "states": ["controller-killed", "line-cut"],
        "sent_from": list(sent),
        "not_sent_from": [],
    }
    rows = [{"event": event, "verdict": verdict} for event, verdict in verdicts.items()]
    return {"situations": [mine], "outcomes": rows}


def test_its_events_are_played_and_no_others() -> None:
    """A state that names a kind of event stands for all of that kind."""
    order = Order(situations=(find("wireless-resident", MATSUNO),))
    names = {event.id.partition(":")[0] for event in chosen(MATSUNO, order)}

    assert names == {"controller-killed", "line-cut"}


def test_every_class_at_every_site_tries_every_denied_class() -> None:
    """And only what the policy denies is sent."""
    (one,) = applied([find("wireless-resident", MATSUNO)], MATSUNO)
    found = attempts(one, MATSUNO)
    sources = {(a.source.source, a.source.site) for a in found}
    wanted = {(a.source, a.site) for a in MATSUNO.attachments if a.source in one.part.who}

    assert sources == wanted
    assert {len(a.targets) for a in found} == {3}
    assert attempts(applied([find("web-conference", MATSUNO)], MATSUNO)[0], MATSUNO) == []


@pytest.mark.parametrize(
    ("verdicts", "sign"),
    [
        ({"controller-killed": "pass", "line-cut:a": "pass"}, "○ pass"),
        ({"controller-killed": "pass", "line-cut:a": "leak"}, "× leak"),
        ({"controller-killed": "inconclusive", "line-cut:a": "pass"}, "◇ inconclusive"),
        ({"controller-killed": "pass", "other": "leak"}, "○ pass"),
        ({"other": "pass"}, "◇ inconclusive"),
    ],
)
def test_the_worst_of_its_events_is_its_verdict(verdicts: dict[str, str], sign: str) -> None:
    """None of its own played: inconclusive."""
    assert situation_lines(_data(verdicts), "en")[0].startswith(sign)


def test_what_was_not_sent_or_could_not_happen_is_said() -> None:
    """Events without its streams prove nothing about it."""
    mute = situation_lines(_data({"controller-killed": "pass"}, sent=()), "en")
    lines = situation_lines(_data({"controller-killed": "pass", "line-cut:a": "skipped"}), "en")

    assert mute[0].startswith("◇ inconclusive")
    assert lines[-1].strip() == "states that this plan cannot have: line-cut"


def test_a_situation_without_events_belongs_to_check() -> None:
    """One clear line says so."""
    with pytest.raises(UsageError, match=r"names no event\n  hint: sekisho check"):
        for_events([find("six-fields", TINY)], TINY)
    with pytest.raises(UsageError, match="tiny has no such source: telework"):
        for_events([find("telework-resident", TINY)], TINY)


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("width", [80, 120])
def test_no_word_of_an_event_is_cut_in_a_narrow_terminal(language: str, width: int) -> None:
    """Its id and figures whole, what was noted below, and one line that counts."""
    rows = [_row("line-cut:fl1:23-core1:2", leaked=n, gap=2393.4) for n in (0, 3)]
    words = {"line-cut:fl1:23-core1:2": {"ja": "本線の切断", "en": "A line is cut and mended"}}
    data = {"events": words, "outcomes": rows}
    console = Console(width=width, record=True)
    console.print(event_table(data, language))
    shown = console.export_text()

    assert all(word in shown for word in ("line-cut:fl1:23-core1:2", "3/14,000", "2393.4"))
    assert "…" not in shown
    assert {"ja": "遮断まで", "en": "denied"}[language] in shown
    assert notes(data, language) == {"line-cut:fl1:23-core1:2": ["seen elsewhere", "noted"]}
    assert "14,000" in total(data, language)
    assert "×2" in shown


def _row(event: str, *, leaked: int, gap: float) -> dict[str, Any]:
    return {
        "event": event,
        "verdict": "leak" if leaked else "pass",
        "reason": "seen elsewhere" if leaked else "",
        "notes": ["noted"],
        "leaked": leaked,
        "forbidden_sent": 7000,
        "permitted_heard": 7000,
        "gap_ms": gap,
        "allow_ms": gap,
        "deny_ms": None,
    }


def test_what_was_noted_is_told_in_the_language_that_was_asked_for() -> None:
    """A record of an earlier version has English alone."""
    row = _row("undocked", leaked=1, gap=1.0)
    both = row | {"reason_ja": "別の場所で観測", "notes_ja": ["記録"]}
    words = {"undocked": {"ja": "抜線", "en": "Undocked"}}

    assert notes({"events": words, "outcomes": [both]}, "ja") == {
        "undocked": ["別の場所で観測", "記録"]
    }
    assert notes({"events": words, "outcomes": [row]}, "ja")["undocked"][1] == "noted"
