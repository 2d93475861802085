"""What each command does. Its module is read when it is run: none waits for another's."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from importlib import import_module

from sekisho.commands.screen import Screen

#: A command: the words it was called with, and where it writes, to an exit status.
Command = Callable[[Namespace, Screen], int]


def later(module: str, name: str = "") -> Command:
    """Return a command whose module is read when it is called.

    Args:
        module: In this folder.
        name: Of the command in it; the module's own where empty.
    """

    def command(args: Namespace, screen: Screen) -> int:
        found: Command = getattr(import_module(f"{__name__}.{module}"), name or module)
        return found(args, screen)

    return command
