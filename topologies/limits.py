"""How many files a town needs open at once, and whether this process may open as many.

Counted on real towns: the process that tries a town holds a capture and two senders for each
attachment, and captures at switches, lines and access points; every other process holds fewer.
"""

from __future__ import annotations

import resource

from sekisho.errors import LabError
from sekisho.model import Plan

_BASE, _ATTACHMENT, _LINE, _BRIDGE = 64, 5, 4, 2


def files_needed(plan: Plan) -> int:
    """Return how many files one process of the town of *plan* opens at most, rounded up."""
    bridges = len(plan.switches) + len(plan.airs)
    lines, attachments = len(plan.links), len(plan.attachments)
    return _BASE + _ATTACHMENT * attachments + _LINE * lines + _BRIDGE * bridges


def make_room(plan: Plan) -> None:
    """Let this process and its children open the files that the town of *plan* needs.

    The soft limit is raised as far as is needed, and the hard one lets it, getrlimit(2).

    Raises:
        LabError: The hard limit is too low.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = files_needed(plan)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise LabError(
            f"a town with {len(plan.attachments)} attachments needs {needed} open files, "
            f"and this user may open {hard}\n"
            f"  hint: raise the hard limit (ulimit -Hn {needed}, or limits.conf(5))"
        )
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
