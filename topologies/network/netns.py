"""Visiting a host's network namespace: sockets made there stay there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sekisho.errors import LabError
from topologies.network import kernel


@contextmanager
def in_netns(pid: int) -> Iterator[None]:
    """Run the block in the network namespace of *pid*, for the calling thread alone.

    Raises:
        LabError: The namespace cannot be entered.
    """
    with (
        Path("/proc/thread-self/ns/net").open("rb") as home,
        Path(f"/proc/{pid}/ns/net").open("rb") as there,
    ):
        _enter(there.fileno())
        try:
            yield
        finally:
            _enter(home.fileno())


def _enter(descriptor: int) -> None:
    try:
        kernel.setns(descriptor, kernel.NETWORK)
    except OSError as error:
        raise LabError(f"setns failed: {error.strerror}") from error
