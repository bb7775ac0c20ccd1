"""What handlers leave to be done when they end."""

from __future__ import annotations

import asyncio
import contextlib
import io
import unittest
from collections.abc import Callable
from typing import Any
from unittest import mock

from realtime import RealtimeNamespace, _loop
from realtime.testing import TestSocket

ns = RealtimeNamespace()


class Clock:
    """A clock that only `sleep` moves, so that no test waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Events(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        for patch in (mock.patch("time.monotonic", self.clock.monotonic), mock.patch("time.sleep", self.clock.sleep)):
            self.enterContext(patch)
        if _loop._loop is not None:
            _loop._loop.close()
        _loop._loop = _loop.Loop()
        self.addCleanup(lambda loop: loop.close(), _loop._loop)

    def fire(self, handler: Callable[..., Any], *args: object) -> tuple[Any, list[Any], str]:
        """The acknowledgement, the commands and what was logged."""
        ns = RealtimeNamespace()
        ns.socket.on("event", handler)
        socket = TestSocket(ns)
        with contextlib.redirect_stderr(io.StringIO()) as log:
            returned = socket.fire("event", *args)
        return returned, [command[1:] for command in socket.commands], log.getvalue()


class Left(Events):
    def test_tasks_that_nobody_awaits_are_done_before_the_event_ends(self) -> None:
        async def store(seconds: float) -> None:
            await asyncio.sleep(seconds)
            ns.socket.emit("stored", seconds)
            if seconds > 1:
                asyncio.create_task(store(seconds - 1))

        async def handler() -> str:
            asyncio.create_task(store(0))
            asyncio.create_task(store(2))
            return "ok"

        self.assertEqual(self.fire(handler), ("ok", [("stored", 0), ("stored", 2), ("stored", 1)], ""))

    def test_so_are_callbacks_and_timers(self) -> None:
        async def handler() -> None:
            loop = asyncio.get_running_loop()
            future = loop.create_future()
            future.add_done_callback(lambda done: ns.socket.emit("done", done.result()))
            loop.call_soon(ns.socket.emit, "soon")
            loop.call_later(0.5, future.set_result, 7)

        self.assertEqual(self.fire(handler)[1:], ([("soon",), ("done", 7)], ""))

    def test_so_is_what_a_failed_handler_has_left(self) -> None:
        async def handler() -> None:
            asyncio.get_running_loop().call_later(0.1, print, "done")
            raise ValueError("of the handler")

        with contextlib.redirect_stdout(io.StringIO()) as printed, self.assertRaisesRegex(ValueError, "of the handler"):
            self.fire(handler)
        self.assertEqual(printed.getvalue(), "done\n")

    def test_what_takes_too_long_is_dropped_with_one_warning(self) -> None:
        async def remind() -> None:
            try:
                await asyncio.sleep(60)
            finally:
                ns.socket.emit("cancelled")

        async def handler() -> str:
            for _ in range(2):
                asyncio.create_task(remind())
            asyncio.get_running_loop().call_later(60, print, "never")
            return "ok"

        returned, commands, log = self.fire(handler)
        self.assertEqual((returned, commands), ("ok", [("cancelled",), ("cancelled",)]))
        self.assertRegex(log, r"^<4>event 'event' was over, and 3 tasks or timers would not .*`remind`, `print`;.*\n$")
        self.assertEqual(self.clock.now, 0, "nothing waits for what cannot be done in time")

    def test_a_task_without_end_or_that_cannot_be_cancelled_ends_with_the_event(self) -> None:
        async def poll() -> None:
            while True:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(1)
                    ns.socket.emit("tick")

        async def handler() -> None:
            asyncio.create_task(poll())

        _, commands, log = self.fire(handler)
        self.assertIn("1 task or timer would not end within 5 s (dropped): `poll`", log)
        self.assertLessEqual(self.clock.now, _loop.LEFT_TIME + _loop._CLEANUP_TIME)
        self.assertLessEqual(len(commands), 6)
        before = self.clock.now
        # The next event in this instance.
        self.assertEqual(self.fire(lambda: 1), (1, [], ""))

        async def next_one() -> int:
            await asyncio.sleep(3)
            return 2

        self.assertEqual(self.fire(next_one), (2, [], ""))
        self.assertEqual(self.clock.now, before + 3)

    def test_a_task_that_waits_for_nobody_is_dropped_at_once(self) -> None:
        async def worker(queue: asyncio.Queue[int]) -> None:
            while True:
                ns.socket.emit("got", await queue.get())

        async def handler() -> None:
            queue: asyncio.Queue[int] = asyncio.Queue()
            asyncio.create_task(worker(queue))
            queue.put_nowait(1)

        _, commands, log = self.fire(handler)
        self.assertEqual(commands, [("got", 1)])
        self.assertIn("1 task or timer would not end within 5 s (dropped): `worker`", log)
        self.assertEqual(self.clock.now, 0)

    def test_timeouts_that_are_over_do_not_count(self) -> None:
        async def handler() -> str:
            async with asyncio.timeout(60):
                return "in time"

        self.assertEqual(self.fire(handler), ("in time", [], ""))
        self.assertEqual(self.clock.now, 0)


class Failures(Events):
    def test_in_tasks_that_nobody_awaits_are_logged_with_their_lines(self) -> None:
        async def fails(early: bool) -> None:
            if not early:
                await asyncio.sleep(0.1)
            raise ValueError("the disk is full")

        for early in (True, False):

            async def handler(early: bool = early) -> str:
                kept.append(asyncio.create_task(fails(early)))
                await asyncio.sleep(0)
                return "ok"

            kept: list[Any] = []
            returned, _, log = self.fire(handler)
            self.assertEqual(returned, "ok")
            self.assertRegex(
                log, r"^<3>the task `fails`, which nobody awaited, failed\nTraceback .*\n  File .*test_left"
            )
            self.assertRegex(log, r"\nValueError: the disk is full\n$")
            self.assertEqual(log.count("Traceback"), 1)
            self.assertNotIn("asyncio", log)

    def test_in_callbacks_and_futures_as_well(self) -> None:
        async def handler() -> str:
            loop = asyncio.get_running_loop()
            loop.call_soon(lambda: 1 / 0)
            loop.create_future().set_exception(ValueError("of a future"))
            return "ok"

        returned, _, log = self.fire(handler)
        self.assertEqual(returned, "ok")
        self.assertRegex(log, r"<3>the callback `<lambda>` failed\nTraceback[\s\S]*ZeroDivisionError")
        self.assertRegex(log, r"<3>a future, which nobody awaited, failed\nValueError: of a future")

    def test_a_task_that_wants_to_end_the_program_does_not(self) -> None:
        async def ends() -> None:
            await asyncio.sleep(0)
            raise SystemExit(3)

        async def handler() -> str:
            asyncio.create_task(ends())
            asyncio.get_running_loop().call_later(1, ns.socket.emit, "later")
            return "ok"

        returned, commands, log = self.fire(handler)
        self.assertEqual((returned, commands), ("ok", [("later",)]))
        self.assertIn("SystemExit: 3", log)

    def test_those_that_somebody_has_seen_are_not_logged(self) -> None:
        async def fails() -> None:
            raise ValueError("seen")

        async def handler() -> str:
            task = asyncio.create_task(fails())
            with contextlib.suppress(ValueError):
                await task
            await asyncio.gather(fails(), return_exceptions=True)
            return "ok"

        self.assertEqual(self.fire(handler), ("ok", [], ""))

    def test_those_of_asyncio_run_are_logged_too(self) -> None:
        async def fails() -> None:
            raise ValueError("unseen")

        async def main() -> None:
            tasks.append(asyncio.create_task(fails()))
            await asyncio.sleep(0.1)

        tasks: list[Any] = []
        with asyncio.Runner(loop_factory=_loop.Loop) as runner, contextlib.redirect_stderr(io.StringIO()) as log:
            runner.run(main())
            runner.close()
        self.assertIn("ValueError: unseen", log.getvalue())

    def test_a_coroutine_that_was_never_started_is_named_by_python(self) -> None:
        async def store() -> None: ...

        async def handler() -> None:
            store()  # type: ignore[unused-coroutine]

        with self.assertWarnsRegex(RuntimeWarning, "`?coroutine '.*store' was never awaited"):
            self.fire(handler)


if __name__ == "__main__":
    unittest.main()
