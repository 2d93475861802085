"""A guard that leaves rules of a change out: ``python -m tests.live.forgetful ARGUMENTS``."""

from __future__ import annotations

from controller import moving
from controller.__main__ import main as serve
from controller.reconcile import Step

_right = moving.step_bytes


def _less(step: Step) -> list[bytes]:
    """Say everything but the last rule that a step adds."""
    return _right(step)[:-1] if step.add else _right(step)


if __name__ == "__main__":
    moving.step_bytes = _less
    serve()
