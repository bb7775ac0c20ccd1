"""asyncio in a component: the handlers of one event, run to their end, and what they started.

The sandbox has no sockets and no threads, so a handler can only wait for time to pass. The event loop is asyncio's,
with a sleep in place of the selector. asyncio's default loop cannot start there, as it needs a socket to wake itself
up.

An event is over when its handlers have ended and no task or callback that they started is left. What then takes more
than `LEFT_TIME` is dropped with one warning, so that the acknowledgement still leaves within the handler's time.
"""

from __future__ import annotations

import asyncio
import inspect
import time
import weakref
from collections.abc import Collection
from typing import Any

from . import _data, _traces

LEFT_TIME = 5.0
"""Seconds that tasks may take after the event's handlers have ended. Half of the time that the host gives an event by
default; a component does not know the time of its own."""

_CLEANUP_TIME = 1.0
"""Seconds that cancelled tasks may take for their `finally`."""


class _Clock:
    """A selector that has nothing to select from, and only sleeps."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self.until: float | None = None
        """When the loop stops although there is something to do, or to wait for."""

    def select(self, timeout: float | None) -> list[Any]:
        if self.until is not None and (timeout is None or self._loop.time() + timeout > self.until):
            self._loop.stop()
            return []
        if timeout is None:
            raise RuntimeError("the handler waits for something that nobody is left to do")
        if timeout > 0:
            _data.save()
            time.sleep(timeout)
        return []

    def close(self) -> None:
        pass


class Loop(asyncio.BaseEventLoop):
    """asyncio's loop, with timers only. It says which tasks failed that nobody awaited."""

    # asyncio's own, which its type stubs do not have.
    _ready: Collection[asyncio.Handle]
    _scheduled: Collection[asyncio.TimerHandle]

    def __init__(self) -> None:
        super().__init__()
        self._selector = _Clock(self)
        # Weak, because a handler may start many, one after the other. One that is freed says itself that it failed.
        self._tasks: weakref.WeakKeyDictionary[asyncio.Future[Any], None] = weakref.WeakKeyDictionary()

    def create_task(self, coro: Any, **options: Any) -> asyncio.Task[Any]:
        task = super().create_task(coro, **options)
        self._tasks[task] = None
        return task

    def close(self) -> None:
        self.report_failures()
        super().close()

    def run_at_most(self, seconds: float) -> None:
        """Runs until nothing is left to do that can be done in this time."""
        self._selector.until = self.time() + seconds
        try:
            while True:
                try:
                    self.run_forever()
                    return
                except (SystemExit, KeyboardInterrupt) as error:
                    # The only exceptions that leave the loop. The others' work goes on.
                    self.call_exception_handler({"message": "a task wants to end the program", "exception": error})
        finally:
            self._selector.until = None

    def report_failures(self) -> None:
        """Logs the exceptions of tasks that nobody has asked for so far."""
        for task in [task for task in self._tasks if task.done() and not task.cancelled()]:
            if task._log_traceback:
                # To ask for it also means that it is not reported again.
                self.call_exception_handler({"message": "", "exception": task.exception(), "future": task})

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """Logs what asyncio finds out by itself: failed tasks and futures that nobody awaited, failed callbacks."""
        _traces.log_left(_what(context), context.get("exception"))

    def left(self) -> list[str]:
        """The names of what is not done yet, tasks first."""
        timers = [handle for handle in self._scheduled if not (handle.cancelled() or _is_of_asyncio(handle))]
        return [*map(_coroutine, asyncio.all_tasks(self)), *map(_callback, timers)]

    def _process_events(self, events: list[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        """Would wake the selector for callbacks of other threads. There are none."""


_loop: Loop | None = None


def run(returned: Any) -> Any:
    """The value that a handler returned, awaited if it is awaitable. Tasks that it has left running go on in
    `settle`."""
    if not inspect.isawaitable(returned):
        return returned
    loop = _current()
    task = loop.create_task(_await(returned))
    try:
        return loop.run_until_complete(task)
    finally:
        if not task.done():
            task.cancel()
        elif not task.cancelled():
            # The caller has the exception.
            task.exception()


def settle(event: str) -> None:
    """Called when the handlers of an event have ended: waits for the tasks and callbacks that they have left."""
    loop = _loop
    if loop is None or loop.is_closed() or not (loop._tasks or loop._ready or loop._scheduled):
        return
    try:
        loop.run_at_most(LEFT_TIME)
        _drop(loop, event)
    finally:
        loop.report_failures()
        if loop._ready or loop.left():
            # They would go on in the next event of this instance.
            loop.close()


def _drop(loop: Loop, event: str) -> None:
    """Cancels tasks, and forgets callbacks, that are left at the end of an event."""
    names = loop.left()
    if not names:
        return
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_at_most(_CLEANUP_TIME)
    for task in asyncio.all_tasks(loop):
        task._log_destroy_pending = False  # type: ignore[attr-defined]
    _traces.warn_left(event, names, LEFT_TIME)


def _current() -> Loop:
    global _loop
    if _loop is None or _loop.is_closed():
        _loop = Loop()
    return _loop


async def _await(awaitable: Any) -> Any:
    return await awaitable


def _what(context: dict[str, Any]) -> str:
    message = str(context.get("message", ""))
    if isinstance(handle := context.get("handle"), asyncio.Handle):
        return f"the callback `{_callback(handle)}`"
    future = context.get("task") or context.get("future")
    if isinstance(future, asyncio.Task):
        return f"the task `{_coroutine(future)}`, which nobody awaited,"
    return "a future, which nobody awaited," if future is not None else message


def _coroutine(task: asyncio.Task[Any]) -> str:
    return _name(task.get_coro())


def _callback(handle: asyncio.Handle) -> str:
    return _name(handle._callback)  # type: ignore[attr-defined]


def _is_of_asyncio(handle: asyncio.Handle) -> bool:
    """Whether it is a part of a task's own waiting, such as its `sleep`."""
    return str(getattr(handle._callback, "__module__", "")).startswith("asyncio.")  # type: ignore[attr-defined]


def _name(function: Any) -> str:
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    return str(name).rpartition("<locals>.")[2]


def prepare() -> None:
    """Creates the loop now, and makes `asyncio.run` and the like use this class of loop."""
    global _loop
    _loop = Loop()
    # Deprecated, but this Python's asyncio still uses it, and there is no other way to set the loop of others' code.
    # Before 3.14, where tests may run, it had its public name only.
    policy: Any = getattr(asyncio.events, "_get_event_loop_policy", asyncio.get_event_loop_policy)()
    policy._loop_factory = Loop
