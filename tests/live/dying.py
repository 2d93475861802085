"""A controller that dies at its N-th step of a change: ``python -m tests.live.dying N ARGUMENTS``.

The steps are those of the journal and of the tables; nothing of the product knows of it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from controller.__main__ import main as serve
from controller.transition import Mover
from sekisho.resegment.journal import Journal

DIED = 99
#: Written before and after every one of these.
STEPS: tuple[tuple[type, str], ...] = (
    (Journal, "write"),
    (Mover, "_do"),
    (Mover, "_read_back"),
)


def main() -> None:
    """Count the steps down, and die between two of them."""
    left = int(sys.argv.pop(1))

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any) -> Any:
            nonlocal left
            if left == 0:
                os._exit(DIED)
            left -= 1
            return method(*args)

        return wrapper

    def counted_words(method: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(self: Any, entry: str, **facts: Any) -> Any:
            nonlocal left
            if left == 0:
                os._exit(DIED)
            left -= 1
            return method(self, entry, **facts)

        return wrapper

    for owner, name in STEPS:
        wrap = counted_words if owner is Journal else counted
        setattr(owner, name, wrap(getattr(owner, name)))
    serve()


if __name__ == "__main__":
    main()
