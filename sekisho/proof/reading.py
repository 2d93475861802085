"""What ``ovs-ofctl dump-flows`` prints, as rules that can be proved about.

Read with Open vSwitch's own parser, then said again in the words of `sekisho.openflow.rule_text`:
unless that is what the switch printed, the rule was not understood and is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from sekisho.errors import LabError, RefusedError, RuleError, UsageError
from sekisho.evidence import seal
from sekisho.evidence.schema import refuse_newer
from sekisho.model import Plan
from sekisho.openflow.flow_dump import FlowLine, flows
from sekisho.openflow.rule_text import held, wanted
from sekisho.openflow.rules import (
    CONTROLLER,
    FLOOD,
    IN_PORT,
    LOCAL,
    NORMAL,
    VLAN_PRESENT,
    WIDTHS,
    Action,
    DecTtl,
    Move,
    Output,
    PopVlan,
    PushVlan,
    Rule,
    SetField,
    Track,
    match,
)
from sekisho.packet.packet import ETH_ARP, ETH_IPV4, ETH_IPV6
from sekisho.proof.spelling import plain

_TYPES = {
    "ip": {"eth_type": ETH_IPV4},
    "arp": {"eth_type": ETH_ARP},
    "ipv6": {"eth_type": ETH_IPV6},
    "tcp": {"eth_type": ETH_IPV4, "ip_proto": 6},
    "udp": {"eth_type": ETH_IPV4, "ip_proto": 17},
    "icmp": {"eth_type": ETH_IPV4, "ip_proto": 1},
}
_NAMES = {
    "dl_src": "eth_src",
    "dl_dst": "eth_dst",
    "icmp_type": "icmpv4_type",
    "dl_type": "eth_type",
    "nw_src": "ipv4_src",
    "nw_dst": "ipv4_dst",
    "nw_proto": "ip_proto",
    "vlan_tci": "vlan_vid",
}
#: Open vSwitch's names of what is moved (ovs-fields(7)).
_MOVED = {
    "NXM_OF_ETH_SRC": "eth_src",
    "NXM_OF_ETH_DST": "eth_dst",
    "NXM_NX_ARP_SHA": "arp_sha",
    "NXM_NX_ARP_THA": "arp_tha",
    "NXM_OF_ARP_SPA": "arp_spa",
    "NXM_OF_ARP_TPA": "arp_tpa",
    "NXM_NX_REG0": "reg0",
    "OXM_OF_METADATA": "metadata",
    "OXM_OF_VLAN_VID": "vlan_vid",
}
_PORTS = {
    "IN_PORT": IN_PORT,
    "LOCAL": LOCAL,
    "NORMAL": NORMAL,
    "FLOOD": FLOOD,
    "CONTROLLER": CONTROLLER,
}
_FLAGS = ("fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr", "ns")
_STATES = ("new", "est", "rel", "rpl", "inv", "trk", "snat", "dnat")
_HEADING = "OFPST_FLOW reply"

Fields = dict[str, int | tuple[int, int]]
#: Rules by table, cookie, and what the switch printed of them: the same words are the same rule.
Known = dict[tuple[int, int, str], Rule]


def read_run(folder: Path, plan: Plan) -> dict[str, tuple[Rule, ...]]:
    """Return the tables of every switch of *plan* from a run folder, or a folder of dumps.

    Raises:
        UsageError: The folder is of another plan, or has not exactly the plan's switches.
        SealError: It is a run's, and was changed since the run was sealed.
        RefusedError: A dump has something that is not understood.
    """
    manifest = folder / "manifest.json"
    inner = folder / "flows" if (folder / "flows").is_dir() else folder
    try:
        if manifest.exists():
            said = json.loads(manifest.read_text("utf-8"))
            refuse_newer(said, manifest)
            _refuse_other_plan(said, plan, folder)
            if said.get("files") is not None:
                seal.check_manifest(folder, "")
                seal.check(folder, said["files"])
        texts = {path.stem: path.read_text("utf-8") for path in sorted(inner.glob("*.txt"))}
    except (OSError, ValueError) as error:
        raise UsageError(f"{folder}: cannot be read: {error}") from error
    if texts.keys() != plan.switch.keys():
        odd = sorted(texts.keys() ^ plan.switch.keys())
        raise UsageError(
            f"{inner}: these are not the switches of {plan.path}: {' '.join(odd)}\n"
            "  hint: one file a switch, NAME.txt, as `ovs-ofctl -O OpenFlow13 dump-flows` prints it"
        )
    return read_dumps(texts)


def moment_of(folder: Path) -> datetime | None:
    """Return the moment that a run was judged at; None where that is not said."""
    manifest = folder / "manifest.json"
    if not manifest.exists():
        return None
    try:
        said = json.loads(manifest.read_text("utf-8")).get("plan", {}).get("moment")
        return datetime.fromisoformat(said) if said else None
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise UsageError(f"{manifest}: cannot be read: {error}") from error


def read_dumps(texts: Mapping[str, str], known: Known | None = None) -> dict[str, tuple[Rule, ...]]:
    """Return the rules of each switch, by what it dumped.

    Args:
        texts: By switch.
        known: What was read before, by its words; what is read now is added.

    Raises:
        RefusedError: A dump has something that is not understood.
    """
    known = {} if known is None else known
    return {switch: tuple(_rules(switch, text, known)) for switch, text in texts.items()}


def _refuse_other_plan(manifest: dict[str, Any], plan: Plan, folder: Path) -> None:
    hashes = manifest.get("hashes")
    if not isinstance(hashes, dict) or "plan" not in hashes:
        raise UsageError(f"{folder / 'manifest.json'}: does not say which plan it is of")
    said = str(hashes["plan"])
    if said.removeprefix("sha256:") != plan.sha256:
        raise UsageError(
            f"{folder}: it was made from another plan, or another version of {plan.path}\n"
            "  hint: prove it against the plan that it was made from"
        )


def _rules(switch: str, text: str, known: Known) -> list[Rule]:
    heading = text.partition("\n")[0]
    if not heading.startswith(_HEADING) or "actions=" in heading:
        raise RefusedError(
            f"{switch}: this is no dump of flows: it does not begin with {_HEADING!r}"
        )
    out = []
    try:
        lines = flows(text)
    except RuleError as error:
        raise RefusedError(f"{switch}: {error}") from error
    for line in lines:
        key = line.table, line.cookie, f"{line.options} {line.text}"
        if key not in known:
            known[key] = _understood(switch, line)
        out.append(known[key])
    return out


def _understood(switch: str, line: FlowLine) -> Rule:
    """Return the rule of one line, which must say the same again.

    Raises:
        RefusedError: It does not.
    """
    here = f"{switch}: table {line.table}, cookie {line.cookie:#x}: {line.text}"
    if line.options:
        raise RefusedError(
            f"{here}: {line.options}\n  hint: a rule that ends by itself is not proved about"
        )
    line = plain(line)
    try:
        rule = _rule(line)
        said = wanted(rule)
    except (RuleError, LookupError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        raise RefusedError(f"{here}\n  hint: this rule is not understood ({error})") from error
    if said != held(line):
        raise RefusedError(f"{here}\n  hint: this rule is not understood (read as {said})")
    return rule


def _rule(line: FlowLine) -> Rule:
    flow = _parser()(line.text)
    fields: Fields = {}
    for name, value in flow.match.items():
        if name != "priority":
            fields |= _match(name, value, flow.match)
    actions: list[Action] = []
    metadata, goto = None, None
    for said in flow.actions:
        ((name, value),) = said.items()
        if name == "goto_table":
            goto = int(value)
        elif name == "write_metadata":
            metadata = value.value, value.mask
        elif name != "drop":
            actions.append(_action(name, value))
    return Rule(
        line.table, line.priority, match(**fields), line.cookie, tuple(actions), metadata, goto
    )


@cache
def _parser() -> Any:
    """Return Open vSwitch's own parser of flows.

    Raises:
        LabError: It is not installed.
    """
    try:
        return import_module("ovs.flow.ofp").OFPFlow
    except ImportError as error:
        raise LabError(
            f"Open vSwitch's parser is not installed: {error}\n  hint: make setup"
        ) from error


def _match(name: str, value: Any, others: Mapping[str, Any]) -> Fields:
    if name in _TYPES:
        return dict(_TYPES[name])
    if name == "dl_vlan":
        return {"vlan_vid": VLAN_PRESENT | int(value)}
    if name == "vlan_tci":
        return {"vlan_vid": (value.value & 0x1FFF, value.mask & 0x1FFF)}
    if name in ("tp_src", "tp_dst"):
        kind = "tcp" if "tcp" in others else "udp"
        return {f"{kind}_{name[3:]}": (value.value, value.mask)}
    if name == "nw_frag":
        return {"ip_frag": {"yes": (1, 1)}[value]}
    if name in ("ct_state", "tcp_flags"):
        names = _STATES if name == "ct_state" else _FLAGS
        return {"ct_state" if name == "ct_state" else "tcp_flags_nxm": _bits(value, names)}
    field = _NAMES.get(name, name)
    return {field: _number(value, WIDTHS[field])}


def _bits(text: str, names: tuple[str, ...]) -> tuple[int, int]:
    """Read ``+new-est``: bits that must be set, and bits that must not."""
    value = mask = 0
    for sign, name in zip(*_signed(text), strict=True):
        bit = 1 << names.index(name)
        mask |= bit
        value |= bit if sign == "+" else 0
    return value, mask


def _signed(text: str) -> tuple[list[str], list[str]]:
    signs = [each for each in text if each in "+-"]
    return signs, text.replace("-", "+").split("+")[1:]


def _number(value: Any, width: int) -> tuple[int, int]:
    """Return value and mask of what the parser made of a field."""
    full = (1 << width) - 1
    if isinstance(value, int):
        return int(value), full
    if hasattr(value, "eth"):
        return int(value.eth), full if value.mask is None else int(value.mask)
    if hasattr(value, "ip"):
        return int(value.ip) & int(value.mask), int(value.mask)
    mask = value.mask
    return int(value.value), full if value.fully() else int(mask)


def _action(name: str, value: Any) -> Action:
    match name:
        case "output":
            port = value["port"]
            return Output(_PORTS[port] if isinstance(port, str) else int(port))
        case "controller" | "CONTROLLER":
            return Output(CONTROLLER)
        case "pop_vlan":
            return PopVlan()
        case "push_vlan" if value == 0x8100:
            return PushVlan()
        case "dec_ttl":
            return DecTtl()
        case "set_field":
            return _set(value)
        case "move":
            return _move(value["src"], value["dst"])
        case "ct":
            return _track(value)
    raise RuleError(f"the action {name} is not modelled")


def _set(value: Any) -> SetField:
    ((field, new),) = value["value"].items()
    number, mask = _number(new, WIDTHS[field])
    if mask != (1 << WIDTHS[field]) - 1:
        raise RuleError(f"a part of {field} is written")
    return SetField(field, number)


def _move(source: Any, target: Any) -> Move:
    name, to = _MOVED[source["field"]], _MOVED[target["field"]]
    first = int(source.get("start", 0))
    width = 12 if "vlan_vid" in (name, to) else min(WIDTHS[name], WIDTHS[to])
    bits = int(source["end"]) - first + 1 if "end" in source else width
    if int(target.get("start", 0)):
        raise RuleError(f"moves into the middle of {to}")
    return Move(name, to, bits, first)


def _track(value: Any) -> Track:
    marks = [_set(each["set_field"]) for each in value.get("exec", [])]
    known = {"commit", "table", "zone", "exec"}
    if set(value) - known or any(each.field != "ct_mark" for each in marks) or len(marks) > 1:
        raise RuleError("this use of connection tracking is not modelled")
    mark = marks[0].value if marks else 0
    return Track(int(value.get("zone", 0)), value.get("table", -1), bool(value.get("commit")), mark)
