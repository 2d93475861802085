"""I4: the IPv4 header and its addresses."""

from __future__ import annotations

from collections.abc import Iterator

from scenarios.catalogue.parts import udp
from scenarios.catalogue.registry import Sendable, entry
from scenarios.catalogue.roles import Roles


@entry("I4-01", "the plain forbidden datagram", "policy")
def plain(r: Roles) -> Iterator[Sendable]:
    """Through the router, as a true terminal would send it."""
    yield udp(r.w, r.g, r.r)
