"""Attachments and services as people name them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scenarios.run.question import shape_named
from sekisho.errors import UsageError
from sekisho.model import ECHO, PortRange, Protocol
from sekisho.plan import load
from sekisho.plan.ends import attachment_named, service_named

TINY = load(Path(__file__).parents[3] / "topologies" / "tiny.yaml")
_PING = replace(TINY.services[0], id="ping", protocol=Protocol.ICMP, ports=(PortRange(ECHO, ECHO),))
PLAN = replace(TINY, services=(*TINY.services, _PING))


@pytest.mark.parametrize(
    ("words", "found", "shape"),
    [
        ("tcp/443", (Protocol.TCP, 443), ("tcp", 443)),
        ("udp/53", (Protocol.UDP, 53), ("udp", 53)),
        ("https", (Protocol.TCP, 443), ("tcp", 443)),
        ("icmp", (Protocol.ICMP, 8), ("icmp-echo", 0)),
        ("icmp/8", (Protocol.ICMP, 8), ("icmp-echo", 0)),
        ("ping", (Protocol.ICMP, 8), ("icmp-echo", 0)),
    ],
)
def test_a_service_by_its_port_or_its_name(
    words: str, found: tuple[Protocol, int], shape: tuple[str, int]
) -> None:
    """Each names a protocol with a port, and the frame that asks for it."""
    assert service_named(PLAN, words) == found
    assert shape_named(PLAN, words) == shape


@pytest.mark.parametrize(
    "words",
    ["", "443", "tcp/", "tcp/0", "tcp/65536", "icmp/256", "sctp/1", "tcp/4_4", "tcp/４４３"],
)
def test_words_that_name_no_service(words: str) -> None:
    """They are refused, with what could be said."""
    with pytest.raises(UsageError, match=r"hint: like tcp/443, udp/53 or icmp .*https"):
        service_named(TINY, words)


def test_of_icmp_an_echo_alone_is_tried() -> None:
    """`explain` knows other messages; a running town is asked for an echo."""
    assert service_named(TINY, "icmp/13") == (Protocol.ICMP, 13)
    with pytest.raises(UsageError, match="icmp/13: of ICMP an echo alone"):
        shape_named(TINY, "icmp/13")


def test_an_end_that_is_not_there() -> None:
    """The nearest name is offered; a device with several attachments names them."""
    with pytest.raises(UsageError, match=r"nb\.wird: no attachment of .*\n.*'nb\.wired'"):
        attachment_named(TINY, "nb.wird")
    with pytest.raises(UsageError, match=r"several attachments\n.*nb\.wired, nb\.wireless"):
        attachment_named(TINY, "nb")
    assert attachment_named(TINY, "juki").id == "juki.lan"
