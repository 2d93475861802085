"""What Open vSwitch was told besides flow rules: the settings that decide how a switch fails.

Read back from the running switches, not from what was meant: fail mode, in-band control, VLAN
limits and trunks, table limits, fragments. A town whose settings are not as planned, or not the
same at the end, was not tested.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from topologies.ovs import OpenVSwitch

#: Columns of the database that say how a switch works; the others count, or say how it is.
_COLUMNS = {
    "Open_vSwitch": ("other_config",),
    "Bridge": (
        "name",
        "fail_mode",
        "other_config",
        "protocols",
        "datapath_type",
        "flow_tables",
        "mirrors",
        "stp_enable",
        "rstp_enable",
        "mcast_snooping_enable",
        "controller",
    ),
    "Port": ("name", "tag", "trunks", "vlan_mode", "other_config", "qos"),
    "Controller": ("_uuid", "target", "connection_mode"),
    "Flow_Table": ("_uuid", "flow_limit", "overflow_policy"),
}
_NO_IN_BAND = '["disable-in-band", "true"]'
_EMPTY = (["set", []], ["map", []])
#: What a switch of the fabric must be told; a value of None means nothing.
_PLANNED = {
    "fail_mode": "secure",
    "flow_tables": None,
    "mirrors": None,
    "tag": None,
    "trunks": None,
    "vlan_mode": None,
}


def settings(ovs: OpenVSwitch, switches: Sequence[str]) -> dict[str, str]:
    """Return every setting of *switches*, its place and name to its value."""
    out: dict[str, str] = {}
    for table, columns in _COLUMNS.items():
        for row in _rows(ovs, table, columns):
            name = str(row.get("name", ""))
            if table == "Bridge" and name not in switches:
                continue
            if table == "Port" and name.rpartition("-eth")[0] not in switches:
                continue
            place = name or table
            for column in columns:
                key = f"{place} {_plain(row['_uuid']) if '_uuid' in row else ''}{column}"
                out[key] = json.dumps(row[column], sort_keys=True)
    for switch in switches:
        said = ovs.run("ovs-ofctl", "-O", "OpenFlow13", "get-frags", switch)
        out[f"{switch} fragments"] = said.strip()
    return out


def unplanned(found: dict[str, str]) -> Iterator[str]:
    """Yield every setting of *found* that is not what a town is built with."""
    for key, value in found.items():
        place, _, column = key.rpartition(" ")
        if column == "fragments":
            if value != "normal":
                yield f"fragments of {place} are {value}"
        elif column in _PLANNED:
            wanted, is_empty = _PLANNED[column], json.loads(value) in _EMPTY
            if (value != json.dumps(wanted)) if wanted else not is_empty:
                yield f"{column} of {place} is {'nothing' if is_empty else value}"
        elif column == "other_config" and place == "Open_vSwitch":
            if "vlan-limit" in value:
                yield f"a limit of VLAN tags is set: {value}"
        elif column == "other_config" and "-eth" not in place and _NO_IN_BAND not in value:
            yield f"{place} is controlled in-band"


def _rows(ovs: OpenVSwitch, table: str, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    names = ",".join(columns)
    said = ovs.run("ovs-vsctl", "--format=json", f"--columns={names}", "list", table)
    found = json.loads(said)
    for row in found["data"]:
        yield dict(zip(found["headings"], row, strict=True))


def _plain(uuid: list[str]) -> str:
    return f"{uuid[1]} "
