"""``python -m topologies.relay PORT PATH``: the inner end of `sekisho.relay`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from sekisho.relay import serve_inside

if __name__ == "__main__":
    asyncio.run(serve_inside(int(sys.argv[1]), Path(sys.argv[2])))
