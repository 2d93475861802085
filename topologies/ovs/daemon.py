"""A private Open vSwitch: its own run folder and database, ended with its ``with`` block.

Must be started inside the run's namespaces; the machine's own Open vSwitch is never spoken to.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from sekisho.errors import LabError
from topologies.ovs.datapath import Datapath, datapath
from topologies.ovs.datapath_cache import DatapathCache

_log = logging.getLogger(__name__)
_SCHEMA = Path("/usr/share/openvswitch/vswitch.ovsschema")
#: In userspace ``ovs-vswitchd`` makes room for 32 packets whenever it asks a port for some, and
#: gives it back: a third of its time with glibc's own (docs/decisions/0013). A machine that has
#: not this one says so in the log and does without.
ALLOCATOR = "libjemalloc.so.2"
_TOOLS = ("ovsdb-tool", "ovsdb-server", "ovs-vswitchd", "ovs-vsctl", "ovs-ofctl", "ovs-appctl")
_TIMEOUT_S = 20.0
OPENFLOW_PORT = 6653  # IANA: openflow
#: How long the datapath keeps a flow that nobody uses, ms: Open vSwitch's own default, said aloud.
#: Odd frames hold so many flows as come in that time.
OTHER_CONFIG = {"max-idle": "10000"}


class OpenVSwitch:
    """Start ``ovsdb-server`` and ``ovs-vswitchd`` in *folder* and talk to them.

    Args:
        folder: Run folder of the daemons; must be short (a socket path has at most 107 bytes).
        log: Folder for their logs.
    """

    def __init__(self, folder: Path, log: Path) -> None:
        self.folder = folder
        self._log = log
        self.datapath = Datapath.USERSPACE
        self._processes: list[subprocess.Popen[bytes]] = []
        self.cache = DatapathCache(self._control)
        self._limits: dict[int, int] = {}

    def __enter__(self) -> OpenVSwitch:
        missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
        if missing or not _SCHEMA.exists():
            raise LabError(
                f"Open vSwitch is not installed ({', '.join(missing) or _SCHEMA} not found)\n"
                "  hint: sudo apt install openvswitch-switch"
            )
        self.datapath = datapath()
        if self.datapath is Datapath.USERSPACE:
            _need_tun()
        self.folder.mkdir(parents=True, exist_ok=True)
        os.environ["OVS_RUNDIR"] = str(self.folder)  # Mininet's own calls of ovs-vsctl follow it
        try:
            self._start()
        except BaseException as error:
            gone = self.dead()
            self.__exit__(None, None, None)
            if gone and isinstance(error, Exception):
                said = f"{' and '.join(gone)} ended by itself as it was started; see {self._log}"
                raise LabError(said) from error
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            try:
                process.wait(_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()

    def _start(self) -> None:
        database, door = self.folder / "conf.db", self.folder / "db.sock"
        self.run("ovsdb-tool", "create", str(database), str(_SCHEMA))
        self._spawn("ovsdb-server", str(database), f"--remote=punix:{door}")
        self._wait_for(door)
        self.run("ovs-vsctl", "--no-wait", "init")
        self._spawn("ovs-vswitchd", *self._switching)
        told = [f"other_config:{key}={value}" for key, value in OTHER_CONFIG.items()]
        self.run("ovs-vsctl", "set", "Open_vSwitch", ".", *told)

    @property
    def _switching(self) -> tuple[str, ...]:
        door = f"unix:{self.folder / 'db.sock'}"
        return (door,) if self.datapath is Datapath.KERNEL else (door, "--disable-system")

    def restart_switches(self) -> None:
        """Kill ``ovs-vswitchd`` and start it again: every switch loses its tables at once."""
        old = self._processes.pop()
        old.kill()
        old.wait()
        self._spawn("ovs-vswitchd", *self._switching)
        # A change in the database is waited for; the same value again would be none.
        self.run("ovs-vsctl", "set", "Open_vSwitch", ".", f"external_ids:pid={self.pids()[-1]}")
        self.limit_conversations(self._limits)

    def limit_conversations(self, limits: Mapping[int, int]) -> None:
        """Let no zone of connection tracking hold more than its limit, now and after a restart.

        Args:
            limits: By zone; there is a bridge already. See ``dpctl/ct-set-limits``, ovs-dpctl(8).
        """
        self._limits = dict(limits)
        if limits:
            said = [f"zone={zone},limit={most}" for zone, most in sorted(limits.items())]
            self.appctl("dpctl/ct-set-limits", *said)

    def _spawn(self, program: str, *arguments: str) -> None:
        with (self._log / f"{program}.log").open("wb") as out:
            process = subprocess.Popen(
                [program, *arguments, f"--pidfile={self.folder / program}.pid"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, "LD_PRELOAD": ALLOCATOR},
            )
        self._processes.append(process)

    def _wait_for(self, path: Path) -> None:
        deadline = time.monotonic() + _TIMEOUT_S
        while not path.exists():
            if self.dead() or time.monotonic() > deadline:
                raise LabError(f"Open vSwitch did not start: see {self._log}")
            time.sleep(0.005)

    @staticmethod
    def version() -> str:
        """Return the version of the ``ovs-vswitchd`` that is installed, or ``unknown``."""
        try:
            done = subprocess.run(
                ["ovs-vswitchd", "--version"],
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except OSError:
            return "unknown"
        return done.stdout.split("\n")[0].rpartition(" ")[2] or "unknown"

    def dead(self) -> list[str]:
        """Return the names of daemons that have ended by themselves."""
        return [str(p.args[0]) for p in self._processes if p.poll() is not None]  # type: ignore[index]  # args is the list given above

    def pids(self) -> list[int]:
        """Return the process ids of the daemons."""
        return [process.pid for process in self._processes]

    def run(self, *arguments: str, timeout_s: float = _TIMEOUT_S) -> str:
        """Run one of Open vSwitch's tools and return what it printed.

        Raises:
            LabError: It failed, or did not end within *timeout_s*.
        """
        try:
            done = subprocess.run(
                arguments, capture_output=True, text=True, timeout=timeout_s, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise LabError(f"{' '.join(arguments[:3])} did not end in {timeout_s} s") from error
        if done.returncode:
            raise LabError(f"{' '.join(arguments)} failed: {done.stderr.strip()}")
        return done.stdout

    def appctl(self, *arguments: str) -> str:
        """Ask ``ovs-vswitchd`` something."""
        return self.run("ovs-appctl", "-t", "ovs-vswitchd", *arguments)

    def reconnect_controller(self, bridge: str) -> None:
        """Let a bridge open a new connection to its controller now.

        Its target is written in the other of two ways, with and without the standard port: a new
        target is tried at once, an old one after up to 8 s (``max_backoff`` is not heeded by 3.1).
        A bridge is never without a target: it would forget its flows. The row keeps its settings.
        """
        target = self.run("ovs-vsctl", "get-controller", bridge).strip()
        port = f":{OPENFLOW_PORT}"
        other = target.removesuffix(port) if target.endswith(port) else target + port
        self.run("ovs-vsctl", "set", "Controller", bridge, f'target="{other}"')

    def plug(self, interface: str, bridge: str, port: int) -> None:
        """Put a cable's end into a port of a bridge; `del_port` it first where it was before.

        Raises:
            LabError: The port is taken.
        """
        self.run(
            "ovs-vsctl", "add-port", bridge, interface,
            "--", "set", "Interface", interface, f"ofport_request={port}",
        )  # fmt: skip
        got = self.run("ovs-vsctl", "get", "Interface", interface, "ofport").strip()
        if got != str(port):
            raise LabError(f"{interface} got port {got} of {bridge}, not {port}")

    def del_port(self, interface: str) -> None:
        """Pull a cable's end out of whatever bridge it is in."""
        self.run("ovs-vsctl", "del-port", interface)

    def flows(self, bridge: str, *match: str) -> str:
        """Return the dump of a bridge's flows (all, or those of *match*) with their counters.

        The datapath's counters reach the flows only when a revalidator ran, so ask it to push
        first with `settle`.
        """
        return self.run("ovs-ofctl", "-O", "OpenFlow13", "dump-flows", bridge, *match)

    def trace(self, bridge: str, port: int, frame: bytes) -> str:
        """Return how *bridge* would treat *frame* if it came in at *port* now (ovs-appctl(8))."""
        return self.appctl("ofproto/trace", bridge, f"in_port={port}", frame.hex())

    def flush_conntrack(self) -> None:
        """Empty every connection table (ovs-appctl(8), dpctl/flush-conntrack), and prove it.

        Raises:
            LabError: Connections are still there.
        """
        self.appctl("dpctl/flush-conntrack")
        left = tracked(self.appctl("dpctl/dump-conntrack"))
        if left:
            raise LabError(f"connections survived a flush: {left[0]}")

    def settle(self) -> None:
        """Bring every counter up to date, by dropping the datapath's cache (ovs-appctl(8)).

        From then on no packet is treated by a decision that was made before.

        Raises:
            LabError: It was refused.
        """
        self.cache.purge()

    def _control(self) -> Path:
        return self.folder / f"ovs-vswitchd.{self._processes[-1].pid}.ctl"


def _need_tun(device: Path = Path("/dev/net/tun")) -> None:
    """Raise unless *device* can be opened: every bridge of the userspace datapath is a tap of it.

    Raises:
        LabError: Says what to do.
    """
    try:
        os.close(os.open(device, os.O_RDWR))
    except OSError as error:
        raise LabError(
            f"{device}: {error.strerror}: Open vSwitch in userspace needs it\n"
            f"  hint: sudo chmod 0666 {device} (as udev sets it), or run with sudo"
        ) from error


def tracked(dump: str) -> list[str]:
    """Return the connections of switches in a dump of ``dpctl/dump-conntrack``.

    A switch tracks in a zone of its own, which is never 0. The kernel's table has the conversations
    of the network namespace itself as well, such as the controller's with its switches: without a
    zone.
    """
    return [line for line in dump.splitlines() if ",zone=" in line]
