"""A rule ends while it is used: ``python -m tests.live.termed PLAN FOLDER``.

Runs inside the namespaces of one run, for `tests.live.test_terms`, on one booted town; prints what
happened as one JSON object.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sekisho.model import JST
from sekisho.plan import load
from sekisho.runtime.namespaces import WORK
from tests.live.guarded import Evening
from topologies.town import Town

_BOOTS_S = 25.0  # the rule ends at a full minute, this far ahead at least
_SETTLES_S = 5.0


def ending(plan: Path, folder: Path) -> tuple[Path, datetime]:
    """Write the plan with its first rule ending at a minute to come; return it, and when."""
    end = datetime.now(JST) + timedelta(seconds=_BOOTS_S)
    end = end.replace(second=0, microsecond=0) + timedelta(minutes=1)
    out = folder / "ending.yaml"
    line = f"  - id: A01\n    until: {end:%Y-%m-%d %H:%M}\n"
    out.write_text(plan.read_text("utf-8").replace("  - id: A01\n", line, 1), "utf-8")
    return out, end


def story(town: Town, end: datetime) -> dict[str, Any]:
    """Open pages before and after the end, and once more after the controller's own."""
    evening, out = Evening(town), dict[str, Any]()
    town.await_in_force()
    out["before"] = evening.page("nb.wired", "juki.lan")
    out["other before"] = evening.page("nb.wired", "www.lan")
    out["was in time"] = datetime.now(JST) < end
    wait = (end - datetime.now(JST)).total_seconds()
    time.sleep(max(0.0, wait) + _SETTLES_S)
    out["after"] = evening.page("nb.wired", "juki.lan")
    out["other after"] = evening.page("nb.wired", "www.lan")
    out["turned"] = [fact for fact in town.facts() if fact["event"] == "turned"]
    out["in force"] = town.in_force_now()
    town.end("controller", how=signal.SIGKILL)
    before = len(town.facts())
    town.start_guard()
    out["again"] = evening.stated("town-in-force", before)
    out["after its death"] = evening.page("nb.wired", "juki.lan")
    return out


def main() -> None:
    """Boot, wait for the end, and print what was seen."""
    folder = Path(sys.argv[2])
    path, end = ending(Path(sys.argv[1]), folder)
    with Town(load(path), folder=folder, work=WORK) as town:
        out = story(town, end)
    print(json.dumps(out))  # noqa: T201  # this is a program


if __name__ == "__main__":
    main()
