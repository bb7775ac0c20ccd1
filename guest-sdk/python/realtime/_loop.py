"""asyncio in a component: one handler at a time, run to its end.

There are no sockets and no threads in the sandbox, so nothing can happen while a handler waits but time: the event loop
is asyncio's own, with a sleep in place of the selector. The standard one cannot start there, it wants a socket to wake
itself up.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from typing import Any

from . import _data


class _Clock:
    """A selector without anything to select from."""

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("the handler waits for something that nobody is left to do")
        if timeout > 0:
            _data.save()
            time.sleep(timeout)
        return []

    def close(self) -> None:
        pass


class Loop(asyncio.BaseEventLoop):
    """asyncio's loop, with timers only."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _Clock()

    def _process_events(self, events: list[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        """Wakes the selector for callbacks of other threads, and there are none."""


_loop: Loop | None = None


def run(returned: Any) -> Any:
    """What a handler returned; awaited, where it is awaitable. Tasks that it leaves behind are cancelled."""
    global _loop
    if not inspect.isawaitable(returned):
        return returned
    if _loop is None or _loop.is_closed():
        _loop = Loop()
    try:
        return _loop.run_until_complete(_await(returned))
    finally:
        _cancel_rest(_loop)


async def _await(awaitable: Any) -> Any:
    return await awaitable


def _cancel_rest(loop: Loop) -> None:
    rest = asyncio.all_tasks(loop)
    if not rest:
        return
    for task in rest:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*rest, return_exceptions=True))


def prepare() -> None:
    """Makes the loop now, and has `asyncio.run` and the like use its kind."""
    global _loop
    _loop = Loop()
    # Deprecated, and what asyncio of this Python asks: there is no other place to say it for code that is not ours.
    policy: Any = asyncio.events._get_event_loop_policy()
    policy._loop_factory = Loop
