"""``python -m topologies.relay PORT PATH``: the inner end of `sekisho.runtime.tcp_bridge`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from sekisho.runtime.tcp_bridge import serve_inside

if __name__ == "__main__":
    asyncio.run(serve_inside(int(sys.argv[1]), Path(sys.argv[2])))
