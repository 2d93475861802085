"""``python -m controller PLAN --events FILE --listen ADDRESS:PORT``: run a town's controller."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from controller import framework as fw


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
    os.environ["SEKISHO_PLAN"] = str(args.plan)
    os.environ["SEKISHO_EVENTS"] = str(args.events)
    os.environ["SEKISHO_HEALS"] = "no" if args.no_repair else "yes"
    os.environ["SEKISHO_AT"] = args.at
    for name, path in (
        ("SEKISHO_CHANGES", args.changes),
        ("SEKISHO_CHANGES_SOCKET", args.changes_socket),
    ):
        if path is not None:
            os.environ[name] = str(path)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    address, _, port = args.listen.rpartition(":")
    fw.cfg.CONF(args=[], project="sekisho", version=fw.VERSION)
    fw.cfg.CONF.set_override("ofp_listen_host", address)
    fw.cfg.CONF.set_override("ofp_tcp_listen_port", int(port))
    fw.app_manager.AppManager.run_apps(["controller.app"])


if __name__ == "__main__":
    main()
