"""A guard that leaves a change's last rule out: ``python -m tests.live.forgetful ARGUMENTS``."""

from __future__ import annotations

from typing import Any

from controller import moving
from controller.__main__ import main as serve
from controller.reconcile import Step

_right = moving.Moving._do


def _do(self: moving.Moving, links: Any, steps: dict[str, tuple[Step, ...]]) -> None:
    """Send everything but the last rule that each switch should get."""
    less = {n: (*own[:-1], Step(own[-1].delete, own[-1].add[:-1])) for n, own in steps.items()}
    _right(self, links, less)


if __name__ == "__main__":
    moving.Moving._do = _do  # type: ignore[method-assign]
    serve()
