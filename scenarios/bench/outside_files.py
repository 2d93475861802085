"""Files of networks that others measured, read as rules: three formats, and nothing guessed.

::

    FOLDER/katch/apk/NAME_{routing,topo,hosts}.apk    the Topology Zoo, as APKeep and KATch have it
    FOLDER/katch/stanford/{openflow.json,topology.dot}    the Stanford backbone as OpenFlow
    FOLDER/stanford/{*_rtr.tf,topology.tf,port_map.json}  the same as Header Space Analysis has it
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from scenarios.bench.outside_sets import Network, Rule
from sekisho.errors import LabError

IPV4_BITS = 32
_LINK = re.compile(r"(\w+) -> (\w+) \[sport=(\d+),dport=(\d+)\]")
_HEAD_LINES = 2  # of a .tf file: its size, and an empty list
_FIELDS = 8  # of a line of a .tf file, at least: up to the out-ports


def zoo_names(folder: Path) -> list[str]:
    """Return the names of the Topology Zoo's networks that all three files are there of."""
    apk = folder / "katch" / "apk"
    kinds = ("routing", "topo", "hosts")
    names = (path.name.removesuffix("_routing.apk") for path in apk.glob("*_routing.apk"))
    return sorted(n for n in names if all((apk / f"{n}_{kind}.apk").is_file() for kind in kinds))


def zoo(folder: Path, name: str) -> Network:
    """Read one network of the Topology Zoo; its in-ports are its nodes, for no rule reads a port.

    Raises:
        LabError: A line is not understood.
    """
    apk = folder / "katch" / "apk"
    rules: list[tuple[int, Rule]] = []
    for words in _words(apk / f"{name}_routing.apk", 7):
        node, prefix, length, port, priority = words[2], *map(int, words[3:])
        if words[:2] != ["+", "fwd"]:
            raise LabError(f"{name}_routing.apk: {' '.join(words)!r} is not a rule to forward")
        mask = _prefix(IPV4_BITS - length)
        rules.append((-priority, Rule((node,), (prefix & mask, mask), (0, 0), (f"{node}:{port}",))))
    leads: dict[str, tuple[str, ...]] = {}
    for a, a_port, b, b_port in _words(apk / f"{name}_topo.apk", 4):
        leads[f"{a}:{a_port}"] = (b,)
        leads[f"{b}:{b_port}"] = (a,)
    entries = tuple(node for node, _ in _words(apk / f"{name}_hosts.apk", 2))
    rules.sort(key=lambda pair: pair[0])
    nodes = len({rule.at for _, rule in rules})
    return Network(name, tuple(rule for _, rule in rules), leads, entries, nodes, False)


def is_across(network: Network) -> Callable[[Rule], bool]:
    """Return what tells a rule that leads from a node to one of the other parity."""

    def across(rule: Rule) -> bool:
        nodes = [node for out in rule.out for node in network.leads.get(out, ())]
        return any(parity(node) != parity(rule.at[0]) for node in nodes)

    return across


def parity(name: str) -> int:
    """Return whether the number of a node, or of the node of an out-port, is odd.

    >>> parity("N15"), parity("N4:0")
    (1, 0)
    """
    return int(name.partition(":")[0].removeprefix("N")) % 2


def openflow(folder: Path) -> Network:
    """Read the Stanford backbone as OpenFlow; a packet never leaves by the port it came in by."""
    place = folder / "katch" / "stanford"
    rules = []
    routers = json.loads((place / "openflow.json").read_text("utf-8"))
    for router in sorted(routers):
        for rule in routers[router]["rules"]:
            if rule["ip_dst_new"] is not None:
                raise LabError(f"openflow.json: {router}: a rule writes an address; not modelled")
            mask = _prefix(rule["ip_dst_wc"])
            at, out = (tuple(map(str, rule[name])) for name in ("in_ports", "out_ports"))
            rules.append(Rule(at, (rule["ip_dst_match"] & mask, mask), (0, 0), out))
    leads: dict[str, tuple[str, ...]] = {}
    for _, _, sport, dport in _LINK.findall((place / "topology.dot").read_text("utf-8")):
        leads[sport] = (*leads.get(sport, ()), dport)
    entries = sorted({port for rule in rules for port in rule.at}, key=int)
    return Network("Stanford, OpenFlow", tuple(rules), leads, tuple(entries), len(routers), True)


def transfer(folder: Path) -> Network:
    """Read the Stanford backbone as transfer functions; its entries are what is read first.

    What a router hands on inside itself (`te2/1` to its own tables) is no entry: a port is one
    when its map has it and some rule reads it.
    """
    place = folder / "stanford"
    files = sorted(place.glob("*_rtr.tf"))
    rules = [rule for path in files for rule in _transfer_rules(path)]
    read = {port for rule in rules for port in rule.at}
    leads: dict[str, tuple[str, ...]] = {
        port: (port,) for rule in rules for port in rule.out if port in read
    }
    for link in _transfer_rules(place / "topology.tf"):
        for port in link.at:
            leads[port] = (*leads.get(port, ()), *link.out)
    ports = json.loads((place / "port_map.json").read_text("utf-8"))
    entries = sorted({n for names in ports.values() for n in names.values() if str(n) in read})
    name = "Stanford, transfer functions"
    return Network(name, tuple(rules), leads, tuple(map(str, entries)), len(files), False)


def _transfer_rules(path: Path) -> Iterator[Rule]:
    for line in path.read_text("utf-8").splitlines()[_HEAD_LINES:]:
        fields = line.split("$")
        if len(fields) < _FIELDS:
            raise LabError(f"{path.name}: {line[:40]!r} has not {_FIELDS} fields")
        kind, at, match, kept, written, _, _, out = fields[:_FIELDS]
        if kind not in ("fwd", "rw", "link"):
            raise LabError(f"{path.name}: {kind!r} is not an action that is modelled")
        write = (0, 0)
        if kind == "rw":
            width = len(kept.replace(",", ""))
            write = (_bits(written)[0], ~_bits(kept)[0] & ((1 << width) - 1))
        yield Rule(_ports(at), _bits(match), write, _ports(out))


def _bits(text: str) -> tuple[int, int]:
    """Return value and mask of a string of ``0``, ``1`` and ``x``.

    >>> _bits("x0,1x")
    (2, 6)
    """
    digits = text.replace(",", "")
    if digits == "None":
        return 0, 0
    value = int(digits.replace("x", "0"), 2)
    return value, int(re.sub("[01]", "1", digits).replace("x", "0"), 2)


def _ports(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\d+", text))


def _prefix(free: int) -> int:
    """Return the mask of an address whose lowest *free* bits do not matter."""
    return (1 << IPV4_BITS) - (1 << free)


def _words(path: Path, count: int) -> Iterator[list[str]]:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        words = line.split()
        if words and len(words) != count:
            raise LabError(f"{path.name}:{number}: {line!r} has not {count} words")
        if words:
            yield words
