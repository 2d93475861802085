"""Checksums that are complete when a frame leaves a host, as on a real cable.

A veth pair leaves them to a network card that does not exist: the userspace datapath and every
capture would see wrong ones. The same as ``ethtool -K NAME tx off``, without a process for each.
"""

from __future__ import annotations

import array
import fcntl
import socket
import struct

_SIOCETHTOOL = 0x8946  # linux/sockios.h
_ETHTOOL_STXCSUM = 0x17  # linux/ethtool.h
_VALUE = struct.Struct("=II")  # ethtool_value: command, data
_REQUEST = struct.Struct("@16sP16x")  # ifreq: name, pointer to the value; netdevice(7)


def complete_checksums(name: str) -> None:
    """Have an interface of this thread's network namespace send complete checksums.

    Raises:
        OSError: There is no such interface, or it cannot.
    """
    value = array.array("B", _VALUE.pack(_ETHTOOL_STXCSUM, 0))
    address, _ = value.buffer_info()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        fcntl.ioctl(door, _SIOCETHTOOL, _REQUEST.pack(name.encode(), address))
