"""How the switches of a run reach their controller: our own, somebody else's, or none."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from sekisho.runtime.tcp_bridge import address, served_outside


@dataclass(frozen=True, slots=True)
class Bridge:
    """The word for a controller, and what must be open meanwhile."""

    guard: str
    open: AbstractContextManager[None]


def bridge(controller: str, folder: Path) -> Bridge:
    """Return the way to *controller*: empty for our own, ``none``, or ``HOST:PORT``.

    Raises:
        UsageError: It is none of these.
    """
    if not controller:
        return Bridge("own", nullcontext())
    if controller == "none":
        return Bridge("none", nullcontext())
    host, port = address(controller)
    path = (folder / "controller.sock").resolve()
    return Bridge(str(path), served_outside(path, host, port))
