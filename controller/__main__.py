"""``python -m controller PLAN --events FILE --listen ADDRESS:PORT``: run a town's controller."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from controller import framework as fw
from controller.settings import Settings, moment
from controller.switch_io import EXIT_FAILED
from sekisho.errors import SekishoError


def main() -> None:
    """Read the command line, load the application as ``ryu-manager`` would, and serve."""
    parser = argparse.ArgumentParser(prog="python -m controller", description=__doc__)
    parser.add_argument("plan", type=Path)
    parser.add_argument("--events", type=Path, required=True)
    parser.add_argument("--listen", default="127.0.0.1:6653")
    parser.add_argument("--changes", type=Path, help="journal of the ports that were moved")
    parser.add_argument(
        "--changes-socket", type=Path, help="socket file for requests to move a port"
    )
    parser.add_argument("--at", default="", help="judge rules with times at this moment, always")
    parser.add_argument("--no-repair", action="store_true", help="leave what others change")
    args = parser.parse_args()
    settings = Settings(
        args.plan,
        args.events,
        args.changes,
        args.changes_socket,
        moment(args.at),
        heals=not args.no_repair,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    address, _, port = args.listen.rpartition(":")
    fw.cfg.CONF(args=[], project="sekisho", version=fw.VERSION)
    fw.cfg.CONF.set_override("ofp_listen_host", address)
    fw.cfg.CONF.set_override("ofp_tcp_listen_port", int(port))
    try:
        fw.run("controller.app", settings=settings)
    except SekishoError:  # it has said why
        sys.exit(EXIT_FAILED)


if __name__ == "__main__":
    main()
