"""Everything that Open vSwitch was told through its database, as statements that can be compared.

Read with ``ovsdb-client``, the whole of it: every row of every table, every column that says how
something *works*. Columns that say how it *is* (counters, states) are named here, and no others
are left out; a column that holds its default says nothing. What a town is made with is written
down beside it (`planned`), so a mirror, a second controller, a foreign bridge or a tunnel is a
statement too many, whatever it is called.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sekisho.model import Plan
from topologies.network.topology import air_ports
from topologies.ovs.daemon import OPENFLOW_PORT, OTHER_CONFIG, OpenVSwitch

_NAME = "Open_vSwitch"
#: Columns that tell a state, by table (ovs-vswitchd.conf.db(5), "Status" groups).
STATES: dict[str, frozenset[str]] = {
    "Open_vSwitch": frozenset(
        {
            "cur_cfg",
            "next_cfg",
            "statistics",
            "ovs_version",
            "db_version",
            "system_type",
            "system_version",
            "dpdk_version",
            "dpdk_initialized",
            "datapath_types",
            "iface_types",
        }
    ),
    "Bridge": frozenset({"datapath_version", "status", "rstp_status"}),
    "Port": frozenset(
        {"statistics", "status", "rstp_status", "rstp_statistics", "bond_active_slave"}
    ),
    "Interface": frozenset(
        {
            "admin_state",  # with link_state: what OpenFlow's port says is compared
            "duplex",
            "ifindex",
            "link_resets",
            "link_speed",
            "link_state",
            "mac_in_use",
            "mtu",
            "ofport",  # what OpenFlow's port says is compared
            "statistics",
            "status",
            "bfd_status",
            "cfm_fault",
            "cfm_fault_status",
            "cfm_flap_count",
            "cfm_health",
            "cfm_remote_mpids",
            "cfm_remote_opstate",
            "lacp_current",
        }
    ),
    "Controller": frozenset({"is_connected", "status", "role"}),
}
_DEFAULTS: tuple[object, ...] = ([], {}, "", False, 0)
_RESTARTED = "pid"  # the mark that a restart of the switches leaves, topologies/ovs/daemon.py
_TARGETS = (f"tcp:127.0.0.1:{OPENFLOW_PORT}", "tcp:127.0.0.1")  # both are the same


def held(ovs: OpenVSwitch) -> set[str]:
    """Return a statement for every column of the database that is not at its default."""
    tables = dict(_tables(ovs))
    names = {
        uuid: str(row.get("name") or row.get("target") or f"a {table}")
        for table, rows in tables.items()
        for uuid, row in rows.items()
    }
    owner = _controlled(tables)
    out = set()
    for table, rows in tables.items():
        for uuid, row in rows.items():
            name = owner.get(uuid) or str(row.get("name") or "")
            out |= set(_row(table, name, row, names))
    return out


def planned(plan: Plan, datapath: str) -> set[str]:
    """Return the statements of a town that is as it was made.

    Args:
        plan: The town.
        datapath: Type of every bridge's datapath, ``netdev`` or ``system``.
    """
    bridges = [s.id for s in plan.switches] + [air.id for air in plan.airs]
    out = {
        f"{_NAME}: bridges={_set(bridges)}",
        f"{_NAME}: other_config={_said(OTHER_CONFIG)}",
    }
    for number, name in enumerate(bridges, 1):
        ports = [f"{name}-eth{port}" for port in _ports(plan, name)]
        out |= set(_bridge(name, number, ports, datapath))
    for switch in plan.switches:
        out |= {
            f"Bridge {switch.id}: controller={_set([_TARGETS[0]])}",
            f"Controller {switch.id}: target={_said(_TARGETS[0])}",
            f"Controller {switch.id}: max_backoff=1000",
        }
    return out


def _bridge(name: str, number: int, ports: list[str], datapath: str) -> Iterator[str]:
    dpid = f"{number:016x}"
    config = {"datapath-id": dpid, "disable-in-band": "true", "dp-desc": name}
    yield f"Bridge {name}: name={_said(name)}"
    yield f"Bridge {name}: datapath_id={_said(dpid)}"
    if datapath == "netdev":
        yield f"Bridge {name}: datapath_type={_said(datapath)}"
    yield f"Bridge {name}: fail_mode={_said('secure')}"
    yield f"Bridge {name}: protocols={_set(['OpenFlow13'])}"
    yield f"Bridge {name}: other_config={_said(config)}"
    yield f"Bridge {name}: ports={_set([name, *ports])}"
    for port in (name, *ports):
        yield f"Port {port}: name={_said(port)}"
        yield f"Port {port}: interfaces={_set([port])}"
        yield f"Interface {port}: name={_said(port)}"
        if port == name:
            yield f"Interface {port}: type={_said('internal')}"
        else:
            yield f"Interface {port}: ofport_request={port.rpartition('-eth')[2]}"


def _ports(plan: Plan, bridge: str) -> list[int]:
    """Ports of a switch or an air that something is plugged into."""
    if bridge not in plan.switch:
        return air_ports(plan, bridge)
    ends = [end for link in plan.links for end in (link.a, link.b)]
    ends += [a.at for a in plan.attachments]
    ends += [air.at for air in plan.airs]
    return sorted({end.port for end in ends if end.switch == bridge})


def _tables(ovs: OpenVSwitch) -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    """Yield every table with its rows by uuid; values as plain Python ones."""
    said = ovs.run("ovsdb-client", "--format=json", "dump", f"unix:{ovs.folder / 'db.sock'}", _NAME)
    for line in said.splitlines():
        if not line.strip():
            continue
        table = json.loads(line)
        name, heads = table["caption"].removesuffix(" table"), table["headings"]
        rows = [dict(zip(heads, map(_plain, row), strict=True)) for row in table["data"]]
        yield name, {row.pop("_uuid"): row for row in rows}


def _controlled(tables: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, str]:
    """Which bridge each row of ``Controller`` belongs to: it has no name of its own."""
    out: dict[str, str] = {}
    for row in tables.get("Bridge", {}).values():
        found = row["controller"]
        out |= dict.fromkeys([found] if isinstance(found, str) else found, str(row["name"]))
    return out


def _row(table: str, name: str, row: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    place = f"{table} {name}".strip()
    is_silent = True
    for column, value in row.items():
        if column in STATES.get(table, ()):
            continue
        known = _with_names(value, names)
        if table == _NAME and column == "external_ids":
            known = {k: v for k, v in known.items() if k != _RESTARTED}
        if known not in _DEFAULTS:
            is_silent = False
            yield f"{place}: {column}={_said(known)}"
    if is_silent and table != _NAME:
        yield f"{place}: is there"


def _with_names(value: Any, names: Mapping[str, str]) -> Any:
    """Put names in place of references; both ways to write the controller's target are one."""
    if isinstance(value, list):
        return sorted((_with_names(item, names) for item in value), key=str)
    if isinstance(value, str):
        said = names.get(value, value)
        return _TARGETS[0] if said in _TARGETS else said
    return value


def _plain(value: Any) -> Any:
    """Turn an OVSDB value (RFC 7047, 5.1) into a plain one; a set of one is that one element."""
    if isinstance(value, list) and len(value) == 2:
        kind, inner = value
        if kind == "uuid":
            return inner
        if kind == "set":
            return [_plain(item) for item in inner]
        if kind == "map":
            return {str(_plain(k)): _plain(v) for k, v in inner}
    return value


def _set(values: list[str]) -> str:
    """Say a set of names as OVSDB does: one element stands without brackets."""
    return _said(values[0] if len(values) == 1 else sorted(values))


def _said(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
