"""A bridge of its own beside a town, with two cables and no controller: what a plain rule does."""

from __future__ import annotations

import socket
import struct
import time

from topologies.ovs.datapath import Datapath
from topologies.town import Town

BRIDGE = "bench"
TOKEN = b"sekisho-fact"
QUIET_S = 0.15
_SOL_PACKET, _PACKET_AUXDATA, _VLAN_VALID = 263, 8, 1 << 4  # linux/if_packet.h


def ip_frame(
    src: str, dst: str, *, dport: int = 443, sport: int = 30000, more: bool = False
) -> bytes:
    """Return an IPv4 packet with a TCP SYN and the token; *more*: a first fragment."""
    ends = socket.inet_aton(src) + socket.inet_aton(dst)
    tcp = struct.pack("!HHIIBBHHH", sport, dport, 1, 0, 0x50, 2, 8192, 0, 0) + TOKEN
    tcp = tcp[:16] + _checksum(ends + struct.pack("!HH", 6, len(tcp)) + tcp) + tcp[18:]
    flags = 0x2000 if more else 0
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 7, flags, 64, 6, 0) + ends
    return head[:10] + _checksum(head) + head[12:] + tcp


def _checksum(data: bytes) -> bytes:
    """RFC 1071; *data* has an even number of bytes."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF)


def mac(text: str) -> bytes:
    """Return the six bytes of an address."""
    return bytes.fromhex(text.replace(":", ""))


class Bench:
    """A bridge with two cables and no controller: what comes out of the second is read."""

    def __init__(self, town: Town) -> None:
        self.town, self.run = town, town.ovs.run
        for name in ("a", "b"):
            self.run("ip", "link", "add", f"{name}0", "type", "veth", "peer", "name", f"{name}1")
            for end in (f"{name}0", f"{name}1"):
                self.run("ip", "link", "set", end, "up")
        kind = "system" if town.ovs.datapath is Datapath.KERNEL else "netdev"
        self.run(
            "ovs-vsctl", "add-br", BRIDGE, "--", "set", "Bridge", BRIDGE, f"datapath_type={kind}",
            "fail_mode=secure", "protocols=OpenFlow10,OpenFlow13",
            "--", "add-port", BRIDGE, "a1", "--", "set", "Interface", "a1", "ofport_request=1",
            "--", "add-port", BRIDGE, "b1", "--", "set", "Interface", "b1", "ofport_request=2",
        )  # fmt: skip
        self.sender, self.capture = packet_socket("a0"), packet_socket("b0")
        time.sleep(QUIET_S)

    def rules(self, *rules: str) -> None:
        """Give the bridge exactly these rules."""
        self.run("ovs-ofctl", "del-flows", BRIDGE)
        for rule in rules:
            self.run("ovs-ofctl", "-O", "OpenFlow13", "add-flow", BRIDGE, rule)

    def out(self, kind: bytes, body: bytes) -> str:
        """Send a frame in; return the hexadecimal of what came out behind the addresses, or ''.

        Rules and settings may have changed a moment ago: nothing older than them is remembered.
        """
        self.town.ovs.cache.purge()
        drain(self.capture)
        self.sender.send(b"\x02\0\0\0\0\x0b\x02\0\0\0\0\x0a" + kind + body)
        return drain(self.capture, QUIET_S).hex()


def packet_socket(name: str) -> socket.socket:
    """Return a socket that sends and hears whole frames at an interface."""
    out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    out.bind((name, 0))
    out.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
    out.setblocking(False)
    return out


def drain(capture: socket.socket, wait_s: float = 0.0) -> bytes:
    """Return the last frame with the token behind its addresses, after waiting."""
    time.sleep(wait_s)
    last = b""
    while True:
        try:
            data, more, _, where = capture.recvmsg(4096, 64)
        except BlockingIOError:
            return last
        if TOKEN in data and where[2] != socket.PACKET_OUTGOING:
            last = b"".join(_tag(part) for _, _, part in more) + data[12:]


def _tag(auxdata: bytes) -> bytes:
    """Return the outer tag, which the kernel has taken out of the frame (packet(7))."""
    status, tci, tpid = struct.unpack_from("=I12xHH", auxdata)
    return struct.pack("!HH", tpid, tci) if status & _VLAN_VALID else b""
