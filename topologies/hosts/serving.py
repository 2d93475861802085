"""The listeners of a town's services, opened here and handed to the process that answers on them.

A socket keeps the network namespace that it was made in. So the town opens each listener in its
host's namespace and hands it over, and the process that serves them (`topologies.hosts.services`)
never reaches a host, nor anything of the run. Each listener is bound to its attachment's interface:
a device with several legs answers on the leg that was asked.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator

from sekisho.compiler.policy_table import inner_ports
from sekisho.errors import LabError
from sekisho.model import Attachment, Device, Plan, Protocol, Service
from topologies.hosts.hosting import NOWHERE, Hosting
from topologies.network.interface_names import interface
from topologies.network.netns import in_netns

_ANSWER_S = 60.0
_AT_ONCE = 200  # the kernel passes at most 253 descriptors at once (unix(7), SCM_MAX_FD)
_COUNT_BYTES = 64


class Serving:
    """What listens in the hosts of *plan*.

    Args:
        plan: The town.
        hosting: Its hosts.
    """

    def __init__(self, plan: Plan, hosting: Hosting) -> None:
        self._plan, self._hosting = plan, hosting
        self._door: socket.socket | None = None

    def begin(self) -> None:
        """Start the process that serves, beside whatever else is going on."""
        self._door, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._door.settimeout(_ANSWER_S)
        with its:
            command = [sys.executable, "-m", "topologies.hosts.services"]
            self._hosting.spawn("services", NOWHERE, command, its)

    def serve_all(self) -> None:
        """Serve in every host.

        Raises:
            LabError: The process does not answer.
        """
        for device in self._plan.devices:
            self.start(device.id)

    def start(self, name: str) -> int:
        """Open the listeners of one device, and have them served; return how many.

        Raises:
            LabError: The process does not answer.
        """
        found = list(_open_all(self._plan, self._hosting.pids[name], self._plan.device[name]))
        try:
            for begin in range(0, len(found), _AT_ONCE):
                piece = found[begin : begin + _AT_ONCE]
                kinds = [service.kind for _, service in piece]
                listeners = [listener for listener, _ in piece]
                self._ordered({"op": "start", "who": name, "kinds": kinds}, listeners)
        finally:
            for listener, _ in found:
                listener.close()
        return len(found)

    def stop(self, name: str) -> int:
        """Close the listeners of one device; return how many.

        A captured device runs something else on its ports: its own services must be gone.

        Raises:
            LabError: The process does not answer.
        """
        return self._ordered({"op": "stop", "who": name}, [])

    def _ordered(self, order: dict[str, str | list[str]], listeners: list[socket.socket]) -> int:
        assert self._door is not None
        text = json.dumps(order).encode()
        try:
            socket.send_fds(self._door, [text], [listener.fileno() for listener in listeners])
            return int(self._door.recv(_COUNT_BYTES))
        except (OSError, ValueError) as error:
            what = f"the services of {order['who']} did not {order['op']}"
            raise LabError(f"{what}; see log/services.log") from error


def _open_all(plan: Plan, pid: int, device: Device) -> Iterator[tuple[socket.socket, Service]]:
    if not device.services:
        return
    with in_netns(pid):
        for attachment in device.attachments:
            services = plan.on_ports(attachment)  # an echo the kernel answers itself
            taken: set[tuple[Protocol, int]] = set()
            for service in services:
                inner = (port for ports in service.ports for port in inner_ports(ports))
                for port in (*service.edges(), *inner):  # all that a probe may knock at
                    if (service.protocol, port) in taken:
                        continue
                    taken.add((service.protocol, port))
                    name = interface(attachment, device)
                    yield _listener(attachment, name, service.protocol, port), service


def _listener(attachment: Attachment, name: str, protocol: Protocol, port: int) -> socket.socket:
    kind = socket.SOCK_STREAM if protocol is Protocol.TCP else socket.SOCK_DGRAM
    out = socket.socket(socket.AF_INET, kind)
    out.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    out.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name.encode())
    out.bind((str(attachment.ip), port))
    if protocol is Protocol.TCP:
        out.listen(128)
    return out
