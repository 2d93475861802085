"""Six witnesses: with all of them a drop passes, with any one of them missing it never does."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import pytest

from sekisho.evidence.verdict import Verdict
from sekisho.judge.counters import Expectation, Seen
from sekisho.judge.judge import Health, Judgement, judge
from sekisho.packet.packet import DropPoint

LINK = "floor:8 > room:8"
CELL = DropPoint("cell", "floor", "S2/D1")
DENIED = Expectation(
    case=1, source="nb.wireless", target="juki.lan", to="", drop=CELL, frames=(1, 2), twins=(9,)
)
ALLOWED = Expectation(
    case=2,
    source="nb.wired",
    target="juki.lan",
    to="juki.lan",
    drop=None,
    frames=(3,),
    twins=(),
    via=frozenset({LINK}),
)


@dataclass
class Evening:
    """Everything as it should be; each test spoils one thing."""

    cases: list[Expectation] = field(default_factory=lambda: [DENIED, ALLOWED])
    seen: dict[int, Seen] = field(
        default_factory=lambda: {
            1: Seen(own=1),
            2: Seen(own=1),
            3: Seen(own=1, places=Counter({LINK: 1, "juki.lan": 1})),
            9: Seen(own=1, places=Counter({"juki.lan": 1})),
        }
    )
    counted: dict[DropPoint, int] = field(default_factory=lambda: {CELL: 2})
    health: Health = field(default_factory=Health)

    def judged(self) -> tuple[Judgement, Judgement]:
        """Return what becomes of the denied and of the allowed case."""
        denied, allowed = judge(self.cases, self.seen, self.counted, self.health)
        return denied, allowed


@pytest.fixture(name="evening")
def _evening() -> Evening:
    return Evening()


def test_with_all_witnesses_both_pass(evening: Evening) -> None:
    """Two copies left, none arrived, the cell counted two; the allowed one arrived once."""
    denied, allowed = evening.judged()

    assert (denied.verdict, denied.reason) == (Verdict.PASS, "")
    assert (denied.sent, denied.sent_seen, denied.expected, denied.counted) == (2, 2, 2, 2)
    assert (denied.arrived, denied.elsewhere, denied.answered, denied.twins_arrived) == (0, 0, 0, 1)
    assert (allowed.verdict, allowed.reason, allowed.arrived) == (Verdict.PASS, "", 1)


def test_without_the_senders_own_copy_it_is_inconclusive(evening: Evening) -> None:
    """Witness a: a frame that never left its sender was not stopped by anybody."""
    evening.seen[2].own = 0
    evening.counted[CELL] = 1
    denied, _ = evening.judged()

    assert denied.verdict is Verdict.INCONCLUSIVE
    assert denied.reason == "1 of 2 frames were not seen leaving the sender"


def test_a_frame_that_left_twice_is_inconclusive(evening: Evening) -> None:
    """Two copies where one was sent: somebody else speaks with our tokens."""
    evening.seen[2].own = 2

    assert evening.judged()[0].verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("copies", [0, 2])
def test_without_its_positive_twin_it_is_inconclusive(evening: Evening, copies: int) -> None:
    """Witness b: a target that hears nothing, or everything twice, proves nothing."""
    evening.seen[9].places["juki.lan"] = copies
    denied, _ = evening.judged()

    assert denied.verdict is Verdict.INCONCLUSIVE
    assert denied.reason == f"{copies} copies of 1 positive twins arrived at the target"


def test_a_twin_that_was_never_sent_is_inconclusive(evening: Evening) -> None:
    """Silence at a target that nobody may speak to needs a twin all the same."""
    evening.cases[0] = replace(DENIED, twins=())
    denied, _ = evening.judged()

    assert (denied.verdict, denied.reason) == (
        Verdict.INCONCLUSIVE,
        "no positive twin was sent to the target",
    )


@pytest.mark.parametrize("place", ["juki.lan", "guest.wireless", LINK, "controller-channel"])
def test_seen_anywhere_it_is_a_leak(evening: Evening, place: str) -> None:
    """Witness c: at the target, at a third host, between switches or at the controller."""
    evening.seen[2].places[place] += 1
    denied, _ = evening.judged()

    assert denied.verdict is Verdict.LEAK
    assert (denied.reason, denied.seen_at) == (f"a forbidden frame was seen at {place}", (place,))


def test_an_answer_is_a_leak(evening: Evening) -> None:
    """Witness c: whoever answers has heard, even if nobody heard him hear."""
    evening.seen[1].answers = 1
    denied, _ = evening.judged()

    assert denied.verdict is Verdict.LEAK
    assert denied.reason == "a forbidden frame was seen at the sender, as an answer"


def test_a_capture_that_lost_copies_makes_everything_inconclusive(evening: Evening) -> None:
    """Witness d: what the kernel could not store may have been the leak."""
    evening.health = Health(lossy=("juki.lan",))

    assert [j.verdict for j in evening.judged()] == [Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE]
    assert evening.judged()[0].reason == "captures lost copies at juki.lan"


def test_a_frame_lost_on_a_line_is_inconclusive_and_no_finding(evening: Evening) -> None:
    """Neither an over-block nor an unattributed drop: no rule is to blame."""
    evening.health = Health(lost=("the line at core1-eth5",))
    evening.seen[3].places.clear()
    evening.counted[CELL] = 0
    denied, allowed = evening.judged()

    assert (denied.verdict, allowed.verdict) == (Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE)
    assert allowed.reason == "frames were lost meanwhile by the line at core1-eth5"


def test_a_lossy_line_excuses_nothing_that_was_seen(evening: Evening) -> None:
    """Loss explains what is missing, never what is there, nor a counter that is too high."""
    evening.health = Health(lost=("the line at core1-eth5",))
    assert {j.verdict for j in evening.judged()} == {Verdict.PASS}
    evening.counted[CELL] += 1
    assert evening.judged()[0].verdict is Verdict.UNATTRIBUTED
    evening.seen[1].places["juki.lan"] = 1
    assert evening.judged()[0].verdict is Verdict.LEAK


@pytest.mark.parametrize("not_receiving", ["nb.wireless", "juki.lan"])
def test_an_end_that_does_not_receive_makes_it_inconclusive(
    evening: Evening, not_receiving: str
) -> None:
    """Witness d: sentinels before and after must be heard at both ends."""
    evening.health = Health(not_receiving=frozenset({not_receiving}))
    denied, _ = evening.judged()

    assert (denied.verdict, denied.reason) == (
        Verdict.INCONCLUSIVE,
        f"no sentinel was heard at {not_receiving}",
    )


def test_what_never_came_to_its_end_is_inconclusive_but_for_a_leak(evening: Evening) -> None:
    """Frames that go round keep the switches busy; what was seen by then was seen."""
    evening.health = Health(stuck="the switches never fell silent")
    denied, allowed = evening.judged()

    assert (denied.verdict, denied.reason) == (
        Verdict.INCONCLUSIVE,
        "the switches never fell silent",
    )
    assert allowed.verdict is Verdict.INCONCLUSIVE
    evening.seen[1].places["juki.lan"] = 1
    assert evening.judged()[0].verdict is Verdict.LEAK


def test_a_bystander_that_does_not_receive_makes_it_inconclusive_too(evening: Evening) -> None:
    """Seen nowhere else: that must be shown of every place, not of the two ends alone."""
    evening.health = Health(not_receiving=frozenset({"guest.wireless"}))

    assert [j.verdict for j in evening.judged()] == [Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE]


def test_a_permitted_frame_is_seen_once_on_its_way(evening: Evening) -> None:
    """A line that shows it twice leaks; one that shows nothing is passed by, or blind."""
    evening.seen[3].places[LINK] = 2
    twice = evening.judged()[1]
    evening.seen[3].places[LINK] = 0
    never = evening.judged()[1]

    assert (twice.verdict, twice.reason) == (Verdict.LEAK, f"also seen at {LINK}")
    assert never.verdict is Verdict.INCONCLUSIVE
    assert never.reason == f"permitted frames arrived that were not seen at {LINK}"


def test_what_a_host_says_by_itself_is_counted_beside_the_cases(evening: Evening) -> None:
    """A kernel's own answer dies in the same cell: due with it, or nobody sent it there."""
    evening.counted[CELL] = 3
    with_it = judge(evening.cases, evening.seen, evening.counted, Health(), others={CELL: 1})
    without = judge(evening.cases, evening.seen, evening.counted, Health())

    assert (with_it[0].verdict, with_it[0].expected) == (Verdict.PASS, 3)
    assert without[0].verdict is Verdict.UNATTRIBUTED


@pytest.mark.parametrize("spoilt", ["counted", "arrived"])
def test_what_is_missing_while_something_stood_still_is_inconclusive(
    evening: Evening, spoilt: str
) -> None:
    """Stopped switches deliver nothing and count nothing; that is not the town's fault."""
    evening.health = Health(stalled="the switches stood still for 8.0 s meanwhile")
    if spoilt == "counted":
        evening.counted[CELL] = 1
    else:
        evening.seen[3].places.clear()
    found = evening.judged()[0 if spoilt == "counted" else 1]

    assert (found.verdict, found.reason) == (
        Verdict.INCONCLUSIVE,
        "the switches stood still for 8.0 s meanwhile",
    )


def test_under_other_names_a_drop_needs_a_way_that_is_alive(evening: Evening) -> None:
    """No counter of ours tells how far a frame came: positive frames must have come as far."""
    evening.health = Health(is_attributed=False)
    pilot, carrier = (3, "juki.lan"), (3, "juki.lan")
    none = evening.judged()[0]
    evening.cases[0] = replace(DENIED, pilots=(pilot,))
    half = evening.judged()[0]
    evening.cases[0] = replace(DENIED, pilots=(pilot,), carriers=(carrier,))
    whole = evening.judged()[0]
    evening.seen[3].places.clear()
    dead = evening.judged()[0]

    assert none.reason == (
        "no permitted frame of the same sender arrived anywhere: nothing shows that the "
        "controller lets in what it sends"
    )
    assert half.reason == (
        "no permitted frame came from the sender's switch to the target's: nothing shows "
        "that the way between is alive"
    )
    assert [j.verdict for j in (none, half, whole, dead)] == [
        Verdict.INCONCLUSIVE,
        Verdict.INCONCLUSIVE,
        Verdict.PASS,
        Verdict.INCONCLUSIVE,
    ]


@pytest.mark.parametrize("counted", [0, 1, 3])
def test_a_counter_that_disagrees_is_unattributed(evening: Evening, counted: int) -> None:
    """Witness e: dropped, but not (only) by the rule that should."""
    evening.counted[CELL] = counted
    denied, _ = evening.judged()

    assert denied.verdict is Verdict.UNATTRIBUTED
    assert denied.reason == f"cell S2/D1 at floor counted {counted} of 2 copies"


def test_a_missing_counter_is_unattributed(evening: Evening) -> None:
    """A rule that is not on the switch has counted nothing."""
    evening.counted.clear()

    assert evening.judged()[0].verdict is Verdict.UNATTRIBUTED


def test_cases_of_one_cell_share_its_counter(evening: Evening) -> None:
    """The counter must rise by the copies of all cases that die there, together."""
    evening.cases[0] = replace(DENIED, frames=(1,))
    evening.cases.append(replace(DENIED, case=3, frames=(2,)))
    verdicts = [j.verdict for j in judge(evening.cases, evening.seen, {CELL: 2}, Health())]

    assert (verdicts[0], verdicts[2]) == (Verdict.PASS, Verdict.PASS)


def test_a_town_that_changed_makes_it_inconclusive(evening: Evening) -> None:
    """Witness f: tables and links must be after as they were before."""
    evening.health = Health(changed=("the tables of floor",))

    assert [j.verdict for j in evening.judged()] == [Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE]
    assert evening.judged()[0].reason == "the town changed meanwhile: the tables of floor"


def test_nothing_sent_is_inconclusive(evening: Evening) -> None:
    """A case without a frame says nothing, in either direction."""
    evening.cases = [replace(DENIED, frames=()), replace(ALLOWED, frames=())]

    assert [(j.verdict, j.reason) for j in evening.judged()] == [
        (Verdict.INCONCLUSIVE, "nothing was sent"),
        (Verdict.INCONCLUSIVE, "nothing was sent"),
    ]


def test_nothing_heard_at_all_is_inconclusive(evening: Evening) -> None:
    """A dead instrument hears no leak either."""
    evening.seen.clear()

    assert [j.verdict for j in evening.judged()] == [Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE]


def test_a_leak_beats_every_doubt(evening: Evening) -> None:
    """However ill the instrument is, what it has seen it has seen."""
    evening.seen[1].places["juki.lan"] = 1
    evening.seen[2].own = 0
    evening.seen[9].places.clear()
    evening.counted.clear()
    evening.health = Health(frozenset({"juki.lan"}), ("juki.lan",), ("a link",))

    assert evening.judged()[0].verdict is Verdict.LEAK


@pytest.mark.parametrize("copies", [0, 2])
def test_an_allowed_frame_arrives_exactly_once(evening: Evening, copies: int) -> None:
    """None is an over-blocked path, and so are two: somebody duplicates."""
    evening.seen[3].places["juki.lan"] = copies
    _, allowed = evening.judged()

    assert allowed.verdict is Verdict.OVERBLOCK
    assert allowed.reason == f"{copies} copies of 1 permitted frames arrived"


@pytest.mark.parametrize("place", ["guest.wireless", "controller-channel"])
def test_an_allowed_frame_that_a_third_hears_is_a_leak(evening: Evening, place: str) -> None:
    """Permitted to one is not permitted to all."""
    evening.seen[3].places[place] = 1
    _, allowed = evening.judged()

    assert (allowed.verdict, allowed.reason) == (Verdict.LEAK, f"also seen at {place}")


def test_a_drop_that_lets_on_is_unattributed(evening: Evening) -> None:
    """The right counter rose, but so did another that nothing was sent to: something went on."""
    evening.counted[DropPoint("forward", "floor")] = 1
    denied, _ = evening.judged()

    assert denied.verdict is Verdict.UNATTRIBUTED
    assert denied.reason == "forward at floor counted 1 copies that nobody sent there"
