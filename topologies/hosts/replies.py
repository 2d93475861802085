"""What the services say: the smallest true answer of each protocol.

Pure functions from a request's bytes to a reply's bytes; an empty reply is silence. Datagrams
that are not a valid request are never answered, so that a probe's token is not sent back.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable

#: (request, name of the host) -> reply
Answer = Callable[[bytes, str], bytes]

#: What a service that only listens is asked, to see that it does, and that its answer comes back.
ENQUIRY = b"sekisho: who listens?\n"

_NTP_EPOCH = 2_208_988_800  # seconds from 1900 to 1970, RFC 5905, 6


def http(_request: bytes, who: str) -> bytes:
    """Answer a request with a page that says who serves it (RFC 9112)."""
    body = f"<!doctype html><title>{who}</title><h1>{who}</h1>\n".encode()
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nServer: {who}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def print_job(request: bytes, who: str) -> bytes:
    """Take a print job and say how many bytes were taken."""
    return f"{who}: {len(request)} bytes queued\n".encode()


def sip(request: bytes, who: str) -> bytes:
    """Answer SIP OPTIONS with 200 OK (RFC 3261, 11); silence for anything else."""
    lines = request.decode("utf-8", "replace").split("\r\n")
    if not lines[0].startswith("OPTIONS ") or "SIP/2.0" not in lines[0]:
        return b""
    kept = [x for x in lines[1:] if x.split(":")[0] in {"Via", "From", "To", "Call-ID", "CSeq"}]
    head = ["SIP/2.0 200 OK", *kept, "Allow: INVITE, ACK, BYE, OPTIONS", f"Server: {who}"]
    return ("\r\n".join([*head, "Content-Length: 0"]) + "\r\n\r\n").encode()


def dns(request: bytes, _who: str) -> bytes:
    """Answer any one-question query with the same question and no record (RFC 1035, 4.1)."""
    if len(request) < 17 or request[2] & 0x80 or request[4:6] != b"\x00\x01":
        return b""
    return request[:2] + b"\x81\x80" + request[4:6] + b"\0\0\0\0\0\0" + request[12:]


def dns_stream(request: bytes, who: str) -> bytes:
    """Answer a query over TCP: the same message behind two bytes of length (RFC 1035, 4.2.2)."""
    reply = dns(request[2:], who)
    return len(reply).to_bytes(2, "big") + reply if reply else b""


def ntp(request: bytes, _who: str) -> bytes:
    """Answer a client's 48-byte packet with the time (RFC 5905, 7.3)."""
    if len(request) != 48 or request[0] & 7 != 3:
        return b""
    now = time.time() + _NTP_EPOCH
    stamp = struct.pack(">II", int(now), int(now % 1 * (1 << 32)))
    return (
        struct.pack(">BBbb", 0x24, 2, 6, -20)
        + b"\0" * 8
        + b"SEKI"
        + stamp
        + request[40:48]
        + stamp * 2
    )


def radius(request: bytes, _who: str) -> bytes:
    """Reject an Access-Request (code 1) with Access-Reject (code 3, RFC 2865, 4.3)."""
    if len(request) < 20 or request[0] != 1:
        return b""
    return bytes([3, request[1]]) + struct.pack(">H", 20) + request[4:20]


def greeting(_request: bytes, who: str) -> bytes:
    """Say who is here: for protocols that the town only has to reach."""
    return f"220 {who} ready\r\n".encode()


def listening(request: bytes, who: str) -> bytes:
    """Take whatever comes (logs, media, key exchange, address requests) and say nothing of it.

    Only the enquiry itself is answered, from the port that was asked: without it nothing would
    ever use the way back, and nobody would notice that it is gone.
    """
    return f"{who} listens\n".encode() if request == ENQUIRY else b""


ANSWERS: dict[str, Answer] = {
    "http": http,
    "https": http,
    "print": print_job,
    "sip": sip,
    "sips": sip,
    "dns": dns,
    "ntp": ntp,
    "syslog": listening,
    "radius": radius,
    "smb": greeting,
    "dhcp": listening,
    "smtp": greeting,
    "ssh": greeting,
    "snmp": listening,
    "ldap": greeting,
    "ike": listening,
    "media": listening,
    "openflow": greeting,
    "echo": listening,
}


def _opened_by(*openings: bytes, answer: Answer) -> Answer:
    """Return *answer*, but only to what begins as a client does: two servers would never end."""

    def guarded(request: bytes, who: str) -> bytes:
        return answer(request, who) if request.startswith(openings) else b""

    return guarded


#: Kinds that answer whatever comes over TCP, and a client alone over UDP.
DATAGRAM_ANSWERS: dict[str, Answer] = {
    **dict.fromkeys(("http", "https"), _opened_by(b"GET ", b"HEAD ", answer=http)),
    "print": _opened_by(b"\x1b%-12345X", answer=print_job),  # the language of printers, PJL
    **{
        kind: _opened_by(b"HELO ", answer=greeting)
        for kind, answer in ANSWERS.items()
        if answer is greeting
    },
}

#: Kinds that are framed in another way over TCP.
STREAM_ANSWERS: dict[str, Answer] = {"dns": dns_stream}
