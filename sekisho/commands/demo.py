"""``sekisho demo``: a town that is up, and its page on this machine."""

from __future__ import annotations

import secrets
import socket
from argparse import Namespace
from errno import EADDRINUSE
from pathlib import Path

from sekisho.commands import healing, standing, town
from sekisho.commands.screen import Screen
from sekisho.errors import UsageError
from sekisho.model import Label
from sekisho.web.door import HOME, opened

_TOKEN_BYTES = 24
_READY = Label("画面: {}\n終了: Ctrl-C", "page: {}\nend with Ctrl-C")


def demo(args: Namespace, screen: Screen) -> int:
    """Boot a town unless one is named, serve its page until Ctrl-C, and take it down again."""
    from sekisho.web.__main__ import serve  # half a second, for this alone

    with _door(args.port) as door:  # before anything else: a port that is taken is told at once
        own = town.booted(args, screen, is_lasting=False) if args.town is None else None
        folder = own.folder if own else Path(standing.find(args.out, args.town).folder)
        try:
            token = secrets.token_urlsafe(_TOKEN_BYTES)
            door.listen()  # whoever opens the address at once waits, and is not turned away
            address = f"http://{HOME}:{door.getsockname()[1]}/#token={token}"
            screen.out.print(_READY.text(args.lang).format(address), markup=False, soft_wrap=True)
            with healing.told(folder, screen, args.lang):
                serve(folder, door, token)
        finally:
            if own:
                args.town = folder
                town.down(args, screen)
                own.end()
    return 0


def _door(port: int) -> socket.socket:
    """Take *port* of loopback or, for 0, any that is free."""
    try:
        return opened(port)
    except PermissionError as error:
        raise UsageError(
            f"port {port} is not permitted to you\n  hint: one from 1024 up; --port 0 takes any"
        ) from error
    except OSError as error:
        why = "is taken" if error.errno == EADDRINUSE else f"cannot be had ({error.strerror})"
        raise UsageError(f"port {port} {why}\n  hint: --port 0 takes any") from error
