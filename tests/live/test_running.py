"""The tables of a running town are proved: on request, and after each change of it.

Nobody mends what is changed by hand in this town, so a planted rule stays.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.live.townsman import KINDS, Townsman, standing

pytestmark = [pytest.mark.live, pytest.mark.alone]

_RIGHT = "for all packets: 0 forbidden paths, 0 promised paths missing, 5 assumptions"
_RULES = "sh ovs-ofctl -O OpenFlow13"
#: Nobody stands at that port, so no probe of a change at ``floor:1`` comes by it.
_OPENING = "table=0,priority=60000,in_port=5"


@pytest.fixture(scope="module", name="town")
def _town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Townsman]:
    home = tmp_path_factory.mktemp("running")
    with standing(KINDS[0], home, options="--no-repair") as town:
        yield town


def proved(town: Townsman) -> tuple[int, str]:
    """Return the exit status of ``prove --running``, and all that it said."""
    done = town.says("prove", "--running", "--lang", "en")
    return done.returncode, done.stdout + done.stderr


def moved(town: Townsman, to: str) -> tuple[int, str]:
    """Move the notebook's port, and try again; return the exit status and what was said."""
    done = town.says("resegment", "floor:1", to, "--lang", "en")
    return done.returncode, done.stdout + done.stderr


def number(said: str) -> str:
    """Return the number of the change that was *said* to be in force."""
    found = re.search(r"change (\d+) is in force", said)
    assert found, said
    return found[1]


def taken_back(town: Townsman, said: str) -> int:
    """Undo the change that was *said* to be in force, and try nothing again."""
    return town.says("resegment", "--undo", number(said), "--no-retest").returncode


@contextmanager
def planted(town: Townsman, rule: str, actions: str) -> Iterator[None]:
    """For the time of the block the server room has one rule more."""
    town.prompts(f'{_RULES} add-flow room "{rule},actions={actions}"')
    try:
        yield
    finally:
        town.prompts(f'{_RULES} --strict del-flows room "{rule}"')


def records(town: Townsman, said: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return summary and proof of each re-test that was *said* to be done."""
    folders = [town.person.home / path for path in re.findall(r"(\S+)/report\.html", said)]
    return [(_read(f / "summary.json"), _read(f / "proof.json")) for f in folders]


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def test_what_a_running_town_holds_is_proved(town: Townsman) -> None:
    """Read out of its switches, and not made from the plan."""
    status, said = proved(town)

    assert (status, _RIGHT in said) == (0, True)
    assert "A switch holds what was dumped and nothing else" in said
    assert "changes laid over" not in said


def test_a_change_is_tried_again_for_all_packets(town: Townsman) -> None:
    """Both re-tests say so and keep it, in either language; the plan in force has the change."""
    status, said = moved(town, "visitor")
    undone = town.says("resegment", "--undo", number(said), "--lang", "ja")
    kept = records(town, said)

    assert (status, said.count(_RIGHT)) == (0, 2), said
    assert [(s["verdict"], p["forbidden"], p["missing"]) for s, p in kept] == [("pass", 0, 0)] * 2
    assert undone.returncode == 0
    line = "全パケットについて: 禁止経路 0、届くべきで届かない経路 0、前提 5"
    assert undone.stdout.count(line) == 2


def test_the_plan_in_force_is_what_is_proved_against(town: Townsman) -> None:
    """The changes that stand, by their numbers."""
    change = town.asks({"op": "change", "ports": ["floor:1"], "to": "visitor", "by": "t"})
    status, said = proved(town)
    town.asks({"op": "undo", "number": change["number"], "by": "t"})

    assert (status, f"changes laid over the plan: {change['number']}\n" in said) == (0, True)


def test_a_forbidden_rule_has_its_packet(town: Townsman) -> None:
    """One rule, added by hand, for a port where nobody stands."""
    with planted(town, _OPENING, "output:1"):
        status, said = proved(town)

    assert status == 1
    assert "for all packets: 1 forbidden paths" in said
    assert "what is forbidden arrives at room:1 (juki.lan) (entries 1)\n  room:5 (-) " in said
    assert "table 0 priority 60000 cookie 0x0" in said
    assert proved(town)[0] == 0


def test_a_retest_fails_by_what_none_of_its_probes_touches(town: Townsman) -> None:
    """No probe sees the rule; the comparison alone would leave the re-test undecided."""
    with planted(town, _OPENING, "output:1"):
        status, said = moved(town, "visitor")
        undone = taken_back(town, said)
    kept = records(town, said)

    assert (status, said.count("for all packets: 1 forbidden paths")) == (1, 2), said
    assert [(s["verdict"], s["leak"], p["forbidden"]) for s, p in kept] == [("fail", 0, 1)] * 2
    assert "room:5" in kept[0][1]["differences"][0]["en"]
    assert undone == 0


def dry_run(town: Townsman) -> tuple[int, str]:
    """Ask what moving the notebook's port would do; return the exit status and what was said."""
    done = town.says("resegment", "floor:1", "visitor", "--dry-run", "--lang", "en")
    return done.returncode, done.stdout + done.stderr


def test_a_dry_run_proves_what_would_be_there(town: Townsman) -> None:
    """A rule put in by hand is in it, and one that is not modelled is no proof; nothing changes."""
    before = town.asks({"op": "state"})["changes"]
    right = dry_run(town)
    with planted(town, _OPENING, "output:1"):
        wrong = dry_run(town)
    with planted(town, "table=0,priority=60001,in_port=6", "NORMAL"):
        refused = dry_run(town)

    assert (right[0], f"the tables after the change: {_RIGHT}" in right[1]) == (0, True), right[1]
    assert wrong[0] == 1
    assert "the tables after the change: for all packets: 1 forbidden paths" in wrong[1]
    assert (refused[0], "not proved (room: table 0, " in refused[1]) == (3, True), refused[1]
    assert town.asks({"op": "state"})["changes"] == before


def test_what_is_not_modelled_is_never_passed(town: Townsman) -> None:
    """The proof is refused with the rule; the re-test is undecided, and says why."""
    with planted(town, "table=0,priority=60001,in_port=6", "NORMAL"):
        refused = proved(town)
        status, said = moved(town, "visitor")
        taken_back(town, said)

    assert refused[0] == 4
    assert "room: table 0, priority 60001, cookie 0x0: sends out of the special" in refused[1]
    assert (status, said.count("for all packets: not proved (room: table 0, ")) == (3, 2), said


def test_tables_that_somebody_is_changing_are_no_verdict(town: Townsman) -> None:
    """Both readings must say the same rules."""
    over = town.folder.parent.parent / "over"
    step = 'i=$((i+1)); ovs-ofctl -O OpenFlow13 add-flow room "table=99,priority=$i,actions=drop"'
    loop = f"sh i=0; while [ ! -e {over} ]; do {step}; done"
    thread = threading.Thread(target=lambda: town.prompts(loop))
    thread.start()
    time.sleep(1.0)
    try:
        status, said = proved(town)
    finally:
        over.touch()
        thread.join()
    town.prompts(f"{_RULES} del-flows room table=99")

    assert status == 3
    assert "room: changed between two readings" in said
    assert proved(town)[0] == 0
