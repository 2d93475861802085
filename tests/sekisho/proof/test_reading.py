"""Dumps are read whole: each rule as the switch printed it, or it is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sekisho.cli import main
from sekisho.compiler.tables import compile_town
from sekisho.errors import RefusedError
from sekisho.evidence.seal import seal
from sekisho.openflow.rule_text import wanted
from sekisho.openflow.rules import CONTROLLER, FLOOD, LOCAL, NORMAL, Match, Output, Rule
from sekisho.proof.reading import read_dumps
from tests.population import TOWNS, town
from tests.test_meaning import tables

_ANY: Match = ()
_TINY = "topologies/tiny.yaml"


def dump(rules: tuple[Rule, ...]) -> str:
    """Return what a switch with *rules* prints."""
    lines = ["OFPST_FLOW reply (OF1.3) (xid=0x2):"]
    for rule in rules:
        _, _, text = wanted(rule).split(", ", 2)
        lines.append(line(text, rule.table, rule.cookie))
    return "\n".join(lines) + "\n"


def line(text: str, table: int = 0, cookie: int = 7) -> str:
    """Return one rule as a switch prints it."""
    head = f" cookie={cookie:#x}, duration=2.374s, table={table}, n_packets=0, n_bytes=0, "
    return head + text


@pytest.mark.parametrize("name", [*TOWNS, "city", "trunk"])
def test_compiled_tables_are_read_back(name: str) -> None:
    """Whatever the compiler makes comes back as the same rules."""
    compiled = compile_town(town(name))
    read = read_dumps({switch: dump(rules) for switch, rules in compiled.items()})

    assert read == compiled


@pytest.mark.parametrize("port", [NORMAL, FLOOD, CONTROLLER, LOCAL])
def test_special_ports_are_read(port: int) -> None:
    """They are understood here, and refused later where they are not modelled."""
    rule = Rule(0, 900, _ANY, 7, (Output(port),))

    assert read_dumps({"floor": dump((rule,))}) == {"floor": (rule,)}


@pytest.mark.parametrize(
    "text",
    [
        "idle_timeout=10, priority=900,ip actions=drop",
        "send_flow_rem priority=900,ip actions=drop",
        "priority=900,ip actions=group:1",
        "priority=900,ip actions=meter:1,output:1",
        "priority=900,ip actions=resubmit(,3)",
        "priority=900,ip actions=learn(table=1,NXM_OF_ETH_DST[])",
        "priority=900,ip actions=ct(commit,nat(src=10.0.0.1),zone=1)",
        "priority=900,ip actions=ct(commit,zone=1,exec(set_field:0x1/0x3->ct_mark))",
        "priority=900,ip actions=set_field:0x1/0xf->reg0",
        "priority=900,ip actions=push_vlan:0x88a8,output:1",
        "priority=900,ip,nw_tos=4 actions=drop",
        "priority=900,ip,reg3=0x1 actions=drop",
        "priority=900,icmp,icmp_code=1 actions=drop",
        "priority=900,tun_id=0x1 actions=drop",
        "priority=900,ip,nw_frag=later actions=drop",
        "priority=900,ip actions=write_actions(output:1)",
        "priority=900,ip actions=move:NXM_NX_REG0[0..7]->NXM_NX_REG0[8..15]",
        "priority=900,ip,no_such_field=1 actions=drop",
        "priority=900,ip actions=no_such_action",
    ],
)
def test_what_is_not_understood_is_refused(text: str) -> None:
    """Switch, table and cookie are named."""
    whole = dump(tables("tiny")["floor"]) + line(text) + "\n"

    with pytest.raises(RefusedError, match="floor: table 0, cookie 0x7"):
        read_dumps({"floor": whole})


@pytest.mark.parametrize(
    ("said", "usual"),
    [
        ("priority=900,metadata=0", "priority=900,metadata=0x0"),
        ("priority=900,metadata=0xFF", "priority=900,metadata=0xff"),
        ("priority=900,metadata=255/0xff", "priority=900,metadata=0xff/0xff"),
        ("priority=900,metadata=0x5/0xffffffffffffffff", "priority=900,metadata=0x5"),
        ("priority=900,reg0=10", "priority=900,reg0=0xa"),
        ("priority=900,ip,ct_mark=1", "priority=900,ip,ct_mark=0x1"),
        ("priority=900,in_port=LOCAL", f"priority=900,in_port={LOCAL}"),
        ("priority=900,in_port=0x3", "priority=900,in_port=3"),
        ("priority=900,ct_state=+trk+new,ip", "priority=900,ct_state=+new+trk,ip"),
        ("priority=900,ct_state=-rpl+trk+est,ip", "priority=900,ct_state=+est-rpl+trk,ip"),
        ("priority=900,tcp,tcp_flags=-ack+syn", "priority=900,tcp,tcp_flags=+syn-ack"),
        ("priority=900,tcp,tp_dst=0x1bb", "priority=900,tcp,tp_dst=443"),
    ],
)
def test_spellings_that_mean_the_same_are_read_alike(said: str, usual: str) -> None:
    """Somebody else's tool may print numbers in another base, and states in another order."""
    head = "OFPST_FLOW reply (OF1.3) (xid=0x2):\n"
    one, other = (read_dumps({"f": head + line(f"{each} actions=drop")}) for each in (said, usual))

    assert one == other
    assert len(one["f"][0].match) > 0


@pytest.mark.parametrize(
    "match",
    [
        "ct_state=+new-new,ip",
        "ct_state=+new+new,ip",
        "ct_state=+trk+odd,ip",
        "metadata=zero",
        "metadata=0x1ffffffffffffffff",
        "metadata=0x1/0xnone",
        'in_port="floor-eth1"',
        "in_port=LOCAL2",
        "ct_state=0x21/0x21,ip",
    ],
)
def test_spellings_that_nobody_can_be_sure_of_are_refused(match: str) -> None:
    """Loudly, with the switch and the line."""
    whole = "OFPST_FLOW reply (OF1.3) (xid=0x2):\n" + line(f"priority=900,{match} actions=drop")
    with pytest.raises(RefusedError, match="floor: table 0, cookie 0x7"):
        read_dumps({"floor": whole})


def test_what_is_no_dump_is_refused() -> None:
    """A cut dump or another text is not an empty table."""
    with pytest.raises(RefusedError, match="no dump of flows"):
        read_dumps({"floor": ""})
    whole = dump(tables("tiny")["floor"])
    for cut, why in ((8, "not understood"), (130, "cannot read this line")):
        with pytest.raises(RefusedError, match=why):
            read_dumps({"floor": whole[:-cut]})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the dumps of the tiny town."""
    for switch, rules in tables("tiny").items():
        (tmp_path / f"{switch}.txt").write_text(dump(rules), "utf-8")
    return tmp_path


def test_dumps_are_proved(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As planned: 0, and the verdict names what it rests on."""
    assert main(["--lang", "en", "prove", _TINY, "--dumps", str(folder), "--lang", "en"]) == 0
    said = capsys.readouterr().out
    assert "for all packets: 0 forbidden paths, 0 promised paths missing, 5 assumptions" in said
    assert "no hidden rule" in said


def test_a_rule_put_in_by_hand_is_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The packet, its way and the foreign rule are shown."""
    with (folder / "floor.txt").open("a", encoding="utf-8") as file:
        file.write(line("priority=900,ip,in_port=3 actions=output:1") + "\n")

    assert main(["--lang", "en", "prove", _TINY, "--dumps", str(folder), "--lang", "en"]) == 1
    said = capsys.readouterr().out
    assert "what is forbidden arrives at floor:1 (nb.wired)" in said
    assert "table 0 priority 900 cookie 0x7 ?" in said


def test_a_rule_that_is_gone_is_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What it served does not arrive."""
    path = folder / "room.txt"
    kept = [
        each for each in path.read_text("utf-8").splitlines() if "nw_dst=10.10.0.21" not in each
    ]
    path.write_text("\n".join(kept) + "\n", "utf-8")

    assert main(["--lang", "en", "prove", _TINY, "--dumps", str(folder), "--lang", "en"]) == 1
    assert "does not arrive at room:1 (juki.lan)" in capsys.readouterr().out


def test_the_dumps_of_other_switches_are_wrong_words(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One file for each switch of the plan, and no other."""
    shutil.move(folder / "room.txt", folder / "hall.txt")

    assert main(["--lang", "en", "prove", _TINY, "--dumps", str(folder)]) == 2
    assert "hall room" in capsys.readouterr().err


def test_a_run_of_another_plan_is_wrong_words(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its tables would be held against the wrong meaning."""
    (folder / "manifest.json").write_text(json.dumps({"hashes": {"plan": "0" * 64}}), "utf-8")

    assert main(["--lang", "en", "prove", _TINY, "--dumps", str(folder)]) == 2
    assert "another plan" in capsys.readouterr().err


def test_a_manifest_that_names_no_plan_is_wrong_words(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever stands in its place."""
    for said in ("{}", '{"hashes": []}', '{"hashes": null}', '{"hashes": {}}'):
        (folder / "manifest.json").write_text(said, "utf-8")
        assert main(["--lang", "en", "prove", _TINY, "--dumps", str(folder)]) == 2
        assert "does not say which plan it is of" in capsys.readouterr().err


def test_a_sealed_run_that_was_changed_is_not_believed(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One rule is taken out of its dumps afterwards."""
    run = tmp_path / "run"
    (run / "flows").mkdir(parents=True)
    for path in folder.glob("*.txt"):
        shutil.copy(path, run / "flows" / path.name)
    seal(run, {"hashes": {"plan": town("tiny").sha256}})
    assert main(["--lang", "en", "prove", _TINY, "--dumps", str(run)]) == 0
    capsys.readouterr()
    path = run / "flows" / "room.txt"
    path.write_text("".join(path.read_text("utf-8").splitlines(keepends=True)[:-1]), "utf-8")

    assert main(["--lang", "en", "prove", _TINY, "--dumps", str(run)]) == 3
    assert "changed since the run was sealed" in capsys.readouterr().err


def test_a_rule_behind_the_heading_is_not_passed_over() -> None:
    """A line holds one thing."""
    whole = dump(tables("tiny")["floor"]).replace("\n", line("priority=9 actions=drop") + "\n", 1)
    with pytest.raises(RefusedError, match="no dump of flows"):
        read_dumps({"floor": whole})
