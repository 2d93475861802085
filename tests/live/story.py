"""A story that is played on a real town inside the namespaces, and told as one JSON object."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from sekisho.errors import NamespaceError
from sekisho.runtime.namespaces import launched

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / "topologies" / "tiny.yaml"


def told(module: str, folder: Path, *environment: str, limit_s: float, plan: Path = TINY) -> Any:
    """Run ``python -m module PLAN folder`` in namespaces of its own; return what it prints.

    Args:
        module: Plays the story.
        folder: Its run folder.
        environment: ``NAME=value`` each.
        limit_s: How long it may take.
        plan: The town; the tiny one where none is said.
    """
    words = ["env", f"PYTHONPATH={ROOT}", *environment, sys.executable, "-m", module]
    try:
        with (
            (folder / "err").open("wb") as log,
            launched([*words, str(plan), str(folder)], folder=folder, log=log) as process,
        ):
            said, _ = process.communicate(timeout=limit_s)
    except NamespaceError as error:
        pytest.skip(str(error))
    assert said, (folder / "err").read_text(errors="replace")[-3000:]
    return json.loads(said)
