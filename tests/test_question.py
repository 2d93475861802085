"""What a question to a running town may name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scenarios.question import _attachment, service
from sekisho.errors import UsageError
from sekisho.model import Protocol
from sekisho.plan import load

TINY = load(Path(__file__).parents[1] / "topologies" / "tiny.yaml")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("tcp/443", ("tcp", 443)),
        ("udp/53", ("udp", 53)),
        ("https", ("tcp", 443)),
        ("icmp", ("icmp-echo", 0)),
        ("ping", ("icmp-echo", 0)),
    ],
)
def test_a_service_by_its_port_or_its_name(words: str, found: tuple[str, int]) -> None:
    """Each names the shape of a frame and its destination port."""
    ping = replace(TINY.services[0], id="ping", protocol=Protocol.ICMP, ports=())
    assert service(replace(TINY, services=(*TINY.services, ping)), words) == found


@pytest.mark.parametrize("words", ["", "443", "tcp/", "tcp/0", "tcp/65536", "sctp/1", "tcp/4_4"])
def test_words_that_name_no_service(words: str) -> None:
    """They are refused, with what could be said."""
    with pytest.raises(UsageError, match="hint: tcp/443, udp/53, icmp, or one of"):
        service(TINY, words)


def test_an_end_that_is_not_there() -> None:
    """The nearest name is offered; a device with several attachments names them."""
    with pytest.raises(UsageError, match=r"nb\.wird: the plan knows no such.*\n.*nb\.wired"):
        _attachment(TINY, "nb.wird")
    with pytest.raises(UsageError, match=r"several attachments\n.*nb\.wired or nb\.wireless"):
        _attachment(TINY, "nb")
    assert _attachment(TINY, "juki").id == "juki.lan"
