"""``python -m tests.live.elsewhere PLAN FOLDER``: a control server whose socket lies in ``/tmp``.

Run inside the namespaces of a run; prints one JSON object.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from sekisho.plan import load
from sekisho.runtime import json_lines
from sekisho.runtime.namespaces import WORK
from topologies.control_server import ControlServer
from topologies.town import Town

_LIMIT_S = 20
_CALL = """
import os, socket, sys
client = socket.socket(socket.AF_UNIX)
if not os.path.exists(sys.argv[1]):
    sys.exit("not seen")
client.connect(sys.argv[1])
try:
    client.sendall(b'{"op": "nothing"}\\n')
    said = client.recv(4096).decode()
except OSError:
    said = ""
print(said or "seen, and not answered", end="")
"""


def _only_in_tmp(usual: Any) -> Any:
    def bind(door: socket.socket, path: Path) -> None:
        if path.parts[1] != "tmp" or "sekisho-" not in path.parts[2]:
            raise OSError("no sockets here")
        usual(door, path)

    return bind


def main() -> None:
    """Boot, open the control server, call there, and tell."""
    json_lines._bind = _only_in_tmp(json_lines._bind)
    with Town(load(Path(sys.argv[1])), folder=Path(sys.argv[2]), work=WORK) as town:
        town.await_in_force()
        with closing(ControlServer(town)) as stage:
            stage.open()
            at = str((town.folder / json_lines.SOCKET).readlink())
            call = [sys.executable, "-c", _CALL, at]
            host = town.hosting.run("nb", call, timeout_s=_LIMIT_S)
            run = subprocess.run(call, capture_output=True, text=True, timeout=_LIMIT_S, check=True)
    facts = {"at": at, "run": run.stdout.strip(), "host": host.stdout + host.stderr}
    print(json.dumps(facts))  # noqa: T201  # what is told


if __name__ == "__main__":
    main()
