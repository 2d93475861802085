"""The whole test of a town: which events it plays, and what becomes a case of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scenarios.events.named import named
from scenarios.events.stream_selection import StreamBuilder, stream_targets
from scenarios.events.streams import Heard, Streams
from scenarios.events.trial import Outcome
from scenarios.events.tried import ARRIVE, DROP, During, Tried, of_streams
from scenarios.results.event_cases import EventCases
from scenarios.results.manifest import without_gaps
from scenarios.run.outlook import Outlook
from scenarios.suites.scenarios import account
from scenarios.suites.scope import Run
from sekisho.evidence.verdict import Verdict
from sekisho.intent.sentences import NORMAL, STATES
from sekisho.model import Plan
from sekisho.model.states import EVENT_OF, is_state, state_of
from sekisho.plan import load
from sekisho.scenario.library import shipped

TOPOLOGIES = Path(__file__).parents[3] / "topologies"
TINY, MATSUNO, ALPHA = (load(TOPOLOGIES / f"{n}.yaml") for n in ("tiny", "matsuno", "alpha"))
RUN = Run("20260101-000000-tiny", "accept", 1, "", "")


def _named(plan: Plan) -> dict[str, str]:
    """The events of *plan*, each with the state that it brings about."""
    chosen = [s for s in shipped() if s.not_applicable(plan) is None]
    return {staged.event.id: staged.state for staged in named(plan, chosen)}


def test_each_state_that_a_sentence_can_name_has_its_event() -> None:
    """Both vocabularies meet in one place, and nothing of either is left over."""
    assert set(EVENT_OF) == set(STATES) - {NORMAL}
    assert all(state_of(kind) == state for state, kinds in EVENT_OF.items() for kind in kinds)
    assert state_of("tables-wiped") == "tables-wiped"
    assert is_state("relay:fgw", ("relay",))
    assert not is_state("relay:fgw", ("relay:clean",))


@pytest.mark.parametrize("plan", [MATSUNO, ALPHA], ids=lambda plan: plan.id)
def test_every_sentence_about_a_state_is_played(plan: Plan) -> None:
    """None stays open because no command can bring the state about."""
    states = {line.state for line in plan.must_drop} - {NORMAL}

    assert states
    assert states <= set(_named(plan).values())


def test_what_takes_a_permission_away_takes_it_from_whom_the_sentence_names() -> None:
    """The vendor's ticket, and the cable of a wired notebook at the hall and at a branch."""
    staged = [each for each in named(MATSUNO, ()) if each.stream_target is not None]
    told = [
        (s.event.id, s.stream_target.permitted.source, s.stream_target.target.destination)
        for s in staged
        if s.stream_target
    ]

    assert told == [
        ("permission-ends", "S11", "D14"),
        ("undocked", "S1", "D1"),
        ("undocked", "S3", "D1"),
    ]


def test_only_devices_that_the_sentence_speaks_about_are_captured() -> None:
    """Sentence 10 is about the hand-over gateway."""
    assert {e for e in (s.event.id for s in named(MATSUNO, ())) if ":" in e} == {"relay:fgw"}


def _streams(*heard: Heard, revoked: bool = False) -> list[Tried]:
    """What is told of the first stream target's permitted and forbidden stream, heard so."""
    (stream_target, *_) = stream_targets(TINY)
    made = StreamBuilder(TINY, run=1, length=4).of_target(stream_target)
    streams = Streams.__new__(Streams)
    streams.streams = {s.number: s for s in made}
    streams.heard = {s.number: h for s, h in zip(made, heard, strict=True)}
    gone = {made[0].number: 15} if revoked else {}
    return list(of_streams(streams, gone, 1 << 63, ()))


def _tokens(stream: int, *times: int) -> dict[int, int]:
    return {(stream << 20) + n: at for n, at in enumerate(times)}


def test_a_pair_is_told_with_what_was_sent_and_what_was_seen() -> None:
    """The permitted one arrives, the forbidden one must not."""
    token = 2 << 20
    good = Heard(count=2, sent=_tokens(1, 10, 20), arrived=[(11, 1 << 20), (21, (1 << 20) + 1)])
    bad = Heard(
        count=2, sent=_tokens(2, 10, 20), elsewhere=[(token, "juki.lan"), (token, "www.lan")]
    )
    allowed, denied = _streams(good, bad)

    assert (allowed.expect, allowed.sent, allowed.arrived) == (ARRIVE, 2, 2)
    assert (denied.expect, denied.source, denied.target) == (DROP, "nb.wireless", "juki.lan")
    assert (denied.sent, denied.arrived, denied.elsewhere) == (2, 1, 1)
    assert denied.has_leaked
    assert (denied.proto, denied.port) == ("tcp", 443)


def test_what_was_permitted_and_is_no_more_is_told_twice() -> None:
    """Before: it worked, which proves the way alive. After: what still arrives has leaked."""
    good = Heard(count=2, sent=_tokens(1, 10, 20), arrived=[(11, 1 << 20), (21, (1 << 20) + 1)])
    before, after, _ = _streams(good, Heard(), revoked=True)

    assert (before.expect, before.sent, before.arrived) == (ARRIVE, 1, 1)
    assert (after.expect, after.sent, after.arrived) == (DROP, 1, 1)
    assert after.has_leaked


_DENIED = Tried("nb.wireless", "juki.lan", DROP, sent=5, arrived=0, port=443)
_ALLOWED = Tried("nb.wired", "juki.lan", ARRIVE, sent=5, arrived=5, port=443)


def _outcome(verdict: str = "pass", **more: object) -> Outcome:
    return replace(Outcome("undocked", 1, verdict), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tried", "event", "verdict"),
    [
        (_DENIED, "pass", Verdict.PASS),
        (replace(_DENIED, elsewhere=1), "leak", Verdict.LEAK),
        (replace(_DENIED, elsewhere=1), "inconclusive", Verdict.LEAK),
        (_DENIED, "inconclusive", Verdict.INCONCLUSIVE),
        (replace(_DENIED, sent=0), "pass", Verdict.INCONCLUSIVE),
        (_ALLOWED, "pass", Verdict.PASS),
        (replace(_ALLOWED, arrived=0), "pass", Verdict.INCONCLUSIVE),
        (replace(_ALLOWED, is_stuck=True), "overblock", Verdict.OVERBLOCK),
        (replace(_ALLOWED, is_stuck=True), "inconclusive", Verdict.INCONCLUSIVE),
    ],
)
def test_nothing_sent_proves_nothing_and_a_leak_is_one_whatever_else_is_doubted(
    tried: Tried, event: str, verdict: Verdict
) -> None:
    """The verdict of a pair, under the verdict of its event."""
    assert During("undocked", event, "why", "", 0).judged(tried)[0] is verdict


def test_an_event_becomes_a_case_a_pair_with_its_state_and_its_control() -> None:
    """Page one counts them by their state; the permitted one is the control of the denied."""
    allowed, denied = EventCases(TINY, RUN).of(_outcome(), [_ALLOWED, _DENIED])

    assert (allowed.case, allowed.expect) == ("E-000001", "arrive")
    assert (denied.case, denied.state, denied.probe) == ("E-000002", "undock", "undocked")
    assert (denied.control, denied.control_arrived) == ("E-000001", 5)
    assert (denied.cell, denied.ports, denied.verdict) == ("S2/D1", "443", Verdict.PASS)


def test_a_leak_that_no_pair_shows_is_a_case_of_its_own() -> None:
    """An open conversation that went on has no token."""
    outcome = _outcome("leak", leaked=1, seen_at=("the open conversation went on",))
    *_, last = EventCases(TINY, RUN).of(outcome, [_ALLOWED, _DENIED])

    assert last.verdict is Verdict.LEAK
    assert "the open conversation went on" in last.reason


def test_what_could_not_happen_is_no_case() -> None:
    """Nobody may take it for tried."""
    assert EventCases(TINY, RUN).of(_outcome("skipped"), [_DENIED]) == []


def test_what_events_try_is_no_gap_of_the_run_any_more() -> None:
    """And what none of them tries stays one."""
    found = {"not_tested": [{"id": i} for i in ("radio", "degraded", "moving", "relays")]}
    without_gaps(found, ["controller-killed", "relay:fgw"])

    assert [each["id"] for each in found["not_tested"]] == ["radio", "moving"]


def test_a_situation_of_events_alone_is_tried_by_the_whole_test() -> None:
    """A check says that it is not."""
    chosen = [s for s in shipped() if s.id == "fail-closed"]
    reasons = {
        suite: account(chosen, TINY, suite=suite, cases=(), talks=())[0]["reason_en"]
        for suite in ("gate", "accept")
    }

    assert reasons == {
        "gate": "not tried in the normal state; sekisho chaos tries it",
        "accept": "",
    }


def test_the_time_that_is_left_follows_the_pace_of_the_machine() -> None:
    """Half as fast, twice as long; and nothing is said before anything is known."""
    left = {}
    for pace in (1.0, 2.0):
        clock = iter([0.0, 1.0, 30.0 * pace]).__next__
        outlook = Outlook(TINY, ["controller-killed", "undocked"], clock)
        first = outlook.told({"phase": "switch"})
        told = outlook.told({"phase": "unguarded"})
        assert "left_s" not in first
        left[pace] = told["left_s"]

    assert left[2.0] == pytest.approx(2 * left[1.0], abs=2)
    assert left[1.0] > 0
