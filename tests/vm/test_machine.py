"""A VM is booted, obeys, changes nothing of its host, and is gone afterwards."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sekisho.errors import LabError
from sekisho.vm.host import boot_refusal, host, kernel_image
from tests.live.machine import ROOT, until
from tests.vm import guests

pytestmark = pytest.mark.vm


@pytest.fixture(scope="module", autouse=True)
def _needed() -> None:
    """Skip, with the reason, where the machine has nothing to boot."""
    try:
        host()
    except LabError as missing:
        pytest.skip(str(missing))


@pytest.fixture(name="out")
def _out(tmp_path: Path) -> Iterator[Path]:
    """A folder for runs; afterwards nothing that knows it lives."""
    out = tmp_path / "runs"
    yield out
    until(lambda: guests.left(out) == [], "every process gone")


def test_a_processor_is_believed_when_a_kernel_has_run_on_it() -> None:
    """One that stands still is refused, and one that QEMU does not have, in its own words."""
    kernel, _ = kernel_image()

    emulated = ("-accel", "tcg", "-cpu", "max")
    assert boot_refusal(kernel, emulated, guests.BOOT_S) == ""
    assert boot_refusal(kernel, (*emulated, "-S"), 2) == "a kernel did not boot in 2 s"
    assert "invalid accelerator" in boot_refusal(kernel, ("-accel", "none"), guests.BOOT_S)


def test_a_trial_of_a_processor_dies_with_whoever_asked_for_it(out: Path) -> None:
    """Even by ``kill -9``: nothing is left behind that could not be told from somebody else's."""
    words = ("-accel", "tcg", "-S", "-name", str(out))
    asked = f"boot_refusal(Path({str(kernel_image()[0])!r}), {words!r}, 600)"
    program = f"from pathlib import Path; from sekisho.vm.host import boot_refusal; {asked}"
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT) as process:
        until(lambda: guests.qemu(out) is not None, "a trial")
        process.kill()
    until(lambda: guests.qemu(out) is None, "no trial any more")


def test_a_program_runs_under_the_other_kernel(out: Path) -> None:
    """Its words, output, errors, folder and exit status are the caller's own."""
    room = "cat /proc/sys/net/core/rmem_default"  # for the questions of the kernel's datapath
    text = f"uname -r; pwd; echo 'a  b' >&2; id -u; {room}; echo kept >{out}/kept; exit 7"
    done = guests.ran(out, "--exec", "--quiet", "--", "sh", "-c", text)

    assert done.returncode == 7, done.stderr
    assert done.stdout == f"{kernel_image()[1]}\n{ROOT}\n0\n{4 << 20}\n"
    assert done.stderr == "a  b\n"
    assert (out / "kept").read_text() == "kept\n"


def test_a_guest_cannot_change_its_host(out: Path) -> None:
    """Whatever it writes outside its run folders is not there, or not kept."""
    victim = ROOT / "README.md"
    before = victim.read_bytes()
    text = f"for f in {victim} /usr/bin/x /etc/x /var/x /root/x; do echo x >>$f; done 2>/dev/null"
    guests.ran(out, "--exec", "--", "sh", "-c", f"{text}; true")

    assert victim.read_bytes() == before
    assert not [
        name for name in ("/usr/bin/x", "/etc/x", "/var/x", "/root/x") if Path(name).exists()
    ]


def test_a_town_is_moved_whose_run_folder_is_the_hosts(out: Path) -> None:
    """No socket file can be made on that file system: it lies elsewhere, and is gone afterwards."""
    sekisho = f"{sys.executable} -m sekisho.cli"
    town = (
        f"{sekisho} up topologies/tiny.yaml --quiet --out {out}"
        f" && {sekisho} resegment floor:1 visitor --out {out}; echo moved: $?"
        f"; ls -d /tmp/sekisho-*; {sekisho} down --out {out}; echo down: $?; ls -d /tmp/sekisho-*"
    )
    done = guests.ran(out, "--exec", "--quiet", "--", "sh", "-c", town)
    _, _, told = done.stdout.partition("moved: ")

    assert re.fullmatch(r"0\n/tmp/sekisho-\w+\ndown: 0\n", told), done.stdout + done.stderr


@pytest.fixture(name="begun")
def _begun(out: Path, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A guest that sleeps; QEMU runs, and nobody has waited for its boot."""
    (tmp_path / "tmp").mkdir()
    process = subprocess.Popen(
        guests.words(out, "--exec", "--", "sleep", "600"),
        cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    with process:
        until(lambda: guests.qemu(out) is not None, "a machine that boots")
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("when", ["booting", "booted"])
def test_whoever_stops_leaves_nothing(
    out: Path, begun: subprocess.Popen[bytes], number: signal.Signals, when: str
) -> None:
    """In the middle of a boot and of a command; also where nobody could tidy up."""
    if when == "booted":
        until(lambda: any(out.glob("*/booted")), "a guest that has booted")
    begun.send_signal(number)
    _, said = begun.communicate(timeout=60)
    until(lambda: guests.left(out) == [], "every process gone")

    assert list((out.parent / "tmp").iterdir()) == []
    if number is not signal.SIGKILL:
        assert list(out.glob("*/virtme*")) == []
        assert begun.returncode == 3
        assert said.decode().splitlines()[-1] == f"interrupted by {number.name}"


def test_down_ends_what_was_started_from_here(out: Path, begun: subprocess.Popen[bytes]) -> None:
    """By its process id; whoever waits for it learns that it ended."""
    (folder,) = guests.runs(out, "vm")
    words = [sys.executable, "-m", "sekisho.cli", "vm", "down", f"--out={out}"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    _, said = begun.communicate(timeout=60)

    assert (done.returncode, done.stdout) == (0, f"{folder.name} ended\n")
    assert begun.returncode == 3
    assert b"QEMU ended with" in said


def test_a_boot_that_hangs_is_mended(out: Path) -> None:
    """QEMU itself is stopped in the middle of a boot: said, ended by its pid, and tried again."""
    words = [word.replace(f"{guests.BOOT_S}", "90") for word in guests.words(out)]
    process = subprocess.Popen(
        [*words, "--exec", "--", "sh", "-c", "exit 5"],
        cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    until(lambda: guests.qemu(out) is not None, "a machine that boots")
    time.sleep(1)
    first = guests.qemu(out)
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    _, said = process.communicate(timeout=400)

    assert process.returncode == 5
    assert "vm: boot 1 of 3 hung: nothing heard in 90 s\n" in said.decode()
    assert ", 2 boots; exit 5" in said.decode()
    assert guests.qemu(out) is None
