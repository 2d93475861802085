"""A setting that a kernel lacks needs no switching off, but one that is needed must be there."""

from __future__ import annotations

from pathlib import Path

import pytest

from sekisho.errors import LabError
from topologies.network import sysctl


def test_what_is_there_is_set(tmp_path: Path) -> None:
    """Both ways."""
    (tmp_path / "ipv4").mkdir()
    (tmp_path / "ipv4" / "ip_forward").write_text("1")
    (tmp_path / "ipv4" / "rp_filter").write_text("1")
    sysctl.put("ipv4/ip_forward", "0", root=tmp_path)

    assert sysctl.put_if_there("ipv4/rp_filter", "0", root=tmp_path)
    assert (tmp_path / "ipv4" / "ip_forward").read_text() == "0"
    assert (tmp_path / "ipv4" / "rp_filter").read_text() == "0"


def test_what_is_not_there_is_switched_off_already(tmp_path: Path) -> None:
    """A kernel that was started with ``ipv6.disable=1`` has no folder of it."""
    assert not sysctl.put_if_there("ipv6/conf/all/disable_ipv6", "1", root=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_needed_and_not_there_is_told(tmp_path: Path) -> None:
    """Nothing else would say it."""
    with pytest.raises(LabError) as caught:
        sysctl.put("ipv4/conf/nb-eth0/rp_filter", "0", root=tmp_path)

    assert str(caught.value) == (
        f"this kernel has no setting {tmp_path}/ipv4/conf/nb-eth0/rp_filter"
    )
