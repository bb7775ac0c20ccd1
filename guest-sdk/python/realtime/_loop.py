"""asyncio in a component: one handler at a time, run to its end.

The sandbox has no sockets and no threads, so a handler can only wait for time to pass. The event loop is asyncio's,
with a sleep in place of the selector. asyncio's default loop cannot start there, as it needs a socket to wake itself
up.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from typing import Any

from . import _data


class _Clock:
    """A selector that has nothing to select from, and only sleeps."""

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
        """Would wake the selector for callbacks of other threads. There are none."""


_loop: Loop | None = None


def run(returned: Any) -> Any:
    """The value that a handler returned, awaited if it is awaitable. Tasks that the handler left running are
    cancelled."""
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
    """Creates the loop now, and makes `asyncio.run` and the like use this class of loop."""
    global _loop
    _loop = Loop()
    # Deprecated, but this Python's asyncio still uses it, and there is no other way to set the loop of others' code.
    policy: Any = asyncio.events._get_event_loop_policy()
    policy._loop_factory = Loop
