"""The contracts of ``pyproject.toml`` hold the architecture; each must bite."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("sekisho", "topologies", "controller", "scenarios")
MERE_PYTHON = shutil.ignore_patterns("__pycache__", "*.yaml", "*.json", "*.js", "*.css")

#: (module that oversteps, what it imports, the contract that must say so)
BREACHES = (
    (
        "sekisho/compiler/routing.py",
        "topologies.network.interface_names",
        "sekisho knows no network",
    ),
    ("sekisho/runtime/namespaces.py", "scenarios.run.check", "sekisho knows no network"),
    ("topologies/town.py", "scenarios.run.check", "sekisho knows no network"),
    ("scenarios/engine/session.py", "controller.reconcile", "The controller stands alone"),
    ("sekisho/compiler/tables.py", "controller.openflow", "The controller stands alone"),
    (
        "controller/app.py",
        "topologies.network.interface_names",
        "The controller knows nothing of the town",
    ),
    ("controller/app.py", "ryu.base.app_manager", "The OpenFlow framework"),
    ("topologies/ovs/daemon.py", "os_ken.lib.hub", "The OpenFlow framework"),
    ("scenarios/capture/packet_io.py", "mininet.net", "Mininet is imported by"),
    ("sekisho/openflow/reference_switch.py", "mininet.node", "Mininet is imported by"),
    ("scenarios/probes/windows.py", "scapy.layers.inet", "Scapy is imported where"),
    ("topologies/hosts/services.py", "scapy.packet", "Scapy is imported where"),
    ("sekisho/packet/packet.py", "sekisho.openflow.rules", "Inside sekisho, imports go down"),
    ("scenarios/probes/base.py", "scenarios.run.check", "Inside scenarios, imports go down"),
    (
        "scenarios/suites/services.py",
        "scenarios.events.cables",
        "Inside scenarios, imports go down",
    ),
    ("sekisho/policy/evaluate.py", "sekisho.compiler.tables", "First witness"),
    ("sekisho/policy/relay_paths.py", "sekisho.openflow.rules", "First witness"),
    ("sekisho/policy/matrix.py", "sekisho.compiler.policy_table", "First witness"),
    ("sekisho/compiler/tables.py", "sekisho.policy.evaluate", "Second witness"),
    ("sekisho/openflow/reference_switch.py", "sekisho.policy.evaluate", "Second witness"),
    ("sekisho/judge/judge.py", "sekisho.compiler.tables", "Third witness"),
    ("sekisho/judge/judge.py", "sekisho.openflow.pipeline", "Third witness"),
    ("sekisho/proof/tables.py", "oxidd.bcdd", "Decision diagrams are imported"),
    ("sekisho/proof/meaning.py", "sekisho.compiler.tables", "The proof's meaning has not seen"),
    ("sekisho/proof/flood.py", "sekisho.proof.meaning", "The proof's sets have not seen"),
    ("sekisho/second_judge/walk.py", "z3", "Solvers are imported by name"),
    ("sekisho/proof/flood.py", "sekisho.second_judge.walk", "The proof has seen nothing"),
    (
        "sekisho/second_judge/walk.py",
        "sekisho.proof.fields",
        "The second judge of tables has not seen",
    ),
    ("sekisho/report/tally.py", "sekisho.plan", "A report knows the run folder alone"),
)


def _broken(tree: Path) -> list[str]:
    """Return the names of the contracts that *tree* breaks."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"],
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    names = [line.removesuffix(" BROKEN") for line in done.stdout.splitlines() if "BROKEN" in line]

    assert bool(names) == bool(done.returncode), done.stdout + done.stderr
    return names


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a copy of the code to plant breaches in."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=MERE_PYTHON)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_code_keeps_every_contract(tree: Path) -> None:
    """As it stands, no import crosses a border."""
    assert _broken(tree) == []


@pytest.mark.parametrize(("module", "imported", "contract"), BREACHES)
def test_an_import_across_a_border_is_found(
    tree: Path, module: str, imported: str, contract: str
) -> None:
    """One forbidden import breaks the contract that stands for its border."""
    with (tree / module).open("a") as file:
        file.write(f"\nimport {imported}\n")

    broken = _broken(tree)
    assert any(name.startswith(contract) for name in broken), broken


def test_a_new_module_must_be_given_its_layer(tree: Path) -> None:
    """A module of sekisho that no contract knows is a breach, not a gap."""
    (tree / "sekisho" / "misc.py").write_text('"""Anything."""\n')

    assert _broken(tree) == ["Inside sekisho, imports go down"]
