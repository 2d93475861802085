"""Words of the commands that ask about a plan without a network."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

import sekisho
from sekisho.commands.numbers import moment, whole

PLAN = Path("topologies/default.yaml")
_ENGINES = ("oxidd", "cudd")
_JUDGES = ("z3",)


def default_plan() -> Path:
    """Return the plan that the link ``topologies/default.yaml`` names.

    Where there is no such file below the working directory, it is the installed package's own.
    """
    plan = PLAN if PLAN.exists() else Path(sekisho.__file__).parents[1] / PLAN
    return plan.parent / plan.readlink() if plan.is_symlink() else plan


def add_plan(to: ArgumentParser) -> None:
    """Add the plan, which may be left out."""
    to.add_argument(
        "plan", type=Path, nargs="?", default=default_plan(), metavar="PLAN", help="(%(default)s)"
    )


def add_plans(to: ArgumentParser) -> None:
    """Add any number of plans; none means the usual one."""
    to.add_argument("plans", type=Path, nargs="*", metavar="PLAN", help=f"({default_plan()})")


def add_prove(to: ArgumentParser) -> None:
    """Add what ``prove`` takes; a plan that is not named is None, for the town that has its own."""
    to.add_argument("plan", type=Path, nargs="?", metavar="PLAN", help=f"({default_plan()})")
    add_time(to)
    to.add_argument(
        "--dumps", type=Path, metavar="DIR", help="of the tables in a run folder, or of dumps"
    )
    running = "of the tables that the switches of a running town hold now"
    to.add_argument("--running", action="store_true", help=running)
    to.add_argument(
        "--lines",
        type=whole("--lines", 0, 2),
        default=0,
        metavar="N",
        help="and with up to N lines down that have a way around (0)",
    )
    to.add_argument(
        "--engine", choices=_ENGINES, default=_ENGINES[0], help="library of decision diagrams"
    )
    to.add_argument("--judge", choices=_JUDGES, help="a second judge, compared pair by pair")
    proofs = "write a proof for each pair of places there, for any checker"
    to.add_argument("--certificate", type=Path, metavar="DIR", help=proofs)


def add_explain(to: ArgumentParser) -> None:
    """Add what ``explain`` takes."""
    to.add_argument("plan", type=Path, metavar="PLAN")
    to.add_argument("source", metavar="SRC", help="attachment, or device with only one")
    to.add_argument("target", metavar="DST", help="the same")
    to.add_argument("service", nargs="?", default="", metavar="SERVICE", help="like tcp/443")
    add_time(to)


def add_who(to: ArgumentParser) -> None:
    """Add what ``who`` takes."""
    to.add_argument("plan", type=Path, metavar="PLAN")
    to.add_argument("target", metavar="DST", help="attachment, or device with only one")
    add_time(to)


def add_diff(to: ArgumentParser) -> None:
    """Add what ``diff`` takes."""
    to.add_argument("before", type=Path, metavar="A", help="a plan")
    to.add_argument("after", type=Path, metavar="B", help="the plan that shall follow")
    to.add_argument("--allow", type=Path, metavar="FILE", help="differences that are approved")
    stale = "an approval of what does not differ is a finding, too"
    to.add_argument("--strict", action="store_true", help=stale)
    add_time(to)


def add_time(to: ArgumentParser) -> None:
    """Add the moment, which is now where none is named."""
    to.add_argument("--at", type=moment, metavar="TIME", help="when rules with times are judged")
