"""The proof's engine on networks of others: the sets agree with a walk, rule by rule."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from scenarios.bench import outside
from scenarios.bench.outside import ALL, OPENFLOW, TRANSFER, told, walked
from scenarios.bench.outside_files import is_across, openflow, transfer, zoo
from scenarios.bench.outside_halves import Halves, crossing, disagreements, halves
from scenarios.bench.outside_sets import Network, Rule, Sets, kept
from scenarios.bench.outside_walk import OpenFlowWalk, TransferWalk, Walk, ZooWalk
from sekisho.errors import LabError
from sekisho.proof.engine import Set

ENGINES = ("oxidd", "cudd")
NODES = 1 << 16
#: A line of four nodes; each has a host, and a route to each of the others.
LINE = (("N0", 1, "N1", 1), ("N1", 2, "N2", 1), ("N2", 2, "N3", 1))
WIDTH = 16
#: Lines between the ports of transfer functions; one port leads to two.
ENDS = (("[121]", "[201]"), ("[121]", "[202]"), ("[221]", "[102]"))


def _zoo(folder: Path, name: str = "Line", more: Sequence[str] = ()) -> Path:
    """Write a line of nodes in the format of the Topology Zoo, and *more* rules."""
    apk = folder / "katch" / "apk"
    apk.mkdir(parents=True, exist_ok=True)
    nodes = range(len(LINE) + 1)
    rules = [
        f"+ fwd N{n} {d} 32 {0 if n == d else 1 if d < n or n == 0 else 2} 32"
        for n in nodes
        for d in nodes
    ]
    (apk / f"{name}_routing.apk").write_text("\n".join([*rules, *more]))
    (apk / f"{name}_topo.apk").write_text("\n".join(" ".join(map(str, line)) for line in LINE))
    (apk / f"{name}_hosts.apk").write_text("\n".join(f"N{n} 0" for n in nodes))
    return folder


def _openflow(folder: Path) -> Path:
    """Write two routers that are joined, with prefixes inside one another and two copies."""
    place = folder / "katch" / "stanford"
    place.mkdir(parents=True, exist_ok=True)

    def rule(ports: list[int], address: int, free: int, out: list[int]) -> dict[str, object]:
        names = ("in_ports", "ip_dst_match", "ip_dst_wc", "out_ports", "ip_dst_new")
        return dict(zip(names, (ports, address, free, out, None), strict=True))

    mine, yours = [11, 12, 13], [21, 22]
    routers = {
        "a_rtr": [
            rule(mine, 0x0A000001, 0, []),
            rule(mine, 0x0A000000, 4, [12, 13]),
            rule(mine, 0x0A000000, 24, [11]),
        ],
        "b_rtr": [rule(yours, 0x0A0000F0, 4, [21]), rule(yours, 0, 32, [22, 21])],
    }
    whole = {name: {"rules": rules, "portmap": {}} for name, rules in routers.items()}
    (place / "openflow.json").write_text(json.dumps(whole))
    for name, rules in routers.items():
        (place / f"{name}.of").write_text(json.dumps({"rules": rules}))
    ends = (("a", 11, "b", 21), ("a", 11, "b", 22), ("b", 21, "a", 11))
    links = [f"{a}_rtr -> {b}_rtr [sport={s},dport={d}];" for a, s, b, d in ends]
    (place / "topology.dot").write_text("digraph S {\n\t" + "\n\t".join(links) + "\n}\n")
    return folder


def _line(kind: str, at: str, match: str, write: tuple[str, str], out: str) -> str:
    return f"{kind}${at}${match}${write[0]}${write[1]}$None$None${out}$#$#$$$x_1$"


def _transfer(folder: Path) -> Path:
    """Write two routers as transfer functions that write the lower byte on their way."""
    place = folder / "stanford"
    place.mkdir(parents=True, exist_ok=True)
    none, head = ("None", "None"), ["2$x$9$0$0$", "#"]
    keep, nine = "11111111,00000000", "00000000,00001001"
    routers = {
        "a": [
            _line("fwd", "[101]", "xxxxxxxx,0000000x", none, "[100]"),
            _line("fwd", "[101, 102]", "1xxxxxxx,xxxxxxx1", none, "[]"),
            _line("fwd", "[102]", "xxxxxxxx,xxxxxxxx", none, "[100]"),
            _line("rw", "[100]", "0000xxxx,xxxxxxxx", (keep, nine), "[121]"),
            _line("fwd", "[100]", "xxxx1111,xxxxxxxx", none, "[121, 122]"),
            _line("fwd", "[]", "xxxxxxxx,xxxxxxxx", none, "[122]"),
        ],
        "b": [
            _line("rw", "[201]", "xxxxxxxx,00001001", ("11110000,11111111", nine), "[222]"),
            _line("fwd", "[201, 202]", "xxxxxx0x,xxxxxxxx", none, "[221]"),
        ],
    }
    for name, lines in routers.items():
        (place / f"{name}_rtr.tf").write_text("\n".join([*head, *lines]) + "\n")
    links = [_line("link", a, "None", none, b) for a, b in ENDS]
    (place / "topology.tf").write_text("\n".join([*head, *links]) + "\n")
    ports = {"a": {"one": 101, "two": 102, "dark": 103}, "b": {"one": 201, "two": 202}}
    (place / "port_map.json").write_text(json.dumps(ports))
    return folder


def _all_three(folder: Path) -> Path:
    return _transfer(_openflow(_zoo(folder, more=["+ fwd N1 64 28 2 28", "+ fwd N2 0 0 2 0"])))


def _arrivals(network: Network, walk: Walk, headers: Sequence[int]) -> set[tuple[str, str, int]]:
    """Return entry, out-port and header of all that arrives of *headers*, walked."""
    return {
        (entry, out, now)
        for entry in network.entries
        for header in headers
        for out, now in walk.left(entry, header)
    }


def _held(sets: Sets, headers: Sequence[int]) -> set[tuple[str, str, int]]:
    """Return the same as the sets have it."""
    nothing = sets.engine.false
    return {
        (entry, out, header)
        for number, entry in enumerate(sets.network.entries)
        for out in sets.arriving
        for header in headers
        if sets.between(number, out) & sets.header(header) != nothing
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_the_sets_of_a_zoo_network_are_those_of_the_walk(tmp_path: Path, engine: str) -> None:
    """Longest prefixes, and routes for many addresses, arrive where a walk ends; no others do."""
    folder = _all_three(tmp_path)
    network, headers = zoo(folder, "Line"), [*range(100), 2**32 - 1]
    sets = Sets(network, (engine, NODES))

    assert _held(sets, headers) == _arrivals(network, ZooWalk(folder, "Line"), headers)
    assert sets.pairs == len({(e, o) for e, o, _ in _held(sets, headers)})


@pytest.mark.parametrize("engine", ENGINES)
def test_the_sets_of_openflow_are_those_of_the_walk(tmp_path: Path, engine: str) -> None:
    """Copies, drops and default routes are exact; nothing leaves by the port it came in by."""
    network, walk = openflow(_openflow(tmp_path)), OpenFlowWalk(tmp_path)
    headers = [*range(0x0A000000, 0x0A000000 + 300), 0x0B000000]
    sets = Sets(network, (engine, NODES))

    assert _held(sets, headers) == _arrivals(network, walk, headers)
    assert ("12", "12", 0x0A000003) not in _held(sets, headers)
    assert ("13", "12", 0x0A000003) in _held(sets, headers)


def test_the_sets_of_transfer_functions_are_those_of_the_walk(tmp_path: Path) -> None:
    """Every one of 65,536 headers, from every port: rules that write are exact, both ways."""
    network, walk = transfer(_transfer(tmp_path)), TransferWalk(tmp_path)
    found = _arrivals(network, walk, range(1 << WIDTH))
    headers: dict[tuple[str, str], set[int]] = {}
    for entry, out, now in found:
        headers.setdefault((entry, out), set()).add(now)

    assert network.entries == ("101", "102", "201", "202")
    assert {out for _, out in headers} == {"122", "222"}
    for engine in ENGINES:
        sets = Sets(network, (engine, NODES))
        assert set(sets.arriving) == {"122", "222"}
        assert sets.pairs == len(headers)
        for number, entry in enumerate(network.entries):
            for out in sets.arriving:
                union = _union(sets, headers.get((entry, out), set()))
                assert union & sets.entry(number) == sets.between(number, out), (entry, out)


def _union(sets: Sets, headers: set[int]) -> Set:
    out = sets.engine.false
    for header in headers:
        out = out | sets.header(header)
    return out


def test_a_walk_that_differs_is_told(tmp_path: Path) -> None:
    """Sets of tables that lack a rule do not agree with the walk of the files."""
    network, walk = zoo(_zoo(tmp_path), "Line"), ZooWalk(tmp_path, "Line")
    less = kept(network, lambda rule: rule.at != ("N1",) or rule.match[0] != 3)
    right, wrong = (Sets(n, ("oxidd", NODES)) for n in (network, less))

    assert disagreements(right, walk, Random(1), 100) == []
    assert "Line: N0, 3: ['N3:0']" in disagreements(wrong, walk, Random(1), 100)


@pytest.mark.parametrize("engine", ENGINES)
def test_halves_are_isolated_until_a_rule_is_put_back(tmp_path: Path, engine: str) -> None:
    """Without the rules between odd and even nodes nothing crosses; one of them is found."""
    found = halves(_zoo(tmp_path), "Line", (engine, NODES))

    assert found == Halves(
        "Line", 12, True, "N0: 1/32 to N0:1", "from N0 to 1, leaves by N1:0", True
    )
    assert found.is_right


def test_a_network_that_is_not_cut_is_not_isolated(tmp_path: Path) -> None:
    """With its rules, every node hears from the other half: that is what crossing means."""
    network = zoo(_zoo(tmp_path), "Line")
    across = is_across(network)
    whole = crossing(Sets(network, ("oxidd", NODES)))
    cut = crossing(Sets(kept(network, lambda rule: not across(rule)), ("oxidd", NODES)))

    assert [out for out, _ in whole] and {out for out, _ in whole} == {f"N{n}:0" for n in range(4)}
    assert cut == []


def test_a_rule_put_back_that_is_not_found_is_wrong() -> None:
    """The bench says no where isolation is not proved, and where a rule put back is not told."""
    leak = Halves("Leak", 2, False, "", "", False)
    silent = Halves("Silent", 2, True, "N0: 1/32 to N0:1", "", False)

    assert not leak.is_right and not silent.is_right
    assert list(told([leak, silent])) == [
        "halves: 1 of 2 networks, cut in two by the parity of their nodes, are proved isolated",
        "one rule put back: 0 of 1 told, with a packet that arrives",
        "  Leak: no rule: no packet",
        "  Silent: N0: 1/32 to N0:1: no packet",
    ]


def test_a_line_that_is_not_understood_is_refused(tmp_path: Path) -> None:
    """An action that is not modelled ends the reading, with its file."""
    _transfer(_zoo(tmp_path, more=["- fwd N0 1 32 1 32"]))
    (tmp_path / "stanford" / "a_rtr.tf").write_text(
        "x\n#\n" + _line("nat", "[1]", "None", ("None", "None"), "[2]") + "\n"
    )

    with pytest.raises(LabError, match=r"Line_routing\.apk: '- fwd N0 1 32 1 32' is not a rule"):
        zoo(tmp_path, "Line")
    with pytest.raises(LabError, match=r"a_rtr\.tf: 'nat' is not an action that is modelled"):
        transfer(tmp_path)
    (tmp_path / "stanford" / "a_rtr.tf").write_text("x\n#\nfwd$[1]$None\n")
    with pytest.raises(LabError, match=r"a_rtr\.tf: 'fwd\$\[1\]\$None' has not 8 fields"):
        transfer(tmp_path)


def test_packets_that_go_round_end(tmp_path: Path) -> None:
    """Two rules that send to one another are followed once."""
    rules = tuple(Rule((a,), (0, 0), (0, 0), (b,)) for a, b in (("a", "to b"), ("b", "to a")))
    ring = Network("ring", rules, {"to a": ("a",), "to b": ("b",)}, ("a", "b"), 2, False)

    assert Sets(ring, ("oxidd", NODES)).arriving == {}


def _main(folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    words = ["bench_outside", "--data", str(folder), "--runs", "1"]
    monkeypatch.setattr(sys, "argv", words)
    return outside.main()


def test_what_is_absent_is_left_out_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty folder is no failure, and nothing is claimed of it."""
    status = _main(tmp_path, monkeypatch)

    assert status == 0
    openflow_files = ", ".join(
        f"katch/stanford/{n}" for n in ("openflow.json", "topology.dot", "*.of")
    )
    transfer_files = ", ".join(
        f"stanford/{n}" for n in ("*_rtr.tf", "topology.tf", "port_map.json")
    )
    assert capsys.readouterr().out.splitlines() == [
        f"left out: the Topology Zoo: no katch/apk/NAME_{{routing,topo,hosts}}.apk in {tmp_path}",
        f"left out: {OPENFLOW}: no {openflow_files} in {tmp_path}",
        f"left out: {TRANSFER}: no {transfer_files} in {tmp_path}",
        "nothing is measured, and nothing claimed",
    ]


def test_the_bench_prints_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a folder with the Topology Zoo alone: its table, walks and halves."""
    folder = _zoo(_zoo(tmp_path), "Cogentco")
    monkeypatch.setattr(outside, "_FEWER", NODES)
    status = _main(folder, monkeypatch)
    out = capsys.readouterr().out

    assert status == 0
    assert "all 2 networks" in out and "APKeep's 2.67" in out
    assert "one destination" in out
    assert "packets walked rule by rule: 220; not as the sets say: 0" in out
    assert "halves: 2 of 2 networks" in out
    assert "one rule put back: 2 of 2 told, with a packet that arrives" in out


def test_all_three_formats_are_sampled_and_walked(tmp_path: Path) -> None:
    """The figures of a sample are those of the files, and walks of all three agree."""
    folder = _all_three(tmp_path)
    samples = {n: outside.sample(folder, n, "oxidd") for n in (ALL, OPENFLOW, TRANSFER)}

    assert {n: (s["nodes"], s["rules"], s["entries"]) for n, s in samples.items()} == {
        ALL: (4, 18, 4),
        OPENFLOW: (2, 5, 5),
        TRANSFER: (2, 8, 4),
    }
    assert walked(folder, "oxidd", 1) == (20 + 200 + 200, [])
