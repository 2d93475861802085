"""A running town: Open vSwitch, the controller, Mininet and the services, in the right order.

Must run inside the namespaces that `sekisho.runtime.namespaces` makes. The order is costly to get
wrong: the controller listens before a switch looks for it (Open vSwitch backs off 1, 2, 4, 8 s),
and the services listen before a probe knocks.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from sekisho.errors import LabError
from sekisho.evidence import unhealed
from sekisho.model import Attachment, Plan
from sekisho.model.tracking import zone_limits
from sekisho.resegment.protocol import JOURNAL_FILE
from topologies.hosts.hosting import Hosting, meant
from topologies.hosts.serving import Serving
from topologies.limits import make_room
from topologies.memory import peak_mb
from topologies.network import link_shaping as lines
from topologies.network.interface_names import interface
from topologies.network.sysctl import quiet_machine
from topologies.network.topology import network, switch_side
from topologies.ovs.booting import attended
from topologies.ovs.controller_state import why_not_in_force
from topologies.ovs.daemon import OPENFLOW_PORT, OpenVSwitch

_START_S, _IN_FORCE_S = 60.0, 120.0
OWN_GUARD, NO_GUARD = "own", "none"
#: Our own controller, but it leaves what somebody changes in a table: to plant faults there.
LENIENT_GUARD = "own-lenient"
_OURS = (OWN_GUARD, LENIENT_GUARD)
_CONNECT_S, _FOREIGN_S = 15.0, 3.0

#: Called with the name of a phase that begins.
Progress = Callable[[str], None]


class Town:
    """Bring *plan* to life; everything ends with the ``with`` block.

    Args:
        plan: The town.
        folder: The run folder; logs go to ``folder/log``.
        work: A short, private folder for sockets (inside the run's own mount namespace).
        guard: ``own``, ``own-lenient``, ``none``, or the socket file that leads to somebody
            else's controller.
        progress: Told when a phase begins: ``switch``, ``guard``, ``hosts``, ``services``,
            ``in-force``.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        folder: Path,
        work: Path,
        progress: Progress = lambda _: None,
        guard: str = OWN_GUARD,
    ) -> None:
        self.plan = plan
        self.guard = guard
        self.folder = folder
        self.events = folder / "log" / "controller.jsonl"
        self.change_socket = work / "changes"  # where the controller takes requests
        self.seconds: dict[str, float] = {}
        self.has_real_lines = False
        self.work = work
        self._progress = progress
        self._began: float | None = None
        self._failure: Exception | None = None
        self._stack = ExitStack()
        self.ovs = OpenVSwitch(work / "ovs", folder / "log")
        self.net: Any = None
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.hosting = Hosting(self.spawn)
        self.serving = Serving(plan, self.hosting)

    @property
    def is_ours(self) -> bool:
        """Whether our own controller guards it, which says what it does and names what it drops."""
        return self.guard in _OURS

    def begin(self) -> None:
        """Start what takes longest to be ready, the controller above all, and wait for none of it.

        Entering does it by itself; whoever has something else to do meanwhile calls it before. What
        goes wrong here is raised on entering.
        """
        self._began = time.monotonic()
        try:
            with attended(self.ovs, self.folder / "log"):
                self._begin()
        except Exception as error:  # noqa: BLE001  # raised by __enter__
            self._failure = error

    def __enter__(self) -> Town:
        if self._began is None:
            self.begin()
        try:
            if self._failure is not None:
                raise self._failure
            with attended(self.ovs, self.folder / "log"):
                self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _begin(self) -> None:
        self.events.parent.mkdir(parents=True, exist_ok=True)
        make_room(self.plan)
        self._progress("switch")
        quiet_machine()
        self.hosting.begin(self.plan.device, hidden=[self.folder, self.work])
        self._stack.enter_context(self.ovs)
        self._progress("guard")
        if self.is_ours:
            self.start_guard()
        elif self.guard != NO_GUARD:
            command = [sys.executable, "-m", "topologies.relay", str(OPENFLOW_PORT), self.guard]
            self.spawn("relay", command)

    def _start(self) -> None:
        self._progress("hosts")
        self.hosting.end()
        self.serving.begin()
        self.net = network(
            self.plan, port=OPENFLOW_PORT, datapath=self.ovs.datapath, hosts=self.hosting.pids
        )
        self._stack.callback(self._stop_net)
        if self.is_ours:
            self.wait_for("listening", timeout_s=_START_S)
        self.net.start()
        self.ovs.limit_conversations(zone_limits(self.plan))
        self.has_real_lines = lines.shape(self.plan)
        self._progress("services")
        self.serving.serve_all()
        assert self._began is not None
        self.seconds["boot"] = time.monotonic() - self._began

    def await_in_force(self) -> None:
        """Wait until the controller has stated every table in force, and caches have followed.

        Somebody else's controller states nothing: wait until every switch is connected to it, and
        then a fixed time that is told in the report.

        Raises:
            LabError: Our own controller did not say so in time, or a foreign one is not there.
        """
        self._progress("in-force")
        waited = time.monotonic()
        if self.is_ours:
            self.wait_for("town-in-force", timeout_s=_IN_FORCE_S)
            self.ovs.cache.follow()
        elif self.guard != NO_GUARD:
            while "false" in self.ovs.run(
                "ovs-vsctl", "--columns=is_connected", "list", "controller"
            ):
                if time.monotonic() - waited > _CONNECT_S:
                    raise LabError(f"not every switch met the controller in {_CONNECT_S:.0f} s")
                time.sleep(0.1)
            time.sleep(_FOREIGN_S)
        self.seconds["in_force"] = time.monotonic() - waited

    def in_force_now(self, *, is_known_enough: bool = False) -> str:
        """Have our controller read every switch back; return why not all is in force, or empty."""
        return why_not_in_force(self.change_socket, is_known_enough=is_known_enough)

    def start_guard(self, plan: Path | None = None, *, code: Path | None = None) -> None:
        """Start the controller process; it listens before the first switch looks for it.

        Args:
            plan: Another plan of the same town, if not the town's own.
            code: Folder with another version of the controller's code, if not our own.
        """
        command = [
            *(["env", f"PYTHONPATH={code}"] if code else []),
            sys.executable,
            "-m",
            "controller",
            str((plan or Path(self.plan.path)).resolve()),
            f"--events={self.events.resolve()}",
            f"--listen=127.0.0.1:{OPENFLOW_PORT}",
            f"--changes={(self.folder / JOURNAL_FILE).resolve()}",
            f"--changes-socket={self.change_socket}",
        ]
        command += [f"--at={self.plan.moment.isoformat()}"] if self.plan.moment else []
        command += ["--no-repair"] if self.guard == LENIENT_GUARD else []
        self.spawn("controller", command)

    def spawn(
        self,
        name: str,
        command: list[str],
        *,
        door: socket.socket | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        """Start one of the town's own processes; `end` it, or it ends with the town.

        It has *door* as its standard input, and the town's *environment* or its own.
        """
        with (self.folder / "log" / f"{name}.log").open("ab") as out:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL if door is None else door.fileno(),
                stdout=out,
                stderr=subprocess.STDOUT,
                env=environment,
            )
        self._processes[name] = process
        self._stack.callback(self.end, name)

    def at_end(self, do: Callable[[], None]) -> None:
        """Have *do* called when the town ends, before anything of it does."""
        self._stack.callback(do)

    def end(self, name: str, *, how: signal.Signals = signal.SIGTERM) -> None:
        """End one of the town's own processes, by its pid."""
        process = self._processes.pop(name, None)
        if process is None:
            return
        if process.poll() is None:
            os.kill(meant(process), how)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def signal(self, name: str, how: signal.Signals) -> int:
        """Send a signal to one of the town's own processes; return its pid."""
        pid = meant(self._processes[name])
        os.kill(pid, how)
        return pid

    def wait_for_end(self, name: str, *, timeout_s: float) -> int:
        """Wait until one of the town's own processes has ended by itself; return its status.

        Raises:
            LabError: It has not.
        """
        process = self._processes[name]
        try:
            status = process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise LabError(f"{name} did not end by itself in {timeout_s:.0f} s") from error
        del self._processes[name]
        return status

    def _stop_net(self) -> None:
        """End all shells. The interfaces die with the namespaces, at once."""
        for host in self.net.hosts:
            host.leave()
        for node in [*self.net.switches, *self.net.controllers]:
            if node.shell is not None and node.shell.poll() is None:
                os.killpg(node.shell.pid, signal.SIGHUP)

    def peak_memory_mb(self) -> int:
        """Return the most memory that the town's processes have used so far, together, in MiB."""
        return peak_mb([meant(p) for p in self._processes.values()] + self.ovs.pids())

    def check(self) -> None:
        """Raise if any part of the town has ended by itself.

        Raises:
            LabError: names the part and its log.
        """
        dead = self.ovs.dead()
        dead += [name for name, process in self._processes.items() if process.poll() is not None]
        if dead:
            why = next((fact["why"] for fact in self.facts() if fact["event"] == "failed"), "")
            raise LabError(
                f"{' and '.join(dead)} ended by itself; see {self.folder / 'log'}"
                + (f"\n{why.strip()}" if why else "")
            )

    def facts(self) -> list[dict[str, Any]]:
        """Return everything that the controller has stated so far."""
        if not self.events.exists():
            return []
        lines = self.events.read_bytes().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith(b"\n")]

    def wait_for(self, event: str, *, timeout_s: float, after: int = 0) -> dict[str, Any]:
        """Wait until the controller has stated *event* (looking from fact number *after* on).

        Raises:
            LabError: It did not within *timeout_s*, or some part of the town ended.
        """
        deadline = time.monotonic() + timeout_s
        shown: dict[str, str] = {}
        while True:
            facts = self.facts()
            for fact in facts[after:]:
                if fact["event"] == event:
                    return fact
            self.check()
            standing = unhealed.standing(facts)
            for switch, why in standing.items():
                if shown.get(switch) != why:
                    self._progress(unhealed.phase(switch, why))
            shown = standing
            if time.monotonic() > deadline:
                said = "".join(f"\n  {unhealed.label(*each).en}" for each in standing.items())
                raise LabError(
                    f"the controller did not say {event!r} within {timeout_s:.0f} s{said}"
                )
            time.sleep(0.01)

    def pid(self, attachment: Attachment) -> int:
        """Return the pid whose network namespace holds the attachment."""
        return int(self.net.get(attachment.device).pid)

    def interface(self, attachment: Attachment) -> str:
        """Return the name of the attachment's interface in its host."""
        return interface(attachment, self.plan.device[attachment.device])

    def switch_side(self, attachment: Attachment) -> str:
        """Return the name of the other end of the attachment's cable: a switch's or an air's."""
        return switch_side(self.net, attachment.device, self.interface(attachment))
