"""A controller that leaves a change's last rule out: ``python -m tests.live.forgetful ARGS``."""

from __future__ import annotations

from controller import transition
from controller.__main__ import main as serve
from controller.openflow import step_bytes
from controller.reconcile import Step
from sekisho.openflow.pipeline import Table

_right = step_bytes


def _less(step: Step) -> list[bytes]:
    """Say everything but the last rule that admits somebody."""
    is_last = bool(step.add) and step.add[-1].table == Table.ADMISSION
    return _right(step)[:-1] if is_last else _right(step)


if __name__ == "__main__":
    vars(transition)["step_bytes"] = _less
    serve()
