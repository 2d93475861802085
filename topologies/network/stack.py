"""What the kernel itself would do with the frames of the switches' cables, past every switch.

The cables of a town end in interfaces of the kernel, whose own stack sees every frame beside Open
vSwitch. It does nothing with them as long as it forwards nothing, has no route but that of its
loopback, no rule that chooses routes, no table of a packet filter, and no interface with an address
that frames are sent to. Whatever of that is otherwise is a statement that no plan makes.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

#: Runs one of iproute2's tools, and returns what it says.
Ask = Callable[..., list[dict[str, Any]]]

_NET = Path("/proc/sys/net")
#: Settings by which a kernel sends on what is not its own (Documentation/networking/ip-sysctl.rst,
#: mpls-sysctl.rst).
_FORWARDING = (
    "ipv4/conf/*/forwarding",
    "ipv4/conf/*/bc_forwarding",
    "ipv4/conf/*/mc_forwarding",
    "ipv6/conf/*/forwarding",
    "mpls/conf/*/input",
)
_DEFAULT_RULES = ((0, "local"), (32766, "main"), (32767, "default"))  # ip-rule(8)
_LOOPBACK = IPv4Network("127.0.0.0/8")
_NFNETLINK = 12  # linux/netlink.h, NETLINK_NETFILTER
_GET_TABLES = 10 << 8 | 1  # NFNL_SUBSYS_NFTABLES, NFT_MSG_GETTABLE; linux/netfilter/nf_tables.h
_NEW_TABLE = 10 << 8
_REQUEST_DUMP = 0x301  # linux/netlink.h: NLM_F_REQUEST | NLM_F_DUMP
_ERROR, _DONE = 2, 3
_HEADER = struct.Struct("=IHHII")  # nlmsghdr
_FAMILY = struct.Struct("=BBH")  # nfgenmsg
_ATTRIBUTE = struct.Struct("=HH")
_TABLE_NAME = 1  # NFTA_TABLE_NAME
_TIMEOUT_S = 20.0


def held(ask: Ask) -> Iterator[str]:
    """Yield a statement for everything by which the calling namespace's kernel could carry frames.

    Raises:
        LabError: It cannot be read.
    """
    for pattern in _FORWARDING:
        for path in sorted(_NET.glob(pattern)):
            if path.read_text().strip() != "0":
                yield f"the kernel sends on by itself ({path.relative_to(_NET)})"
    for family in ("-4", "-6"):
        for rule in ask("ip", "-json", family, "rule", "show"):
            if not _is_default(rule):
                yield f"the kernel has a rule for routes: {_words(rule)}"
    for route in ask("ip", "-json", "-4", "route", "show", "table", "all"):
        if not _is_loopbacks(route):
            yield f"the kernel has a route: {_words(route)}"
    for table in filters():
        yield f"the kernel has a table of a packet filter: {table}"


def taken(link: Mapping[str, Any], addresses: Iterable[str]) -> str:
    """Return the MAC address of *link* if it is one of *addresses*: it takes those frames; or ''.

    Args:
        link: An interface as ``ip -json`` says it.
        addresses: MAC addresses that frames of the town are sent to.
    """
    mac = str(link.get("address", ""))
    return mac if mac in addresses else ""


def filters() -> Iterator[str]:
    """Yield the name of every table of nftables in the calling thread's namespace (nft(8)).

    None where the kernel has no nftables.
    """
    try:
        conn = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NFNETLINK)
    except OSError:
        return
    with conn:
        conn.settimeout(_TIMEOUT_S)
        size = _HEADER.size + _FAMILY.size
        conn.send(_HEADER.pack(size, _GET_TABLES, _REQUEST_DUMP, 1, 0) + _FAMILY.pack(0, 0, 0))
        while True:
            data = conn.recv(1 << 16)
            while data:
                length, kind, *_ = _HEADER.unpack_from(data)
                if kind in (_DONE, _ERROR):
                    return
                if kind == _NEW_TABLE:
                    yield _name(data[size:length])
                data = data[(length + 3) & ~3 :]


def _name(data: bytes) -> str:
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if kind == _TABLE_NAME:
            return data[_ATTRIBUTE.size : length].rstrip(b"\0").decode(errors="replace")
        data = data[(length + 3) & ~3 :]
    return "without a name"


def _is_default(rule: Mapping[str, Any]) -> bool:
    is_plain = rule.keys() <= {"priority", "src", "table", "protocol"} and rule["src"] == "all"
    return is_plain and (rule["priority"], rule.get("table")) in _DEFAULT_RULES


def _is_loopbacks(route: Mapping[str, Any]) -> bool:
    if route.get("dev") != "lo" or route.get("dst") == "default":
        return False
    return IPv4Network(str(route["dst"])).subnet_of(_LOOPBACK)


def _words(said: Mapping[str, Any]) -> str:
    return " ".join(f"{key} {value}" for key, value in said.items() if value not in ([], {}, ""))
