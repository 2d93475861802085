"""The way of a frame, read from what Open vSwitch prints."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from scenarios.results.trace import outputs, rewritten, rule_words, steps
from sekisho.commands.replay import replay
from sekisho.commands.screen import screen
from sekisho.errors import UsageError
from sekisho.evidence.verdict import Verdict
from sekisho.openflow.rules import Cookie, Kind
from sekisho.plan import load
from tests.sekisho.report.fake_run import write_run

_TINY = load(Path(__file__).parents[3] / "topologies" / "tiny.yaml")
_TRACE = """\
bridge("floor")
---------------
 0. ip,in_port=2,dl_src=02:45:00:00:00:0b, priority 200, cookie 0x5e01000200020000
    goto_table:5
 5. priority 0
    push_vlan:0x8100
    output:8
    output:9

Final flow: recirc_id=0x1f,eth,tcp,in_port=2,dl_vlan=3,dl_vlan_pcp=0,dl_src=02:45:00:00:00:0b,\
dl_dst=02:10:00:00:00:15,nw_src=10.45.0.11
Datapath actions: push_vlan(vid=3,pcp=0),10
"""
_FRAME = bytes.fromhex("02005e00000102450000000b0800") + b"rest"


def test_steps_and_ports_are_read() -> None:
    """Tables, priorities and cookies in order; each port once."""
    assert [(s.table, s.priority, s.cookie) for s in steps(_TRACE)] == [
        (0, 200, 0x5E01000200020000),
        (5, 0, 0),
    ]
    assert outputs(_TRACE) == [8, 9]


def test_the_frame_goes_on_as_the_trace_left_it() -> None:
    """Tagged and with its new address; tagged frames lose a tag that the trace took off."""
    tagged = rewritten(_FRAME, _TRACE)
    untagged = rewritten(tagged, "Final flow: eth,tcp,dl_src=02:45:00:00:00:0b\n")

    assert tagged.hex() == "02100000001502450000000b81000003" + _FRAME[12:].hex()
    assert untagged == tagged[:12] + _FRAME[12:]


@pytest.mark.parametrize(
    ("cookie", "words"),
    [
        (int(Cookie(Kind.OPEN, 2, 1, 2)), "open by A02"),
        (int(Cookie(Kind.DROP_CELL, 2, 1)), "drop cell S2/D1"),
        (int(Cookie(Kind.ADMIT_TRUNK, 8, 2)), "admit trunk"),
        (0x99, "not a rule of ours"),
    ],
)
def test_a_rule_is_named_by_its_cookie(cookie: int, words: str) -> None:
    """In the plan's words."""
    assert rule_words(cookie, "floor", _TINY) == words


def test_only_a_finding_can_be_replayed(tmp_path: Path) -> None:
    """A case that passed has left no packet; the findings that there are, are named."""
    run = write_run(tmp_path / "run", verdicts={3: Verdict.LEAK})
    args = Namespace(run=run, case="T-000001", plan=None, manifest_sha256="")

    with pytest.raises(UsageError, match=r"no finding 'T-000001'\n  hint: one of T-000004"):
        replay(args, screen())
