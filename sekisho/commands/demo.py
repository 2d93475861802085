"""``sekisho demo``: a town that is up, and its page on this machine."""

from __future__ import annotations

import secrets
import socket
from argparse import Namespace
from pathlib import Path

import uvicorn

from sekisho.commands import standing, town
from sekisho.commands.screen import Screen
from sekisho.errors import LabError, UsageError
from sekisho.model import Label
from sekisho.talk import SOCKET, Talk

HOME = "127.0.0.1"
_TOKEN_BYTES = 24
_READY = Label("画面: {}\n終了: Ctrl-C", "page: {}\nend with Ctrl-C")


def demo(args: Namespace, screen: Screen) -> int:
    """Boot a town unless one is named, serve its page until Ctrl-C, and take it down again."""
    from sekisho.web.app import Desk, application  # half a second, for this alone

    door = _door(args.port)  # before anything else: a port that is taken is told at once
    with door:
        is_own = args.town is None
        if is_own:
            town.up(args, screen)
        running = standing.find(args.out, args.town)
        folder = Path(running.folder)
        try:
            with Talk.to(folder / SOCKET) as talk:
                plan = Path(talk.ask({"do": "state"})["plan"])
            name = f"{HOME}:{door.getsockname()[1]}"
            token = secrets.token_urlsafe(_TOKEN_BYTES)
            hosts = frozenset({name, name.replace(HOME, "localhost")})
            app = application(Desk(folder, plan), hosts=hosts, token=token)
            address = f"http://{name}/#token={token}"
            screen.out.print(_READY.text(args.lang).format(address), markup=False, soft_wrap=True)
            _serve(app, door)
        except OSError as error:
            raise LabError(f"{folder}: the town's desk does not answer ({error})") from error
        finally:
            if is_own:
                args.town = folder
                town.down(args, screen)
    return 0


def _door(port: int) -> socket.socket:
    """Listen on loopback, at *port* or, for 0, at any that is free."""
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((HOME, port))
    except OSError as error:
        door.close()
        raise UsageError(f"port {port} is taken\n  hint: --port 0 takes any") from error
    return door


def _serve(app: object, door: socket.socket) -> None:
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]  # ASGI's own types are wider
        log_level="warning",
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=1,
        ws="none",
    )
    uvicorn.Server(config).run(sockets=[door])
