"""Every place where a folder may be seen is known, so that it can be hidden in all of them."""

from __future__ import annotations

from pathlib import Path

from topologies.network.namespaces import places

_TABLE = r"""
21 1 8:1 / / rw - ext4 /dev/sda1 rw
22 21 0:5 / /proc rw - proc proc rw
23 21 8:2 / /home rw - ext4 /dev/sda2 rw
24 21 8:2 /me/town /mnt rw - ext4 /dev/sda2 rw
25 21 8:2 /me/a\040b /srv/a\040b rw - ext4 /dev/sda2 rw
26 21 8:2 /me/町 /srv/町 rw - ext4 /dev/sda2 rw
27 21 8:3 / /home/me/disk rw - ext4 /dev/sda3 rw
28 21 8:4 / /home/me/disk rw - ext4 /dev/sda4 rw
""".strip()


def test_a_folder_is_where_its_disk_is() -> None:
    """And nowhere else."""
    assert places(Path("/home/you/runs/1"), _TABLE) == [Path("/home/you/runs/1")]
    assert places(Path("/var/runs/1"), _TABLE) == [Path("/var/runs/1")]


def test_a_folder_is_also_where_a_part_of_its_disk_is_mounted() -> None:
    """A bind mount shows it under another name."""
    assert places(Path("/home/me/town/runs/1"), _TABLE) == [
        Path("/home/me/town/runs/1"),
        Path("/mnt/runs/1"),
    ]
    assert places(Path("/mnt/runs/1"), _TABLE) == [
        Path("/home/me/town/runs/1"),
        Path("/mnt/runs/1"),
    ]


def test_names_are_read_as_the_kernel_writes_them() -> None:
    """White space is in octal, everything else as it is."""
    assert Path("/srv/a b/runs") in places(Path("/home/me/a b/runs"), _TABLE)
    assert Path("/srv/町/runs") in places(Path("/home/me/町/runs"), _TABLE)


def test_of_two_disks_at_one_place_the_later_is_seen() -> None:
    """What lies below it is hidden already."""
    assert places(
        Path("/home/me/disk/runs"), _TABLE.replace("8:3 / /home/me/disk", "8:4 /x /y")
    ) == [*(Path("/home/me/disk/runs"),)]
