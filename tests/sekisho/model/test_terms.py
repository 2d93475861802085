"""Rules that hold until a day, or at hours of the day."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from scenarios.run import replay
from sekisho.commands.numbers import moment
from sekisho.compiler.incremental import changed_tables
from sekisho.compiler.tables import compile_town
from sekisho.draw.plan_tables import rules_table, show
from sekisho.errors import PlanError, UsageError
from sekisho.intent.sentences import unmet
from sekisho.model import JST, Plan, Protocol, spoken_hours
from sekisho.model.changes import Change, apply_changes
from sekisho.model.terms import at, is_over, lasting, resting, whole
from sekisho.mutation.plan_faults import outlived
from sekisho.plan import load
from sekisho.policy.evaluate import Policy
from sekisho.resegment.validation import plan_moves
from tests.small import clause, server, service, small, terminal

_SERVICES = {"web": service([443], "https"), "ssh": service([22], "ssh")}


def hall(folder: Path, **times: Any) -> Plan:
    """A desk that may open the page always, and ssh at times."""
    return load(written(folder, **times))


def written(folder: Path, **times: Any) -> Path:
    """Write that town; return its path."""
    devices = {"pc": terminal(1), "srv": server(3, "web", "ssh")}
    policy = [{**clause("A01", "ssh"), **times}, clause("A02", "web")]
    need = {"number": 1, "label": {"ja": "保守", "en": "Upkeep"}, "from": ["S1"], "to": ["D1"]}
    needs = [{**need, "services": ["ssh"]}]
    return small(folder, services=_SERVICES, devices=devices, policy=policy, must_reach=needs)


def opens(plan: Plan, port: int) -> bool:
    """Tell whether the desk may open *port* of the server."""
    ends = plan.attachment["pc.lan"], plan.attachment["srv.lan"]
    return Policy(plan).permission(*ends, Protocol.TCP, port) is not None


@pytest.mark.parametrize(
    ("times", "moment", "holds"),
    [
        ({"until": "2027-03-31"}, "2027-03-31 23:59", True),
        ({"until": "2027-03-31"}, "2027-04-01 00:00", False),
        ({"until": "2027-03-31 17:00"}, "2027-03-31 16:59", True),
        ({"until": "2027-03-31T17:00"}, "2027-03-31 17:00", False),
        ({"hours": ["08:30-17:15"]}, "2027-03-31 08:29", False),
        ({"hours": ["08:30-17:15"]}, "2027-03-31 08:30", True),
        ({"hours": ["08:30-17:15"]}, "2027-03-31 17:15", False),
        ({"hours": ["22:00-06:00"]}, "2027-03-31 23:00", True),
        ({"hours": ["22:00-06:00"]}, "2027-03-31 05:59", True),
        ({"hours": ["22:00-06:00"]}, "2027-03-31 06:00", False),
        ({"hours": ["00:00-06:00", "18:00-24:00"]}, "2027-03-31 23:59", True),
        ({"hours": ["00:00-06:00"], "until": "2027-03-31"}, "2027-03-31 07:00", False),
        ({"hours": ["mon-fri 08:30-17:15"]}, "2027-04-02 08:30", True),  # a Friday
        ({"hours": ["月-金 08:30-17:15"]}, "2027-04-02 17:14", True),
        ({"hours": ["mon-fri 08:30-17:15"]}, "2027-04-03 12:00", False),
        ({"hours": ["mon-fri 08:30-17:15"]}, "2027-04-05 12:00", True),
        ({"hours": ["fri 22:00-05:00"]}, "2027-04-02 04:59", False),
        ({"hours": ["fri 22:00-05:00"]}, "2027-04-03 04:59", True),
        ({"hours": ["fri 22:00-05:00"]}, "2027-04-03 05:00", False),
        ({"hours": ["fri 22:00-05:00"]}, "2027-04-03 22:00", False),
        ({"hours": ["日 22:00-05:00"]}, "2027-04-05 01:00", True),
        ({"hours": ["sat-mon 00:00-24:00"]}, "2027-04-05 23:59", True),
        ({"hours": ["sat-mon 00:00-24:00"]}, "2027-04-02 23:59", False),
        ({"hours": ["tue 08:00-09:00", "土 08:00-09:00"]}, "2027-04-03 08:00", True),
        ({"hours": ["00:00-06:00"], "until": "2027-03-31"}, "2027-04-01 05:00", False),
    ],
)
def test_a_rule_holds_at_its_times_alone(
    times: Mapping[str, Any], moment: str, holds: bool, tmp_path: Path
) -> None:
    """A day counts to its end; hours may go on into the next day; both must be true."""
    plan = at(hall(tmp_path, **times), datetime.fromisoformat(moment).replace(tzinfo=JST))

    assert opens(plan, 22) is holds
    assert opens(plan, 443)
    assert [c.id for c in resting(plan)] == ([] if holds else ["A01"])


def test_days_are_said_in_the_language_of_the_reader(tmp_path: Path) -> None:
    """Whichever the plan is written in; files of a run have them in one way."""
    plan = hall(tmp_path, hours=["月-金 8:30-17:15", "sat 09:00-12:00", "22:00-05:00"])
    own = [str(hours) for hours in plan.clauses[0].hours]

    assert own == ["mon-fri 08:30-17:15", "sat 09:00-12:00", "22:00-05:00"]
    assert [spoken_hours(hours, "en") for hours in own] == own
    assert [spoken_hours(hours, "ja") for hours in own] == [
        "月-金 08:30-17:15", "土 09:00-12:00", "22:00-05:00"
    ]  # fmt: skip


def test_the_clock_is_that_of_japan(tmp_path: Path) -> None:
    """Wherever the machine stands."""
    plan = hall(tmp_path, hours=["08:30-17:15"])

    assert opens(at(plan, datetime.fromisoformat("2027-03-31T00:00:00+00:00")), 22)
    assert not opens(at(plan, datetime.fromisoformat("2027-03-31T09:00:00+00:00")), 22)


def test_a_plan_without_times_is_the_same_at_any_time(tmp_path: Path) -> None:
    """Nothing is made anew."""
    plan = hall(tmp_path)

    assert at(plan, datetime.now(JST)) is plan


def test_the_tables_of_a_rule_that_rests_are_those_of_a_plan_without_it(tmp_path: Path) -> None:
    """And on the way from one to the other nothing else is touched."""
    plan = hall(tmp_path, until="2027-03-31")
    before = at(plan, datetime(2027, 3, 31, tzinfo=JST))
    after = at(plan, datetime(2027, 4, 1, tzinfo=JST))
    old = compile_town(before)
    diff = changed_tables(before, after, old)
    gone = {str(rule.match) for rule in diff.gone["sw"]}

    assert dict(diff.tables) == compile_town(after)
    assert diff.come["sw"] == ()
    assert gone and all("22" in match for match in gone)


def test_a_moved_port_keeps_the_times_of_the_rules(tmp_path: Path) -> None:
    """The changes are laid over the plan, and the clock over both."""
    plan = hall(tmp_path, until="2027-03-31")
    change = Change(1, "away", plan_moves(plan, ["sw:1"], "quarantine"), (), "", "", 0.0, None)
    now = at(apply_changes(plan, [change]), datetime(2027, 4, 1, tzinfo=JST))

    assert [c.id for c in resting(now)] == ["A01"]
    assert now.origin is plan


def test_the_times_are_shown_with_the_rules(tmp_path: Path) -> None:
    """`plan show` says until when, and at which hours."""
    plan = hall(tmp_path, until="2027-03-31 17:00", hours=["08:30-17:15", "22:00-06:00"])
    cells = " ".join(
        str(c) for column in rules_table(plan, language="en").columns for c in column._cells
    )

    assert "[until 2027-03-31 17:00] [08:30-17:15, 22:00-06:00]" in cells


def test_a_moment_of_the_command_line_is_japans() -> None:
    """Or says its own zone; what is none is refused with a hint."""
    assert moment("2027-03-31 17:00") == datetime(2027, 3, 31, 17, tzinfo=JST)
    assert moment("2027-03-31T08:00+00:00") == datetime(2027, 3, 31, 17, tzinfo=JST)
    with pytest.raises(UsageError, match="--at 'tomorrow' is no time"):
        moment("tomorrow")


def test_a_rule_that_outlives_its_time_is_among_the_faults(tmp_path: Path) -> None:
    """A suite must tell it; before the end there is no such fault."""
    plan, end = hall(tmp_path, until="2027-03-31"), datetime(2027, 4, 1, tzinfo=JST)
    for day, planted in ((end - timedelta(days=1), 0), (end, 1)):
        now = at(plan, day)
        found = list(outlived(now, compile_town(now)))

        assert len(found) == planted
        assert all("A01 permits on" in fault.words for fault in found)


def test_a_need_with_a_rule_that_rests_is_not_said_to_lack_one(tmp_path: Path) -> None:
    """The rule is there; at its hours the need can be decided."""
    plan = at(hall(tmp_path, until="2027-03-31"), datetime(2027, 4, 1, tzinfo=JST))

    assert [found.need.number for found in unmet(plan)] == [1]
    assert list(unmet(whole(plan))) == []
    assert whole(plan).clauses == plan.origin.clauses


def test_a_replay_judges_at_the_moment_of_its_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not at the clock's: a leak of an ended rule would be no leak any more, or a new one."""
    path, plans = written(tmp_path, until="2027-03-31"), list[Plan]()

    def noted(plan: Plan, *_: Any, **__: Any) -> int:
        plans.append(plan)
        return 0

    monkeypatch.setattr(replay, "replay", noted)
    monkeypatch.setattr(replay, "ended", lambda work: int(work()["exit"]))
    words = ["replay", str(path), "--run=r", "--source=pc.lan", "--target=srv.lan", "--probe=p"]
    words += ["--frame=00", f"--folder={tmp_path}"]
    for moment_said in ("2027-03-31T12:00+09:00", "2027-04-01T12:00+09:00"):
        monkeypatch.setattr("sys.argv", [*words, f"--at={moment_said}"])
        with pytest.raises(SystemExit):
            replay.main()

    assert [[clause.id for clause in resting(plan)] for plan in plans] == [[], ["A01"]]


@pytest.mark.parametrize(
    ("times", "moment", "over"),
    [
        ({"until": "2027-03-31"}, "2027-03-31 23:59", False),
        ({"until": "2027-03-31"}, "2027-04-01 00:00", True),
        ({"hours": ["08:30-17:15"]}, "2027-03-31 23:59", False),
        ({"until": "2027-03-31", "hours": ["08:30-17:15"]}, "2027-03-31 17:15", True),
        ({"until": "2027-03-31", "hours": ["08:30-17:15"]}, "2027-03-31 08:00", False),
        ({"until": "2027-03-31 08:31", "hours": ["08:30-17:15"]}, "2027-03-31 08:00", False),
        ({"until": "2027-03-31 08:30", "hours": ["08:30-17:15"]}, "2027-03-30 17:15", True),
        ({"until": "2028-03-31", "hours": ["08:30-17:15"]}, "2027-03-31 17:15", False),
    ],
)
def test_a_rule_is_over_when_it_never_holds_again(
    times: Mapping[str, Any], moment: str, over: bool, tmp_path: Path
) -> None:
    """By its end, or because its hours do not come again before that."""
    plan, now = hall(tmp_path, **times), datetime.fromisoformat(moment).replace(tzinfo=JST)

    assert is_over(plan.clauses[0], now) is over
    assert opens(lasting(plan, now), 22) is not over
    assert opens(lasting(plan, now), 443)


def _lines(plan: Plan, width: int) -> list[str]:
    console = Console(width=width, file=StringIO(), color_system=None)
    with console.capture() as capture:
        console.print(show(plan, language="en", width=width, rules=True))
    return [" ".join(line.split()) for line in capture.get().splitlines()]


def test_a_rule_that_rests_is_not_shown_as_allowed(tmp_path: Path) -> None:
    """Its number is in brackets, or the cell is T; the table of rules says so as well."""
    own = [clause("A01", "ssh") | {"until": "2027-03-31"}]
    devices = {"pc": terminal(1), "srv": server(3, "web", "ssh")}
    plan = load(small(tmp_path, services=_SERVICES, devices=devices, policy=own))
    wide = _lines(at(plan, datetime(2027, 4, 1, tzinfo=JST)), 80)
    narrow = _lines(at(plan, datetime(2027, 4, 1, tzinfo=JST)), 24)
    before = _lines(at(plan, datetime(2027, 3, 1, tzinfo=JST)), 80)

    assert "S1 Name [A01] ×" in wide
    assert any("T not in force [rule] 1" in line for line in wide)
    assert not any("allowed" in line for line in wide)
    assert any("[until 2027-03-31]" in line and "[not in force]" in line for line in wide)
    assert "S1 Name T ×" in narrow
    assert "S1 Name A01 ×" in before
    assert not any("not in force" in line for line in before)


_FAR = ("0001-01-01", "1969-12-31", "9999-12-31")


@pytest.mark.parametrize("word", [*_FAR, "9999-12-31T23:59-12:00", "0001-01-01T00:00+14:00"])
def test_a_year_that_no_clock_reaches_is_refused(word: str, tmp_path: Path) -> None:
    """Its neighbours cannot be counted, in another zone least of all; once and in a sentence."""
    with pytest.raises(UsageError, match=re.escape(f"--at {word!r} is in no year")):
        moment(word)
    with pytest.raises(PlanError) as caught:
        hall(tmp_path, until=word[:10])

    assert [fault.text for fault in caught.value.faults] == [
        f"policy[1].until: {word[:10]!r} is in no year that can be judged"
    ]


def test_the_first_and_the_last_year_are_judged(tmp_path: Path) -> None:
    """In every zone."""
    for zone in ("-12:00", "+14:00"):
        for day in ("1970-01-01", "9998-12-31"):
            plan = hall(tmp_path, until="9998-12-31")

            assert opens(at(plan, moment(f"{day}T00:00{zone}")), 22)
