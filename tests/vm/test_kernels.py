"""Kernels that lack something which ours has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.machine import ROOT
from tests.vm import guests
from tests.vm.test_machine import _needed, _out  # noqa: F401  # fixtures

pytestmark = pytest.mark.vm

#: The command line of Sekisho, and a kernel that is started with one option more.
_STARTED_WITH = """
import sys
import sekisho.vm.machine as machine
from sekisho.cli import main
usual, option = machine.command, sys.argv.pop(1)
machine.command = lambda *words: [*usual(*words), f"--kopt={option}"]
sys.exit(main())
"""


def test_a_kernel_without_ipv6_has_nothing_to_switch_off(out: Path) -> None:
    """``ipv6.disable=1``, a usual line of hardening guides: the check runs, and passes."""
    check = f"{sys.executable} -m sekisho.cli check topologies/tiny.yaml --quiet --out {out}"
    script = f"test ! -e /proc/sys/net/ipv6 && {check}"
    _, _, _, *words = guests.words(out, "--exec", "--", "sh", "-c", script)
    done = subprocess.run(
        [sys.executable, "-c", _STARTED_WITH, "ipv6.disable=1", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=guests.LIMIT_S,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
