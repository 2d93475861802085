"""The same suite on the kernel's own datapath: the same verdicts, and what is real there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from tests.live.machine import ROOT
from tests.vm import guests
from tests.vm.test_machine import _needed, _out  # noqa: F401  # fixtures

pytestmark = pytest.mark.vm

SEKISHO = f"{sys.executable} -m sekisho.cli"
#: Of the planted faults: a rule too wide, a host in the wrong class, a rule that is gone.
HOLES = "allow_widened or wrong_class or drop_rule_deleted"
#: The main line of the first branch; its backup goes another way.
WAN = "line-cut:br1:11-core1:5"
#: Real in a VM that a bare machine need not have; `alpha` has lines between sites, `tiny` has not.
REAL = {"tiny": {"openvswitch", "8021q"}, "alpha": {"openvswitch", "8021q", "netem"}}


@pytest.mark.parametrize("town", REAL)
def test_one_seed_gives_the_same_verdicts_on_both_datapaths(out: Path, town: str) -> None:
    """In one guest on the kernel's and in userspace; and on this machine's bare kernel."""
    plan = f"topologies/{town}.yaml"
    both = (
        f"{SEKISHO} check {plan} --quiet --out {out} && "
        f"SEKISHO_DATAPATH=userspace {SEKISHO} check {plan} --quiet --out {out}"
    )
    done = guests.ran(out, "--exec", "--", "sh", "-c", both)
    assert done.returncode == 0, done.stdout + done.stderr
    here = [sys.executable, "-m", "sekisho.cli", "check", plan, "--quiet", f"--out={out}"]
    bare = subprocess.run(here, cwd=ROOT, capture_output=True, text=True, check=False)
    assert bare.returncode == 0, bare.stdout + bare.stderr
    kernel, userspace, outside = guests.runs(out, town)

    assert guests.facts(kernel) == ("kernel", REAL[town], set())
    assert guests.facts(userspace)[0] == "userspace"
    assert guests.verdicts(kernel) == guests.verdicts(userspace) == guests.verdicts(outside)


def test_a_fault_is_told_on_the_kernel_datapath(out: Path) -> None:
    """The gate bites there too: holes that are planted in its tables are leaks."""
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    holes = ("tests/live/test_faults.py", "-k", HOLES, f"--basetemp={out}/holes")
    done = guests.ran(out, "--exec", "--", *words, *holes)

    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_a_cut_line_with_real_delay(out: Path) -> None:
    """The main line of a branch is cut; the backup, with its own delay, carries; nothing leaks."""
    words = ("chaos", "topologies/matsuno.yaml", "--only", WAN, "--repeat", "1")
    done = guests.ran(out, "--", *words, f"--out={out}")
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = guests.runs(out, "matsuno")
    played = orjson.loads((run / "events.json").read_bytes())["outcomes"]

    (outcome,) = played
    assert (outcome["verdict"], outcome["leaked"]) == ("pass", 0)
    assert outcome["forbidden_sent"] > 0
    assert outcome["gap_ms"] > 0
