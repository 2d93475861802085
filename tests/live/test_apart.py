"""Hosts are apart as programs, too: nothing of the run is in reach of what runs in one of them."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sekisho.commands.standing import namespace
from sekisho.runtime.entering import entering
from sekisho.runtime.namespaces import first_inside
from tests.live import machine
from tests.live.machine import ROOT
from tests.live.story import told
from tests.live.townsman import KINDS, Townsman, standing

pytestmark = pytest.mark.live

#: What a program that runs in the town itself can do, and none in a host.
_OF_THE_RUN = {
    "ovs-ofctl",
    "nsenter --target=1 --mount ovs-ofctl",
    "connect /run/sekisho/control",
    "connect /run/sekisho/changes",
    "connect /run/sekisho/ovs/db.sock",
    "connect /run/sekisho/ovs/floor.mgmt",
    "list /run/sekisho",
    "look through 1",
    "make a device in network 0",
    "read /run/sekisho/ovs/conf.db",
    "see 1",
}
_LIMIT_S = 60 * machine.SLOWER
_KINDS = ("user", "mnt", "pid", "net", "ipc", "uts")


@pytest.fixture(scope="module", params=KINDS, name="town")
def _town(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Townsman]:
    home = tmp_path_factory.mktemp("apart")
    with standing(request.param, home) as town:
        shutil.copy(ROOT / "tests" / "live" / "intruder.py", home)
        yield town


@pytest.fixture(scope="module", name="notes")
def _notes(town: Townsman) -> Path:
    """Have the intruder look around in the run itself; return where he noted what is there."""
    worked = _deeds(town.prompts(f"sh python3 intruder.py notes.json {town.folder}"))
    own = {f"connect {town.folder}/town.sock", f"list {town.folder}"}
    own |= {f"read {town.folder}/log/controller.jsonl", f"read {town.folder}/town.json"}

    assert _OF_THE_RUN | own <= worked
    assert [deed for deed in worked if deed.startswith("signal ")]
    assert [deed for deed in worked if deed.startswith("trace ")]
    return town.person.home / "notes.json"


def _deeds(said: str) -> set[str]:
    found = re.search(r"\[.*\]", said)
    assert found is not None, said
    return set(json.loads(found[0]))


def test_a_program_in_a_host_reaches_nothing_of_the_run(town: Townsman, notes: Path) -> None:
    """No socket, process or file, whatever he takes off; in the run itself all of it works."""
    done = town.says("exec", "juki", "--", "python3", "intruder.py", str(notes))

    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def test_the_prompts_hosts_reach_nothing_of_the_run(town: Townsman, notes: Path) -> None:
    """``nb CMD`` is a program in a host as well; ``sh CMD`` is one in the town, by intent."""
    assert _deeds(town.prompts(f"www python3 intruder.py {notes}")) == set()


def test_what_listens_in_the_hosts_reaches_nothing_of_the_run(town: Townsman, notes: Path) -> None:
    """The one process that serves for all hosts is in a host without a cable; it left nothing open.

    It has its listeners, the socket by which it is ordered, and its log.
    """
    outside = machine.one(town.person.home, "-m topologies.hosts.services")
    pid = first_inside(outside) or outside
    first = json.loads((town.folder / "town.json").read_text())["pid"]
    is_own = namespace(pid, "user") != namespace(first, "user")
    words = entering(pid, is_own_user=is_own, is_foreign_user=True)
    owner = _owner(town.folder)
    if os.geteuid() == 0:  # else whoever runs the tests is the town's owner himself
        become = ["setpriv", f"--reuid={owner[0]}", f"--regid={owner[1]}", "--clear-groups"]
        words = [*become, *words]
    words += ["/usr/bin/python3", str(town.person.home / "intruder.py"), str(notes)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    links = {str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()}
    files = {link for link in links if not re.match(r"(socket|anon_inode|pipe):", link)}

    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
    assert [word for word in environment if word.startswith(b"OVS_")] == []
    assert files == {str(town.folder / "log" / "services.log")}


def test_a_host_is_a_machine_of_its_own(town: Townsman) -> None:
    """It has its name, its processes, its network and its ``/run``."""
    script = (
        "hostname; ps -e -o comm=; ip -o link | cut -d: -f2; ls -A /run; touch /run/x; "
        "ping -c1 -W1 127.0.0.1 >/dev/null && echo alive; pwd; touch here; rm here"
    )
    done = town.says("exec", "guest", "--", "sh", "-c", script)

    assert done.stdout.split("\n") == [
        *("guest", "sleep", "sh", "ps", " lo", " guest-eth0@if" + _peer(done.stdout), "tmp"),
        *("alive", str(town.person.home), ""),
    ]
    assert done.stderr == ""


def test_root_of_a_host_is_root_of_its_network(town: Townsman) -> None:
    """Addresses, devices and settings are its own, where it can have users of its own."""
    script = (
        "ip link add v0 type veth peer name v1 && ip addr add 192.0.2.1/32 dev v0 && "
        "echo 1 >/proc/sys/net/ipv4/ip_forward && ip link del v0 && echo done"
    )
    done = town.says("exec", "guest", "--", "sh", "-c", script)
    refused = (2, "", "RTNETLINK answers: Operation not permitted\n")

    assert (done.returncode, done.stdout, done.stderr) == (
        refused if town.kind == "no users" else (0, "done\n", "")
    )


def _peer(said: str) -> str:
    found = re.search(r"guest-eth0@if(\d+)", said)
    return found[1] if found else ""


def test_the_dead_of_a_host_are_buried(town: Townsman) -> None:
    """Whoever loses his parent there is waited for by nobody, and is no zombie."""
    town.says("exec", "guest", "--", "sh", "-c", "(sleep 0.2 &) ; true")
    done = town.says("exec", "guest", "--", "sh", "-c", "sleep 0.5; ps -e -o stat=,comm=")

    assert "Z" not in done.stdout
    assert "sleep" in done.stdout


def test_whoever_calls_from_the_run_folder_starts_above_it(town: Townsman) -> None:
    """A host does not see the run folder, and no program can start in it."""
    person = town.person
    go = ("sh", "-c", 'cd "$0" && exec "$@"', f"{town.folder}/log", person.python, "-m")
    done = subprocess.run(
        [*person.prefix, *go, "sekisho.cli", "exec", f"--town={town.folder}", "nb", "--", "pwd"],
        cwd=person.home,
        env=person.environment,
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, f"{town.folder.parent}\n", "")


def test_a_capture_that_is_written_to_a_file_is_the_callers_own(town: Townsman) -> None:
    """``tcpdump -w`` gives its rights up to a user whom no host has: that is nothing there."""
    listen = "tcpdump -i lo -c1 -w seen.pcap 2>said & sleep 1; ping -c1 127.0.0.1 >/dev/null; wait"
    done = town.says("exec", "nb", "--", "sh", "-c", listen)
    seen = town.person.home / "seen.pcap"

    assert (done.returncode, done.stderr) == (0, "")
    assert "1 packet captured" in (town.person.home / "said").read_text()
    assert seen.read_bytes()[:4] in (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4")  # pcap(5)
    assert seen.stat().st_size > 24
    assert (seen.stat().st_uid, seen.stat().st_gid) == _owner(town.person.home / "said")


def _owner(path: Path) -> tuple[int, int]:
    return path.stat().st_uid, path.stat().st_gid


def test_the_same_at_the_prompt(town: Townsman) -> None:
    """A host's shell at the prompt is as a program that is called from outside."""
    said = town.prompts(
        "nb tcpdump -i lo -c1 -w /run/seen.pcap & ",
        "nb sleep 1; ping -c1 127.0.0.1",
        "nb jobs; wait",
    )

    assert "1 packet captured" in said


def test_a_host_that_dies_ends_the_town(tmp_path: Path) -> None:
    """A town without one of its hosts proves nothing: it says so, and is gone."""
    with standing("ordinary", tmp_path) as town:
        os.kill(_first_of("guest", town), signal.SIGKILL)
        machine.until(lambda: not machine.processes(tmp_path), "every process gone")
        log = town.folder / "log"
        said = (log / "up.log").read_text("utf-8")

        assert (log / "hosts.log").read_text("utf-8") == "guest ended by itself\n"
        assert re.search(r"^hosts ended by itself; see ", said, re.M), said


def _first_of(host: str, town: Townsman) -> int:
    script = "readlink /proc/self/ns/pid"
    wanted = town.says("exec", host, "--", "sh", "-c", script).stdout.strip()
    found = machine.processes(town.person.home)
    return min(
        pid
        for pid, words in found.items()
        if "sleep infinity" in words and str(Path(f"/proc/{pid}/ns/pid").readlink()) == wanted
    )


def test_a_desk_in_the_common_folder_answers_no_host(tmp_path: Path) -> None:
    """Where the run folder holds no sockets it lies in ``/tmp``: whoever is in a host is sent away.

    The run itself and the machine are answered.
    """
    facts = told("tests.live.elsewhere", tmp_path, limit_s=_LIMIT_S * 2)

    assert facts["at"].startswith("/tmp/sekisho-")
    assert facts["run"].startswith('{"error":"op: one of ')
    assert facts["host"] == "seen, and not answered"


def test_a_relay_is_a_program_of_the_captured_device(tmp_path: Path) -> None:
    """All its namespaces are those of the device's host; the services' are those of no device."""
    facts = told("tests.live.captured", tmp_path, limit_s=_LIMIT_S * 2)

    assert facts["captured"] == facts["www"]
    assert sorted(facts["captured"]) == sorted(_KINDS)
    for host in ("www", "juki", "nb", "guest", "town"):
        assert not set(facts["services"].values()) & set(facts[host].values()), host
