"""A VM without booting one: what it needs, what it is told, how it is watched."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sekisho.commands.vm import _outs
from sekisho.errors import LabError
from sekisho.vm.guest import BOOTED, STATUS, GuestJob, script
from sekisho.vm.host import Host, kernel_image
from sekisho.vm.machine import NOTE, Size, Talk, VmResult, command, living, note, run
from tests.live.machine import ROOT

QUICK = Size(boot_s=1.0, limit_s=2.0)


def _kernel(root: Path, release: str, *, module: bool = True) -> None:
    (root / "boot").mkdir(exist_ok=True)
    (root / "boot" / f"vmlinuz-{release}").write_text("kernel")
    modules = root / "modules" / release / "kernel/net/openvswitch"
    modules.mkdir(parents=True)
    if module:
        (modules / "openvswitch.ko").write_text("module")


def _found(root: Path, running: str) -> str:
    return kernel_image(root / "boot", root / "modules", running)[1]


def test_the_running_kernel_is_taken_if_it_will_do(tmp_path: Path) -> None:
    """The one that is known to work here, though another is newer."""
    for release in ("6.1.0-9-amd64", "6.1.0-56-amd64"):
        _kernel(tmp_path, release)

    assert _found(tmp_path, "6.1.0-9-amd64") == "6.1.0-9-amd64"


def test_else_the_newest_kernel_with_open_vswitch_is_taken(tmp_path: Path) -> None:
    """By its number, not by its letters; one without the module is none."""
    for release in ("6.1.0-9-amd64", "6.1.0-56-amd64"):
        _kernel(tmp_path, release)
    _kernel(tmp_path, "6.12.1-cloud", module=False)

    assert _found(tmp_path, "5.10.0") == "6.1.0-56-amd64"


def test_a_machine_without_a_kernel_is_told_what_brings_one(tmp_path: Path) -> None:
    """A container has none."""
    with pytest.raises(LabError) as refused:
        _found(tmp_path, "5.10.0")

    assert str(refused.value) == (
        f"no kernel in {tmp_path / 'boot'} has the module openvswitch\n  hint: make vm-setup"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every kernel")
def test_a_kernel_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    """Ubuntu lets root alone read its kernels."""
    _kernel(tmp_path, "6.8.0-31-generic")
    image = tmp_path / "boot" / "vmlinuz-6.8.0-31-generic"
    image.chmod(0)

    with pytest.raises(LabError, match="may not be read\n  hint: sudo chmod"):
        _found(tmp_path, "5.10.0")


def _job(folder: Path, *words: str) -> GuestJob:
    return GuestJob(
        words, folder, folder, folder, (folder,), {"LANG": "ja_JP.UTF-8", "SECRET": "x"}
    )


def test_a_guest_gets_the_words_and_the_language_and_nothing_else(tmp_path: Path) -> None:
    """Words keep their spaces and quotes; the rest of the caller's environment stays out."""
    folder = tmp_path / "with space"
    folder.mkdir()
    text = script(_job(folder, "echo", "it's; $HOME"))
    checked = subprocess.run(["bash", "-n"], input=text, text=True, check=False)

    assert checked.returncode == 0
    assert """echo 'it'"'"'s; $HOME'""" in text
    assert "export LANG=ja_JP.UTF-8" in text
    assert "SECRET" not in text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can lend a folder to somebody else")
@pytest.mark.parametrize(("owner", "written"), [(None, False), ((1234, 1234), True)])
def test_a_command_may_write_its_run_folder_in_a_user_namespace(
    owner: tuple[int, int] | None, written: bool, tmp_path: Path
) -> None:
    """As its owner; root of the guest has no right there over files of a user without a number."""
    for path in (tmp_path, *tmp_path.parents[:-2]):
        path.chmod(0o755)
    runs = tmp_path / "runs"
    runs.mkdir()
    os.chown(runs, 1234, 1234)
    words = ("unshare", "--user", "--map-root-user", "touch", str(runs / "x"))
    text = script(replace(_job(tmp_path, *words), owner=owner))
    (line,) = [line for line in text.splitlines() if "unshare" in line]
    subprocess.run(["bash", "-c", line], check=False, timeout=30)

    assert (runs / "x").exists() is written


def test_root_stays_root_in_the_guest(tmp_path: Path) -> None:
    """And a program of one's own (``--exec``) is root's."""
    plain = script(_job(tmp_path, "true"))

    assert script(replace(_job(tmp_path, "true"), owner=(0, 0))) == plain
    assert "setpriv" not in plain


def test_a_shell_is_a_guest_without_a_command(tmp_path: Path) -> None:
    """Nobody waits for its status."""
    text = script(_job(tmp_path))

    assert text.endswith("exec bash -i\n")
    assert STATUS not in text


def test_kvm_is_given_up_only_where_it_was_refused(tmp_path: Path) -> None:
    """What was tried decides, both ways."""
    host = Host(Path("/k"), "6.1", Path("/r"), refusal="")
    job, size = _job(tmp_path, "true"), Size()

    assert "--disable-kvm" not in command(host, job, size)
    assert "--disable-kvm" in command(replace(host, refusal="no /dev/kvm"), job, size)


def test_folders_that_a_command_writes_to_are_lent(tmp_path: Path) -> None:
    """In both spellings, and made if they are not there."""
    left, right = tmp_path / "left", tmp_path / "right"

    assert list(_outs(("check", "--out", str(left), f"--out={right}"))) == [left, right]
    assert right.is_dir()


def _machine(tmp_path: Path, text: str, refusal: str) -> Host:
    """A runner that boots nothing: the watch is tried, not the machine."""
    runner = tmp_path / "runner"
    runner.write_text(f"#!/bin/bash\ncd {tmp_path}\n{text}\n")
    runner.chmod(0o755)
    return Host(Path("/k"), "6.1", runner, refusal)


def _run(
    tmp_path: Path,
    text: str,
    tell: Callable[[str], None] = lambda _: None,
    *,
    refusal: str = "no /dev/kvm",
) -> VmResult:
    conn = Talk(subprocess.DEVNULL, subprocess.DEVNULL, subprocess.DEVNULL)
    host, job = _machine(tmp_path, text, refusal), _job(tmp_path, "true")
    return run(host, job, QUICK, conn=conn, tell=tell)


def test_a_boot_that_hangs_is_said_and_tried_again(tmp_path: Path) -> None:
    """The first says nothing for too long; the second does its work."""
    said: list[str] = []
    second = f"[ -e once ] || {{ touch once; exec sleep 60; }}; touch {BOOTED}; echo 7 >{STATUS}"
    ran = _run(tmp_path, second, said.append)

    assert (ran.exit, ran.boots) == (7, 2)
    assert said == ["boot 1 of 3 hung: nothing heard in 1 s"]


def test_a_boot_that_hangs_with_kvm_is_tried_again_without(tmp_path: Path) -> None:
    """There may be a processor that carries a kernel to its end, and no guest."""
    said: list[str] = []
    only_without = f"[[ $* = *--disable-kvm* ]] || exec sleep 60; touch {BOOTED}; echo 7 >{STATUS}"
    ran = _run(tmp_path, only_without, said.append, refusal="")

    assert (ran.exit, ran.boots) == (7, 2)
    assert said[1:] == ["from here emulated (a boot with KVM hung)"]


def test_three_boots_that_hang_are_the_end(tmp_path: Path) -> None:
    """Never more; and the place to look is named."""
    with pytest.raises(LabError) as refused:
        _run(tmp_path, "echo boot >>boots; exec sleep 60")

    assert (tmp_path / "boots").read_text() == "boot\n" * 3
    assert str(refused.value) == (
        f"the guest did not boot in 3 tries\n  see {tmp_path / 'console.log'}"
    )


def test_a_machine_that_ends_by_itself_is_not_tried_again(tmp_path: Path) -> None:
    """It would end again: QEMU has refused something."""
    with pytest.raises(LabError, match="QEMU ended with 4\n"):
        _run(tmp_path, "echo boot >>boots; exit 4")

    assert (tmp_path / "boots").read_text() == "boot\n"


def test_a_guest_that_dies_under_its_command_is_no_success(tmp_path: Path) -> None:
    """No status was left, so there is none."""
    with pytest.raises(LabError, match="the guest ended by itself\n"):
        _run(tmp_path, f"touch {BOOTED}; sleep 0.2; exit 0")


def test_a_command_that_overruns_its_limit_is_ended(tmp_path: Path) -> None:
    """With everything that stands behind it, by its process id."""
    with pytest.raises(LabError, match="the command did not end within 2 s\n  hint: --timeout"):
        _run(tmp_path, f"touch {BOOTED}; sleep 60 & echo $! >child; wait")
    deadline = time.monotonic() + 5
    while living_words(f"{tmp_path}/runner") and time.monotonic() < deadline:
        time.sleep(0.05)

    assert living_words(f"{tmp_path}/runner") == []
    assert not (tmp_path / NOTE).exists()


def living_words(part: str) -> list[str]:
    """Return the command lines of all processes that name *part*."""
    out = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").replace("\0", " ")
        except OSError:
            continue
        out += [words] if part in words else []
    return out


def test_only_a_machine_of_ours_counts_as_living(tmp_path: Path) -> None:
    """A process that has got the number of a machine of yesterday is somebody else's."""
    ours, theirs, broken = (tmp_path / name for name in ("ours", "theirs", "broken"))
    for folder in (ours, theirs, broken):
        folder.mkdir()
    note(ours, os.getpid())
    (theirs / NOTE).write_text(f'{{"pid": {os.getpid()}, "started": 1}}')
    (broken / NOTE).write_text("{")

    assert list(living(tmp_path)) == [(ours, os.getpid())]


def test_a_command_of_sekisho_needs_words(tmp_path: Path) -> None:
    """And says so before anything boots."""
    tool = [sys.executable, "-m", "sekisho.cli", "--lang", "en"]
    words = [*tool, "vm", "run", "--out", str(tmp_path), "--"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 2
    assert done.stderr == ("no command\n  hint: sekisho vm run -- check topologies/tiny.yaml\n")


def _alone(script: str, scratch: Path) -> subprocess.CompletedProcess[str]:
    """Run *script* among mounts of its own."""
    return subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script],
        env={**os.environ, "TMPDIR": str(scratch)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_the_suite_runs_in_a_tree_that_may_not_be_written(tmp_path: Path) -> None:
    """As a guest sees it: asked for more words, Hypothesis would look for its folder there."""
    tree = shlex.quote(str(ROOT))
    read_only = f"mount --bind {tree} {tree} && mount -o remount,bind,ro {tree} && cd {tree}"
    quick = "tests/sekisho/openflow/test_rules.py"
    suite = f"{shlex.quote(sys.executable)} -m pytest -v -p no:cacheprovider {quick}"
    refused = _alone(read_only, tmp_path)
    if refused.returncode:
        pytest.skip(refused.stderr.strip())
    done = _alone(f"{read_only} && {suite}", tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed in " in done.stdout
