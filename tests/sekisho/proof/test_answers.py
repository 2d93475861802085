"""What passes between two, and to one: exactly what the policy says, for every pair."""

from __future__ import annotations

import pytest

from sekisho.cli import main
from sekisho.model import Attachment, Plan, Protocol
from sekisho.policy.evaluate import Policy
from sekisho.proof.answers import Answers
from tests.population import town
from tests.test_meaning import FAULTS, changed, tables

_TINY = "topologies/tiny.yaml"


def promised(plan: Plan, sender: Attachment, target: Attachment) -> set[str]:
    """Return the ranges that the policy lets *sender* open, by asking it of every edge."""
    policy, out = Policy(plan), set()
    for service in plan.services:
        for ports in service.ports:
            edges = ports.first, ports.last
            if all(policy.permission(sender, target, service.protocol, p) for p in edges):
                name = "tcp" if service.protocol is Protocol.TCP else "udp"
                out.add(f"{name}/{ports}")
    return out


@pytest.mark.parametrize("name", ["tiny", "peers"])
def test_every_pair_is_answered_as_the_policy_says(name: str) -> None:
    """Exactly these and nothing else."""
    plan, answers = town(name), Answers(town(name), tables(name))
    pairs = [(a, b) for a in plan.attachments for b in plan.attachments if a is not b]
    found = {(a.id, b.id): {str(o) for o in answers.opened(a, b)} for a, b in pairs}

    assert found == {(a.id, b.id): promised(plan, a, b) for a, b in pairs}
    assert any(found.values())


def test_ranges_of_ports_are_whole() -> None:
    """What stands as masks in the tables is said as one range."""
    plan = town("matsuno")
    answers = Answers(plan, tables("matsuno"))
    wide = [(c, al) for c in plan.clauses for al in c.allows for s in al.services
            if any(p.first != p.last for p in plan.service[s].ports)]  # fmt: skip
    allow = wide[0][1]
    sender = next(a for a in plan.attachments if allow.lets(a))
    target = next(b for b in plan.attachments if allow.reaches(b) and b.device != sender.device)

    assert any("-" in str(each) for each in answers.opened(sender, target))


def test_who_may_open_anything() -> None:
    """Everybody with what he may open; nobody in another's name."""
    plan, answers = town("tiny"), Answers(town("tiny"), tables("tiny"))
    found = answers.senders(plan.attachment["www.lan"])

    assert [(a.id if a else "", [str(o) for o in what]) for _, a, what in found] == [
        ("nb.wired", ["tcp/80", "tcp/443"]),
        ("nb.wireless", ["tcp/80", "tcp/443"]),
        ("guest.wireless", ["tcp/80"]),
    ]


def test_who_tells_a_false_name() -> None:
    """Where tables let in any address, the port is named."""
    spoilt = changed(tables("tiny"), FAULTS["any MAC address is admitted"])
    found = Answers(town("tiny"), spoilt).senders(town("tiny").attachment["juki.lan"])

    assert [(str(port), a and a.id) for port, a, _ in found] == [
        ("floor:1", "nb.wired"),
        ("floor:1", None),
    ]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["explain", _TINY, "nb.wired", "juki", "tcp/443"], 0, ["○ passes", "deliver juki.lan"]),
        (["explain", _TINY, "nb.wired", "juki"], 0, ["exactly this", "tcp/443  A01 (", ".yaml:"]),
        (["explain", _TINY, "nb.wired", "juki", "tcp/80"], 1, ["× does not", "drop cell S1/D1"]),
        (["explain", _TINY, "guest", "juki"], 0, ["may open nothing on juki.lan"]),
        (["who", _TINY, "juki"], 0, ["1 may open", "nb.wired  tcp/443  A01 ("]),
        (["who", _TINY, "guest"], 0, ["nobody may open anything on guest.wireless"]),
    ],
)
def test_the_commands_say_it(
    words: list[str], status: int, said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """With the rule that decides, and the line of the plan."""
    assert main([*words, "--lang", "en"]) == status
    out = capsys.readouterr().out
    assert [each for each in said if each not in out] == []


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["who", _TINY, "nb"], "one of nb.wired, nb.wireless"),
        (["who", _TINY, "nobody"], "one of guest.wireless, juki.lan, nb.wired"),
        (["explain", _TINY, "guest", "www", "sctp/443"], "like tcp/443"),
        (["explain", _TINY, "guest", "www", "tcp/70000"], "like tcp/443"),
    ],
)
def test_wrong_words_have_a_hint(
    words: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the exit of wrong words."""
    assert main(["--lang", "en", *words]) == 2
    assert hint in capsys.readouterr().err
