"""``python -m sekisho.web RUN --port N --token-file FILE``: serve the page of a running town.

For programs that have booted a town themselves; people use ``sekisho demo``.
"""

from __future__ import annotations

import argparse
import socket
import sys
from pathlib import Path

import uvicorn

from sekisho.errors import LabError, SekishoError
from sekisho.resegment.protocol import StateRequest
from sekisho.runtime.json_lines import SOCKET, JsonLineConnection
from sekisho.text.printable import PrintableFormatter, printable
from sekisho.web.app import TownClient, application
from sekisho.web.door import HOME, opened
from sekisho.web.guarding import Guarding
from sekisho.web.patience import PatientProtocol

_LOG = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"()": PrintableFormatter, "format": "%(levelname)s: %(message)s"}},
    "handlers": {"errors": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "loggers": {"uvicorn": {"handlers": ["errors"], "level": "WARNING", "propagate": False}},
}


def serve(folder: Path, door: socket.socket, token: str) -> None:
    """Serve the town of the run *folder* at *door* until SIGINT or SIGTERM.

    Raises:
        LabError: No town answers there.
    """
    try:
        with JsonLineConnection.to(folder / SOCKET) as conn:
            plan = Path(conn.ask(StateRequest().to_wire())["plan"])
    except OSError as error:
        raise LabError(f"{folder}: the town's control server does not answer ({error})") from error
    name = f"{HOME}:{door.getsockname()[1]}"
    hosts = frozenset({name, name.replace(HOME, "localhost")})
    app = application(TownClient(folder, plan), hosts=hosts, token=token)
    uvicorn.Server(configured(app)).run(sockets=[door])


def configured(app: Guarding) -> uvicorn.Config:
    """Return how *app* is served: with little patience, and a log that commands no terminal."""
    return uvicorn.Config(
        app,
        http=PatientProtocol,
        log_config=_LOG,
        log_level="warning",
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=1,
        ws="none",
    )


def main() -> int:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m sekisho.web", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token-file", type=Path, required=True)
    args = parser.parse_args()
    token = args.token_file.read_text().strip()
    with opened(args.port) as door:
        try:
            serve(args.folder, door, token)
        except SekishoError as error:
            print(printable(str(error)), file=sys.stderr)  # noqa: T201  # the log of a process
            return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
