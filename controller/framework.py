"""The only imports of the OpenFlow framework: Ryu 4.34, or its maintained fork os-ken.

``SEKISHO_FRAMEWORK=os-ken`` chooses the fork. Both offer the same classes under another package
name. Ryu 4.34 imports a name that today's eventlet no longer has; it is put back before the
first import (https://github.com/faucetsdn/ryu/issues/161).
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import warnings
from collections.abc import Callable
from typing import Any

CHOICES = {"ryu": "ryu", "os-ken": "os_ken"}

NAME = os.environ.get("SEKISHO_FRAMEWORK", "ryu")
if NAME not in CHOICES:
    raise SystemExit(f"SEKISHO_FRAMEWORK={NAME!r}: choose one of {', '.join(sorted(CHOICES))}")
VERSION = importlib.metadata.version(NAME)
# The controller's handlers take turns, as Ryu's always do; os-ken would run each in a thread.
os.environ["OSKEN_HUB_TYPE"] = "eventlet"


def _quietly(name: str) -> Any:
    """Import a module whose types are unknown, without its warnings about itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # names that Python deprecates; eventlet deprecates itself
        return importlib.import_module(name)


_wsgi = _quietly("eventlet.wsgi")
if not hasattr(_wsgi, "ALREADY_HANDLED"):
    _wsgi.ALREADY_HANDLED = object()


def _module(path: str) -> Any:
    """Import one module of the chosen framework."""
    return _quietly(f"{CHOICES[NAME]}.{path}")


app_manager = _module("base.app_manager")
cfg = _module("cfg")
controller = _module("controller.controller")
handler = _module("controller.handler")
hub = _module("lib.hub")
ofp = _module("ofproto.ofproto_v1_3")
ofp_event = _module("controller.ofp_event")
parser = _module("ofproto.ofproto_v1_3_parser")
_parsers = _module("ofproto.ofproto_parser")._MSG_PARSERS
#: Stands for a connection where a message is only made, not sent.
nobody = _module("ofproto.ofproto_protocol").ProtocolDesc(version=ofp.OFP_VERSION)

App: Any = app_manager.RyuApp if NAME == "ryu" else app_manager.OSKenApp
set_ev_cls = handler.set_ev_cls
CONFIG_DISPATCHER = handler.CONFIG_DISPATCHER
MAIN_DISPATCHER = handler.MAIN_DISPATCHER
DEAD_DISPATCHER = handler.DEAD_DISPATCHER
HANDSHAKE_DISPATCHER = handler.HANDSHAKE_DISPATCHER


def run(module: str, **given: object) -> None:
    """Serve the application of *module*, made with what is *given*, until it ends.

    As the framework's own ``run_apps`` does, which passes nothing on and serves the web as well.
    """
    manager = app_manager.AppManager.get_instance()
    manager.load_apps([module])
    services = manager.instantiate_apps(**manager.create_contexts(), **given)
    try:
        hub.joinall(services)
    finally:
        manager.close()
        for service in services:
            service.kill()
        hub.joinall(services)


def take_replies(handle: Callable[[Any, int, bytes], None]) -> None:
    """Give every multipart reply to *handle* as it came: connection, transaction id, bytes.

    The framework's own parser loses the whole reply for one part that it cannot read. It keeps
    the replies of the handshake, which tell of ports alone.
    """
    theirs = _parsers[ofp.OFP_VERSION]

    def parse(datapath: Any, version: int, kind: int, *rest: Any) -> Any:
        if kind != ofp.OFPT_MULTIPART_REPLY or datapath.state != MAIN_DISPATCHER:
            return theirs(datapath, version, kind, *rest)
        _, xid, raw = rest  # the length is that of the bytes
        handle(datapath, xid, bytes(raw))
        return None

    _parsers[ofp.OFP_VERSION] = parse
