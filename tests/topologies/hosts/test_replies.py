"""What the services of a town say on the wire."""

from __future__ import annotations

import struct

import pytest

from scenarios.suites.services import proof, request
from sekisho.model import Label, PortRange, Protocol, Service
from sekisho.plan.keys import SERVICE_KINDS
from topologies.hosts.replies import ANSWERS, ENQUIRY, STREAM_ANSWERS

OPTIONS = (
    "OPTIONS sip:sbc SIP/2.0\r\nVia: SIP/2.0/TCP phone\r\nFrom: <sip:phone>;tag=1\r\n"
    "To: <sip:sbc>\r\nCall-ID: 7\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n\r\n"
)
QUERY = b"\x12\x34\x01\x00\x00\x01\0\0\0\0\0\0\x04hall\x00\x00\x01\x00\x01"
TOKEN = b"SKSH" + bytes(range(0xA0, 0xAC))


def answer(kind: str, request: bytes) -> bytes:
    """Return what a server called ``www`` answers."""
    return ANSWERS[kind](request, "www")


def test_every_kind_of_the_plan_language_has_an_answer() -> None:
    """A plan cannot name a service that nobody can give."""
    assert set(ANSWERS) == set(SERVICE_KINDS)


@pytest.mark.parametrize("kind", ["http", "https"])
def test_a_page_says_who_serves_it(kind: str) -> None:
    """So that an officer with a browser sees which server he has reached."""
    head, _, body = answer(kind, b"GET / HTTP/1.1\r\n\r\n").partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"<h1>www</h1>" in body


def test_a_print_job_is_taken() -> None:
    """The printer says how much paper work it has got."""
    assert answer("print", b"x" * 40) == b"www: 40 bytes queued\n"


@pytest.mark.parametrize("kind", ["sip", "sips"])
def test_sip_options_are_answered(kind: str) -> None:
    """200 OK with the caller's own Via, From, To, Call-ID and CSeq (RFC 3261, 8.2.6.2)."""
    lines = answer(kind, OPTIONS.encode()).decode().split("\r\n")

    assert lines[0] == "SIP/2.0 200 OK"
    assert lines[1:6] == OPTIONS.split("\r\n")[1:6]
    assert lines[-3:] == ["Content-Length: 0", "", ""]


def test_a_name_is_looked_up() -> None:
    """The same question comes back as a response without a record (RFC 1035, 4.1.1)."""
    reply = answer("dns", QUERY)
    number, flags, questions, answers = struct.unpack_from(">HHHH", reply)

    assert (number, flags >> 15, flags & 0xF) == (0x1234, 1, 0)
    assert (questions, answers, reply[12:]) == (1, 0, QUERY[12:])


def test_a_name_is_looked_up_over_tcp() -> None:
    """There the same message stands behind its length (RFC 1035, 4.2.2)."""
    reply = STREAM_ANSWERS["dns"](len(QUERY).to_bytes(2, "big") + QUERY, "www")

    assert int.from_bytes(reply[:2], "big") == len(reply) - 2
    assert reply[2:] == answer("dns", QUERY)


def test_the_time_is_told() -> None:
    """A server packet that carries back the client's own transmit time (RFC 5905, 8)."""
    request = b"\x23" + bytes(39) + b"CLIENT-T"
    reply = answer("ntp", request)

    assert (len(reply), reply[0] & 7, reply[24:32]) == (48, 4, b"CLIENT-T")


def test_an_access_request_is_rejected() -> None:
    """The reject names the request that it rejects (RFC 2865, 3)."""
    reply = answer("radius", b"\x01\x2a\x00\x14" + bytes(16))

    assert struct.unpack_from(">BBH", reply) == (3, 0x2A, len(reply))


@pytest.mark.parametrize("kind", ["smb", "smtp", "ssh", "ldap", "openflow"])
def test_the_rest_says_who_is_there(kind: str) -> None:
    """Protocols that the town only has to reach greet by name."""
    assert answer(kind, b"hello") == b"220 www ready\r\n"


@pytest.mark.parametrize("kind", sorted(SERVICE_KINDS))
@pytest.mark.parametrize("junk", [b"", b"\x00", TOKEN, TOKEN * 20, b"\xff" * 600])
def test_junk_breaks_no_server_and_is_never_echoed(kind: str, junk: bytes) -> None:
    """A probe's token that came back would look like a leak of the controller."""
    assert TOKEN not in answer(kind, junk)


@pytest.mark.parametrize("kind", ["sip", "dns", "ntp", "radius", "dhcp", "syslog", "media"])
def test_what_is_no_request_meets_silence(kind: str) -> None:
    """A datagram service never answers a probe."""
    assert answer(kind, TOKEN) == b""


@pytest.mark.parametrize("kind", ["dhcp", "syslog", "snmp", "ike", "media", "echo"])
def test_what_only_listens_says_so_when_it_is_asked(kind: str) -> None:
    """So that its way back is used by a real packet; nothing but the enquiry itself is answered."""
    assert answer(kind, ENQUIRY) == b"www listens\n"
    assert answer(kind, ENQUIRY + TOKEN) == b""


@pytest.mark.parametrize("kind", sorted(SERVICE_KINDS))
def test_every_kind_proves_that_a_full_answer_came(kind: str) -> None:
    """No service is left out of the conversations because it has nothing to say."""
    service = Service("any", Label("", ""), Protocol.UDP, (PortRange(9, 9),), kind, "")

    assert proof(service, "www") in answer(kind, request(service, "www"))
