"""Schedules, as modules register them. When they are due is tested in `host/crates/gateway`."""

from __future__ import annotations

import functools
import re
import unittest
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from realtime import NotConnectedError, RealtimeNamespace, _worlds
from realtime.testing import Target, TestSocket, TestStore, run_schedule

DOCS = Path(__file__).parent.parent.parent.parent / "docs"
NINE = datetime(2026, 3, 2, 9, tzinfo=timezone.utc)


class Schedules(unittest.TestCase):
    def setUp(self) -> None:
        self.ns = RealtimeNamespace("/clock")
        self.ran: list[Any] = []

    def refused(self, handler: Any, *times: Any) -> str:
        with self.assertRaises(TypeError) as caught:
            self.ns.schedule(*(times or ("every 1s",)))(handler)
        return str(caught.exception)

    def test_their_names_are_their_times(self) -> None:
        for times in [("every 1s",), ("0 9 * * 1", "Europe/Berlin"), ("every 1s",), ("0 9 * * 1",), ("every 1s",)]:
            self.ns.schedule(*times)(lambda: None)
        names = ["every 1s", "0 9 * * 1 Europe/Berlin", "every 1s #2", "0 9 * * 1", "every 1s #3"]
        self.assertEqual([one.name for one in self.ns._schedules.all], names)
        with self.assertRaisesRegex(LookupError, "no schedule 'every 2s'; there are: every 1s, 0 9 .*, every 1s #3"):
            run_schedule(self.ns, "every 2s")

    def test_handlers_get_when_they_were_due_if_they_ask(self) -> None:
        @self.ns.schedule("every 1s")
        def plain() -> None:
            self.ran.append("plain")

        @self.ns.schedule("every 1s")
        async def asynchronous(due: datetime) -> None:
            self.ran.append(due)

        @self.ns.schedule("every 1s")
        def rest(*args: Any, more: int = 1) -> None:
            self.ran.append(args)

        self.ns.schedule("every 1s")(functools.partial(self.ran.append))
        for name in ("every 1s", "every 1s #2", "every 1s #3", "every 1s #4"):
            run_schedule(self.ns, name, due=NINE)
        self.assertEqual(self.ran, ["plain", NINE, (NINE,), NINE])
        self.assertEqual(plain.__name__, "plain")

    def test_they_run_without_a_socket(self) -> None:
        @self.ns.schedule("every 1s")
        def tick() -> Any:
            socket = self.ns.socket
            self.ns.emit("tick", self.ns.kv.increment("ticks"))
            self.ran.append([socket.id, socket.rooms, socket.connected, self.ns.count_sockets()])
            calls: list[Callable[[], Any]] = [lambda: socket.emit("x"), lambda: socket.join("x"), socket.disconnect]
            for call in calls:
                self.assertRaises(NotConnectedError, call)
            return "nobody gets it"

        store = TestStore({"ticks": 4})
        self.assertEqual(run_schedule(self.ns, "every 1s", kv=store), [("broadcast", Target(), "tick", 5)])
        self.assertEqual(store.values, {"ticks": 5})
        self.assertEqual(self.ran, [["", frozenset(), False, 0]])

    def test_what_they_raise_is_the_runs_error(self) -> None:
        self.ns.schedule("every 1s")(lambda: 1 / 0)
        with self.assertRaises(ZeroDivisionError):
            run_schedule(self.ns, "every 1s")

    def test_what_could_not_run_is_refused(self) -> None:
        def two(due: datetime, more: int) -> None: ...
        def keyword(*, due: datetime) -> None: ...
        def generator() -> Any:
            yield

        self.assertIn("takes nothing, or the time", self.refused(two))
        self.assertIn("takes nothing, or the time", self.refused(keyword))
        self.assertIn("not a generator", self.refused(generator))
        self.assertIn("is a function, not 5", self.refused(5))
        self.assertIn('`@ns.schedule("every 10s")`', self.refused(print, 10))
        self.assertIn('such as "Europe/Berlin", not 1', self.refused(print, "every 1s", 1))

    def test_handlers_register_none(self) -> None:
        self.ns.socket.on("late", lambda: self.ns.schedule("every 1s")(print))
        with self.assertRaisesRegex(RuntimeError, "when the module is loaded"):
            TestSocket(self.ns).fire("late")

    def test_a_component_with_some_exports_them(self) -> None:
        _worlds.used.clear()
        self.ns.schedule("every 1s")
        self.assertEqual(_worlds.used, set())
        self.ns.schedule("every 1s")(print)
        self.assertEqual(_worlds.used, {"scheduling"})

    def test_the_examples_of_the_pages_run(self) -> None:
        ns = example("schedules.md")
        self.assertEqual(run_schedule(ns, "every 10s"), [("broadcast", Target(), "tick")])
        calls = run_schedule(ns, "0 9 * * mon Europe/Berlin", due=NINE, kv=TestStore({"orders": 3}))
        self.assertEqual(calls, [("broadcast", Target(("staff",)), "weekly", 3)])
        store = TestStore()
        run_schedule(example("handlers-python.md", "\n## Schedules"), "every 1h 30m", due=NINE, kv=store)
        self.assertEqual(store.values, {"checked": "2026-03-02T09:00:00+00:00"})


def example(page: str, section: str = "") -> RealtimeNamespace:
    """The namespace of the first example in Python of a page, or of a section."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found = re.search(r"```python\n(.*?)```", text[text.index(section) :], re.DOTALL)
    assert found is not None, page
    module: dict[str, Any] = {}
    exec(found[1], module)
    ns: RealtimeNamespace = module["ns"]
    return ns


if __name__ == "__main__":
    unittest.main()
