"""In a namespace with one user, becoming another is nothing; all else is the kernel's own."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sekisho.runtime.one_user import program

_NOBODY = 65534  # nobody of a namespace with one user
_SCRIPT = """
import json, os, sys
from sekisho.runtime.one_user import be_one_user
be_one_user()
said = {}
for name, arguments in json.loads(sys.argv[1]):
    try:
        getattr(os, name)(*arguments)
        said[f"{name}{arguments}"] = "done"
    except OSError as error:
        said[f"{name}{arguments}"] = error.strerror
print(json.dumps([said, os.getresuid(), os.getresgid(), os.getgroups()]))
"""


@pytest.mark.parametrize("namespace", [(), ("unshare", "--user", "--map-root-user", "--")])
def test_to_become_another_is_done_and_nothing(tmp_path: Path, namespace: tuple[str, ...]) -> None:
    """Every call that names somebody else says "done"; who one is, and a file's owner, stay."""
    if namespace and subprocess.run([*namespace, "true"], check=False).returncode:
        pytest.skip("user namespaces are refused here")
    file = tmp_path / "file"
    file.touch()
    os.chown(file, os.geteuid(), os.getegid())
    mine = str(file)
    others: list[tuple[str, list[Any]]] = [
        *(("setgid", [_NOBODY]), ("setuid", [_NOBODY]), ("setgroups", [[_NOBODY]])),
        *(("setgroups", [[]]), ("setregid", [_NOBODY, _NOBODY]), ("setreuid", [0, _NOBODY])),
        *(("setresuid", [0, 0, _NOBODY]), ("setresgid", [_NOBODY, 0, 0])),
        *(("chown", [mine, _NOBODY, 0]), ("lchown", [mine, 0, _NOBODY])),
        ("chown", [str(tmp_path / "nothing"), _NOBODY, _NOBODY]),
    ]
    before = (file.stat().st_uid, file.stat().st_gid)
    said, uids, gids, groups = _told(namespace, others)

    assert set(said.values()) == {"done"}
    assert (len(set(uids)), len(set(gids))) == (1, 1)
    assert _NOBODY not in (*uids, *gids)
    assert groups == (_told(namespace, [])[3])
    assert (file.stat().st_uid, file.stat().st_gid) == before


def test_what_names_nobody_else_is_the_kernels_own(tmp_path: Path) -> None:
    """A file that is not there is not there, and the one user may be who he is."""
    namespace = ("unshare", "--user", "--map-root-user", "--")
    if subprocess.run([*namespace, "true"], check=False).returncode:
        pytest.skip("user namespaces are refused here")
    nothing = str(tmp_path / "nothing")
    calls: list[tuple[str, list[Any]]] = [("chown", [nothing, 0, 0]), ("chown", [nothing, -1, -1])]
    calls += [("setuid", [0]), ("setresgid", [-1, 0, -1]), ("rmdir", [nothing])]
    said, uids, gids, _ = _told(namespace, calls)

    assert list(said.values()) == [
        *("No such file or directory", "No such file or directory"),
        *("done", "done", "No such file or directory"),
    ]
    assert (uids, gids) == ([0, 0, 0], [0, 0, 0])


def _told(namespace: tuple[str, ...], calls: list[tuple[str, list[Any]]]) -> Any:
    done = subprocess.run(
        [*namespace, sys.executable, "-c", _SCRIPT, json.dumps(calls)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return json.loads(done.stdout)


def test_every_machine_that_set_up_knows_has_a_filter() -> None:
    """Debian's and Ubuntu's amd64 and arm64; on another one, nothing is filtered."""
    assert platform.machine() in ("x86_64", "aarch64")
    assert len(program("x86_64")) % 8 == len(program("aarch64")) % 8 == 0
    assert program("s390x") == b""
