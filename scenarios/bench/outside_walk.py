"""One packet through the files of others, rule by rule: written apart from the sets.

It reads the same files by itself and knows neither the sets nor their reading. Where the rules are
of prefixes it looks for the longest; the transfer functions are met in the order of their file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Protocol

_BITS = 32
#: Prefixes by length: what each is sent to.
_Prefixes = dict[int, dict[int, list[str]]]
#: What leaves: the out-port and the header that it leaves with.
Left = set[tuple[str, int]]


class Walk(Protocol):
    """One packet at a time."""

    def left(self, entry: str, header: int) -> Left:
        """Return where a packet that enters at *entry* leaves, and as what."""

    def drawn(self, entry: str, chance: Random) -> int:
        """Return a header for a packet at *entry* that some rule is about, the rest at random."""


class Prefixes:
    """A network whose rules are prefixes: the longest decides."""

    def __init__(self) -> None:
        self._tables: dict[str, _Prefixes] = {}
        self._table_of: dict[str, str] = {}
        self._lines: dict[str, list[str]] = {}
        self._known: list[tuple[int, int]] = []
        self._is_one_way = False

    def left(self, entry: str, header: int) -> Left:
        """Return where a packet that enters at *entry* leaves; its header stays what it is."""
        out: Left = set()
        been, todo = set(), [entry]
        while todo:
            at = todo.pop()
            if at in been:
                continue
            been.add(at)
            for port in self._longest(self._table_of.get(at, at), header):
                if self._is_one_way and port == at:
                    continue
                if port in self._lines:
                    todo += self._lines[port]
                else:
                    out.add((port, header))
        return out

    def drawn(self, _entry: str, chance: Random) -> int:
        """Return an address under some prefix, whoever looks for it."""
        prefix, length = chance.choice(self._known)
        return prefix << (_BITS - length) | chance.getrandbits(_BITS) >> length

    def _longest(self, table: str, header: int) -> list[str]:
        prefixes = self._tables.get(table, {})
        for length in range(_BITS, -1, -1):
            ports = prefixes.get(length, {}).get(header >> (_BITS - length))
            if ports is not None:
                return ports
        return []

    def _add(self, table: str, address: int, length: int, ports: list[str]) -> None:
        prefix = address >> (_BITS - length)
        self._tables.setdefault(table, {}).setdefault(length, {})[prefix] = ports
        self._known.append((prefix, length))


class ZooWalk(Prefixes):
    """A network of the Topology Zoo.

    Args:
        folder: Of the data.
        name: Of the network.
        back: Where rules between odd and even nodes are taken away: node, address and length of
            the one that is put back.
    """

    def __init__(self, folder: Path, name: str, back: tuple[str, int, int] | None = None) -> None:
        super().__init__()
        apk = folder / "katch" / "apk"
        for line in (apk / f"{name}_topo.apk").read_text("utf-8").splitlines():
            one, its, other, others = line.split()
            self._lines[f"{one}:{its}"] = [other]
            self._lines[f"{other}:{others}"] = [one]
        for line in (apk / f"{name}_routing.apk").read_text("utf-8").splitlines():
            _, _, node, address, length, port, _ = line.split()
            ends = self._lines.get(f"{node}:{port}", [])
            is_across = any((int(node[1:]) + int(end[1:])) % 2 for end in ends)
            if back is None or not is_across or back == (node, int(address), int(length)):
                self._add(node, int(address), int(length), [f"{node}:{port}"])


class OpenFlowWalk(Prefixes):
    """The Stanford backbone as OpenFlow, a file a router."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._is_one_way = True
        place = folder / "katch" / "stanford"
        for path in sorted(place.glob("*.of")):
            for rule in json.loads(path.read_text("utf-8"))["rules"]:
                self._table_of.update({str(port): path.stem for port in rule["in_ports"]})
                length = _BITS - rule["ip_dst_wc"]
                self._add(
                    path.stem, rule["ip_dst_match"], length, list(map(str, rule["out_ports"]))
                )
        for line in (place / "topology.dot").read_text("utf-8").splitlines():
            if "->" in line:
                sport, dport = line.partition("sport=")[2].rstrip("];").split(",dport=")
                self._lines.setdefault(sport, []).append(dport)


class TransferWalk:
    """The Stanford backbone as transfer functions: the first rule of a port that matches."""

    def __init__(self, folder: Path) -> None:
        self._rules: dict[str, list[list[str]]] = {}
        self._lines: dict[str, list[str]] = {}
        self._known: list[str] = []
        place = folder / "stanford"
        for path in sorted(place.glob("*_rtr.tf")):
            for at, *rule in _fields(path):
                for port in _list(at):
                    self._rules.setdefault(port, []).append(rule)
                self._known.append(rule[0])
        for at, *_, out in _fields(place / "topology.tf"):
            for port in _list(at):
                self._lines.setdefault(port, []).extend(_list(out))
        self._width = max(len(text) for text in self._known)

    def left(self, entry: str, header: int) -> Left:
        """Return where a packet that enters at *entry* leaves, and as what."""
        out: Left = set()
        been, todo = set(), [(entry, f"{header:0{self._width}b}")]
        while todo:
            at, bits = todo.pop()
            if (at, bits) in been:
                continue
            been.add((at, bits))
            for port, now in self._stepped(at, bits):
                if port in self._rules:
                    todo.append((port, now))
                if port in self._lines:
                    todo += [(end, now) for end in self._lines[port]]
                elif port not in self._rules:
                    out.add((port, int(now, 2)))
        return out

    def drawn(self, entry: str, chance: Random) -> int:
        """Return a header that some rule of *entry* matches, and as far as it can, another."""
        near = [rule[0] for rule in self._rules.get(entry, [])] or ["None"]
        texts = [chance.choice(near), chance.choice(self._known)]
        bits = ["x" * self._width if text == "None" else text for text in texts]
        digits = (a if a != "x" else b for a, b in zip(*bits, strict=True))
        return int("".join(chance.choice("01") if bit == "x" else bit for bit in digits), 2)

    def _stepped(self, at: str, bits: str) -> Iterator[tuple[str, str]]:
        for match, kept, written, out in self._rules.get(at, []):
            if match != "None" and any(m not in ("x", b) for m, b in zip(match, bits, strict=True)):
                continue
            now = bits
            if kept != "None":
                parts = zip(bits, kept, written, strict=True)
                now = "".join(b if k == "1" else w for b, k, w in parts)
            yield from ((port, now) for port in _list(out))
            return


def _fields(path: Path) -> Iterator[list[str]]:
    """Yield in-ports, match, what is kept, what is written and out-ports of every line."""
    for line in path.read_text("utf-8").splitlines()[2:]:
        part = line.split("$")
        yield [part[1], *(part[n].replace(",", "") for n in (2, 3, 4)), part[7]]


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.strip("[]").split(",") if part.strip()]
