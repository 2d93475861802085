"""Options of the commands about VMs."""

from __future__ import annotations

import argparse
from pathlib import Path

from sekisho.commands.numbers import seconds, whole
from sekisho.commands.runs import RUNS


def add_machine(to: argparse.ArgumentParser) -> None:
    """Add what says how large a VM is, and how long it may take."""
    add_out(to)
    to.add_argument("--quiet", action="store_true", help="say nothing but what is wrong")
    for option, kind, default, name, words in (
        ("--memory", whole("--memory", 256, 2**24), 3072, "MIB", ""),
        ("--cpus", whole("--cpus", 1, 255), 2, "N", "processors "),
        ("--boot-timeout", seconds("--boot-timeout"), 120, "S", "a boot takes no longer "),
        ("--timeout", seconds("--timeout"), 7200, "S", "end the command then "),
    ):
        to.add_argument(
            option, type=kind, default=default, metavar=name, help=f"{words}(%(default)s)"
        )


def add_out(to: argparse.ArgumentParser) -> None:
    """Add where the run folders of VMs go."""
    to.add_argument("--out", type=Path, default=RUNS, metavar="DIR", help=f"run folders ({RUNS}/)")
