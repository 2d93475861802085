"""The VM for every other machine: its user-data keeps cloud-init's schema, and is in one place."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest
import yaml

from sekisho.runtime.namespaces import _SETTINGS
from sekisho.vm.guest import _MODULES

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "docs" / "vm"
USER_DATA = FOLDER / "user-data.yaml"
LIMA = FOLDER / "lima.yaml"
SCHEMA = "usr/lib/python3/dist-packages/cloudinit/config/schemas/schema-cloud-config-v1.json"
PLACEHOLDER = "FILL-IN"


def user_data() -> dict[str, Any]:
    """Return the file's content."""
    found = yaml.safe_load(USER_DATA.read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def written() -> dict[str, str]:
    """Return the files that the VM is given, by their path."""
    return {entry["path"]: entry["content"] for entry in user_data()["write_files"]}


def scripts() -> dict[str, str]:
    """Return every script of the two YAML files."""
    out = {path: text for path, text in written().items() if text.startswith("#!")}
    lima = yaml.safe_load(LIMA.read_text("utf-8"))
    return out | {f"lima {number}": step["script"] for number, step in enumerate(lima["provision"])}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """cloud-init's schema of a user-data."""
    path = ROOT / ".venv" / "cloud-init" / SCHEMA
    if not path.exists():
        pytest.skip("cloud-init's schema is not here: make vm-setup")
    found = orjson.loads(path.read_bytes())
    assert isinstance(found, dict)
    return found


def mistakes(data: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """Return what the schema has against *data*: a wrong value, or a key that no module knows."""
    found = jsonschema.Draft4Validator(schema).iter_errors(data)
    out = [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in found]
    known: set[str] = set()
    for module in schema["$defs"].values():
        known |= set(module.get("properties", {}))
    return sorted(out + [f"{key}: no module knows it" for key in data if key not in known])


def test_cloud_init_takes_the_user_data(schema: dict[str, Any]) -> None:
    """Not a word against it, and the first line is the one by which cloud-init knows its kind."""
    assert mistakes(user_data(), schema) == []
    assert USER_DATA.read_text("utf-8").startswith("#cloud-config\n")


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ({"packges": ["git"]}, "packges: no module knows it"),
        ({"packages": "git"}, "packages: 'git' is not of type 'array'"),
        ({"power_state": {"mode": "sleep"}}, "power_state.mode: 'sleep' is not one of"),
        ({"write_files": [{"pth": "/etc/x"}]}, "write_files.0: 'path' is a required property"),
    ],
)
def test_a_planted_mistake_is_refused(
    planted: dict[str, Any], said: str, schema: dict[str, Any]
) -> None:
    """The check bites: a misspelt key, a wrong type, a wrong word, a key that is missing."""
    found = mistakes(user_data() | planted, schema)

    assert any(line.startswith(said) for line in found), found


@pytest.mark.parametrize("name", scripts())
def test_the_shell_can_read_every_script(name: str) -> None:
    """``bash -n``; one that it could not read would be found out in the VM, minutes later."""
    done = subprocess.run(
        ["bash", "-n"], input=scripts()[name], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_the_shell_refuses_a_planted_mistake() -> None:
    """An ``if`` that is never closed."""
    done = subprocess.run(
        ["bash", "-n"], input="if true; then\n", capture_output=True, text=True, check=False
    )

    assert done.returncode != 0


def test_the_vm_loads_the_modules_of_a_guest() -> None:
    """The list of ``sekisho vm run``, no more and no less."""
    assert tuple(written()["/etc/modules-load.d/sekisho.conf"].split()) == _MODULES


def test_the_vm_allows_what_a_town_asks_for() -> None:
    """Every setting stands at a value that `sekisho.runtime.namespaces` takes for allowed."""
    text = written()["/etc/sysctl.d/60-sekisho.conf"]
    given = dict(re.findall(r"^-(\S+) = (\S+)$", text, re.M))
    allowing = {name: value for name, _, value in _SETTINGS}

    assert given
    assert given == {name: allowing.get(name) for name in given}


def test_no_package_of_the_own_set_up_is_listed_twice() -> None:
    """The user-data names only what that set-up needs to start."""
    text = (ROOT / ".ci" / "setup").read_text("utf-8")
    listed = re.search(r"^packages=\(\n(.*?)^\)", text, re.M | re.S)
    assert listed is not None

    assert set(user_data()["packages"]) & set(listed[1].split()) == set()


def test_an_address_must_be_filled_in() -> None:
    """The file names no host: it stands as a placeholder, and the script refuses just that word."""
    script = written()["/usr/local/sbin/sekisho-setup"]

    assert f"ADDRESS={PLACEHOLDER}\n" in written()["/etc/default/sekisho"]
    assert f"if [[ $ADDRESS = {PLACEHOLDER} || -z $ADDRESS ]]; then" in script
    assert not re.search(r"\w+://", USER_DATA.read_text("utf-8"))


def test_lima_reads_the_one_user_data() -> None:
    """It has no copy: cloud-init's modules that the file uses, run on the file, then its script."""
    (script,) = [text for name, text in scripts().items() if name.startswith("lima")]
    modules = re.search(r"for module in (.*); do", script)
    assert modules is not None
    by_key = {"write_files": "write_files", "users": "users_groups"}
    by_key |= dict.fromkeys(("package_update", "packages"), "package_update_upgrade_install")
    left = {"runcmd", "power_state"}  # the script itself; Lima's own restart

    assert str(USER_DATA.relative_to(ROOT)) in script
    assert set(modules[1].split()) == set(by_key.values())
    assert set(user_data()) == set(by_key) | left
    assert user_data()["runcmd"] == [[script.split()[-1]]]
