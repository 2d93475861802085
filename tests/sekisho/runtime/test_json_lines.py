"""Socket files: where one can be made, and what is said where none can."""

from __future__ import annotations

from pathlib import Path

import pytest

from sekisho.errors import LabError
from sekisho.runtime.json_lines import JsonLineConnection, listening


def test_a_long_path_is_listened_at(tmp_path: Path) -> None:
    """Longer than the 107 bytes that a socket's address holds (unix(7))."""
    folder = tmp_path / ("a" * 100) / ("b" * 100)
    folder.mkdir(parents=True)

    with (
        listening(folder / "town.sock") as door,
        JsonLineConnection.to(folder / "town.sock") as conn,
    ):
        conn.write({"op": "state"})
        with JsonLineConnection(door.accept()[0]) as other:
            assert other.read(1) == {"op": "state"}


def test_a_folder_that_holds_no_socket_file_is_named_with_what_to_do() -> None:
    """So is a folder of the host in a VM; here, where the kernel makes all files itself."""
    with (
        pytest.raises(LabError, match=r"no socket can be made there .*\n  hint: --out a folder on"),
        listening(Path("/proc/self/town.sock")),
    ):
        pass
