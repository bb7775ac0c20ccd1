"""The key-value store, as handlers see it. That the host's does the same is tested in `tests/e2e/state.test.mjs`."""

from __future__ import annotations

import doctest
import re
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

import realtime._test_store
import realtime.kv
from realtime import InvalidPayloadError, KvEntry, KvError, RealtimeNamespace
from realtime._host import Payload
from realtime._payload import answer
from realtime._store import StoredEntry
from realtime.testing import TestSocket, TestStore, _TestHost

DOCS = Path(__file__).parent.parent.parent.parent / "docs"


class Stored(unittest.TestCase):
    def setUp(self) -> None:
        self.ns = RealtimeNamespace("/test")
        self.kv = self.ns.kv
        self.store = TestStore()

    def run_in_handler(self, function: Callable[..., Any]) -> Any:
        """What a handler answers."""
        ns = RealtimeNamespace("/test")
        ns.socket.on("run", function)
        return TestSocket(ns, kv=self.store).fire("run")

    def refused(self, function: Callable[..., Any]) -> tuple[str, str]:
        with self.assertRaises(KvError) as caught:
            self.run_in_handler(function)
        return caught.exception.code, str(caught.exception)


class Calls(Stored):
    def test_values_are_json_and_bytes_stay_bytes(self) -> None:
        values: list[Any] = [None, True, 0, 2**70, -1.5, "ü😀\ud800", [], {"a": [1, {"b": ""}]}, b"", b"\0", b'"x"', b"[1]"]
        for value in values:

            def handler(value: Any = value) -> Any:
                self.kv.set("key", value)
                return [self.kv.get("key"), self.kv.get_many(["key"])[0], dict(self.kv.list())["key"]]

            self.assertEqual(self.run_in_handler(handler), [value, value, value])
            self.assertEqual(self.store.values, {"key": value})

        def binary() -> Any:
            self.kv.set_many({"a": bytearray(b"1"), "b": memoryview(b"2")})
            return [type(value).__name__ for value in self.kv.get_many(["a", "b"])]

        self.assertEqual(self.run_in_handler(binary), ["bytes", "bytes"])

    def test_values_are_kept_as_in_other_languages(self) -> None:
        self.run_in_handler(lambda: self.kv.set_many({"json": {"a": [1, "ü"]}, "bytes": b"\x01"}))
        self.assertEqual(self.store.get("json"), StoredEntry('{"a":[1,"ü"]}'.encode(), 1))
        self.assertEqual(self.store.get("bytes"), StoredEntry(b"\0\x01", 2))

    def test_what_is_not_json_is_refused_and_changes_nothing(self) -> None:
        deep: list[Any] = []
        for _ in range(200):
            deep = [deep]
        for value, why in [
            ({1}, "send it as a list"),
            ([b"1"], "binary data is not allowed here"),
            (float("nan"), "JSON compliant"),
            (deep, "nested more than 128 levels deep"),
        ]:
            with self.assertRaisesRegex(InvalidPayloadError, f"kv.set: .*{why}"):
                self.run_in_handler(lambda value=value: self.kv.set("key", value))
            with self.assertRaisesRegex(InvalidPayloadError, f"kv.set_many: .*{why}"):
                self.run_in_handler(lambda value=value: self.kv.set_many([("key", 1), ("other", value)]))
        self.assertEqual(self.store.values, {})

    def test_what_nobody_can_read_says_so(self) -> None:
        for value, why in [(b"\xff", "neither JSON nor written by an SDK"), (b"", "Expecting"), (b"[" * 200, "128")]:
            self.store.put("key", value, None)
            code, text = self.refused(lambda: self.kv.get("key"))
            self.assertEqual(code, "unreadable")
            self.assertRegex(text, f"^kv.get: the value of `key`: .*{why}")
            self.assertEqual(self.refused(lambda: list(self.kv.list()))[1], text.replace("kv.get", "kv.list"))

    def test_absence(self) -> None:
        def handler() -> Any:
            absent = [self.kv.get("key"), self.kv.has("key"), self.kv.delete("key"), self.kv.get_many(["key"])]
            self.kv.set("key", None)
            return [absent, [self.kv.get("key"), self.kv.has("key"), self.kv.delete("key"), self.kv.delete("key")]]

        self.assertEqual(self.run_in_handler(handler), [[None, False, False, [None]], [None, True, True, False]])

    def test_batches(self) -> None:
        self.run_in_handler(lambda: self.kv.set_many([("a", 1), ("b", 2), ("a", 3)]))
        self.assertEqual(self.run_in_handler(lambda: self.kv.get_many(key for key in "bxa")), [2, None, 3])
        self.assertEqual(self.run_in_handler(lambda: self.kv.delete_many(["a", "x", "a"])), 1)
        self.assertEqual(self.store.values, {"b": 2})
        with self.assertRaisesRegex(TypeError, "several keys are a list"):
            self.run_in_handler(lambda: self.kv.delete_many("b"))

    def test_times_to_live_are_seconds(self) -> None:
        self.run_in_handler(lambda: self.kv.set("a", 1, ttl=1.5))
        self.run_in_handler(lambda: self.kv.set_many({"b": 1}, ttl=60))
        self.run_in_handler(lambda: self.kv.increment("c", ttl=1))
        self.store.advance(0.9)
        # A number that is there keeps its time to live.
        self.assertEqual(self.run_in_handler(lambda: self.kv.increment("c", ttl=60)), 2)
        self.store.advance(0.5)
        self.assertEqual(list(self.store.values), ["a", "b"])
        self.store.advance(0.1)
        self.assertEqual(list(self.store.values), ["b"])
        self.run_in_handler(lambda: self.kv.set("b", 1))
        self.store.advance(1e6)
        self.assertEqual(list(self.store.values), ["b"])
        for ttl in (0, -1, 0.0001, 1e11, float("inf"), float("nan")):
            self.assertEqual(
                self.refused(lambda ttl=ttl: self.kv.set("b", 2, ttl=ttl)),
                ("invalid-ttl", "kv.set: a time to live is between 1 ms and 100 years"),
            )

    def test_increments(self) -> None:
        def handler() -> Any:
            return [self.kv.increment("n"), self.kv.increment("n", 41), self.kv.increment("n", -50), self.kv.get("n")]

        self.assertEqual(self.run_in_handler(handler), [1, 42, -8, -8])
        for value in ("1", 1.5, None, 2**63):
            self.run_in_handler(lambda value=value: self.kv.set("n", value))
            self.assertEqual(self.refused(lambda: self.kv.increment("n"))[0], "not-a-number")
        self.run_in_handler(lambda: self.kv.set("n", 2**63 - 1))
        self.assertRegex(self.refused(lambda: self.kv.increment("n"))[1], "^kv.increment: .*64 bits, or would not be")
        self.assertEqual(self.refused(lambda: self.kv.increment("n", 2**63))[0], "not-a-number")
        half: Any = 0.5
        with self.assertRaises(TypeError):
            self.run_in_handler(lambda: self.kv.increment("n", half))

    def test_compare_and_set_by_value_and_absence(self) -> None:
        def handler() -> Any:
            swap = self.kv.compare_and_set
            done = [swap("k", "a", "b"), swap("k", None, "a"), swap("k", None, "b"), swap("k", "a", {"b": 1})]
            return [*done, swap("k", {"b": 1}, b"c"), swap("k", "c", "d"), swap("k", b"c", None), self.kv.has("k")]

        self.assertEqual(self.run_in_handler(handler), [False, True, False, True, True, False, True, False])
        # `get` does not tell JSON's null from absence.
        self.run_in_handler(lambda: self.kv.set("null", None))
        self.assertEqual(self.run_in_handler(lambda: self.kv.compare_and_set("null", None, 1)), True)

    def test_compare_and_set_by_version(self) -> None:
        def handler() -> Any:
            absent = self.kv.entry("k")
            first = self.kv.compare_and_set("k", absent, 1)
            entry = self.kv.entry("k")
            self.kv.set("k", 1)
            done = [first, self.kv.compare_and_set("k", absent, 2), self.kv.compare_and_set("k", entry, 2)]
            done.append(self.kv.compare_and_set("k", self.kv.entry("k"), 2))
            return [*done, absent == KvEntry(None, None), entry.value]

        self.assertEqual(self.run_in_handler(handler), [True, False, False, True, True, 1])

    def test_update_tries_again_with_what_others_have_set(self) -> None:
        seen = []

        def append(names: list[str] | None) -> list[str]:
            seen.append(names)
            if len(seen) < 3:
                # Another handler is faster.
                self.store.put("names", f'["{len(seen)}"]'.encode(), None)
            return [*(names or []), "Ada"]

        self.assertEqual(self.run_in_handler(lambda: self.kv.update("names", append, ttl=1)), ["2", "Ada"])
        self.assertEqual(seen, [None, ["1"], ["2"]])
        self.store.advance(1)
        self.assertEqual(self.store.values, {})

    def test_update_gives_up(self) -> None:
        def count(number: int | None) -> int:
            self.store.increment("n", 1, None)
            return 0

        code, text = self.refused(lambda: self.kv.update("n", count))
        self.assertEqual(code, "conflict")
        self.assertEqual(text, "kv.update: other handlers changed `n` meanwhile, each of 100 times")
        self.assertEqual(self.store.values, {"n": 100})

    def test_an_update_that_fails_changes_nothing(self) -> None:
        self.run_in_handler(lambda: self.kv.set("list", [1]))
        with self.assertRaisesRegex(TypeError, "it must return the new value"):
            self.run_in_handler(lambda: self.kv.update("list", lambda values: values.append(2)))
        with self.assertRaises(ZeroDivisionError):
            self.run_in_handler(lambda: self.kv.update("list", lambda _: 1 / 0))
        self.assertEqual(self.store.values, {"list": [1]})

    def test_listings_fetch_page_after_page(self) -> None:
        pairs = [(f"k{number:03}", number) for number in range(250)]
        self.run_in_handler(lambda: self.kv.set_many([*reversed(pairs), ("other", 0), ("j", 0)]))
        pages = []
        page = self.store.page

        def counted(*args: Any) -> Any:
            pages.append(args)
            return page(*args)

        setattr(self.store, "page", counted)
        self.assertEqual(self.run_in_handler(lambda: list(self.kv.list("k"))), [list(pair) for pair in pairs])
        self.assertEqual([cursor for _, cursor, _, _ in pages], [None, "k099", "k199"])
        self.assertEqual(self.run_in_handler(lambda: next(self.kv.keys("k24"))), "k240")
        self.assertEqual(pages[-1], ("k24", None, 100, True))
        self.assertEqual(self.run_in_handler(lambda: self.kv.clear("k")), 250)
        self.assertEqual(self.run_in_handler(lambda: list(self.kv.keys())), ["j", "other"])
        self.assertEqual(self.run_in_handler(lambda: self.kv.clear()), 2)
        self.assertEqual(self.run_in_handler(lambda: list(self.kv.list())), [])

    def test_listings_begin_and_end_where_they_are_told(self) -> None:
        self.run_in_handler(lambda: self.kv.set_many((f"k{number:03}", number) for number in range(250)))

        def keys(**bounds: Any) -> Any:
            return self.run_in_handler(lambda: list(self.kv.keys("k", **bounds)))

        self.assertEqual(keys(after="k247"), ["k248", "k249"])
        self.assertEqual(keys(after="k100", limit=2), ["k101", "k102"])
        self.assertEqual((len(keys(limit=100)), len(keys(limit=101)), keys(limit=0)), (100, 101, []))

    def test_a_page_may_be_empty_and_be_followed_by_another(self) -> None:
        pages: list[Any] = [([], "a"), ([("b", b"1")], "b"), ([], "c"), ([], None)]
        setattr(self.store, "page", lambda *_: pages.pop(0))
        self.assertEqual(self.run_in_handler(lambda: list(self.kv.list())), [["b", 1]])

    def test_bounds(self) -> None:
        for call, code, text in [
            (lambda: self.kv.get("x" * 1025), "key-too-long", "kv.get: a key has more than 1024 bytes"),
            (lambda: list(self.kv.list("x" * 1025)), "key-too-long", "kv.list: a key has more than 1024 bytes"),
            (lambda: self.kv.set("x", b"x" * 2**20), "value-too-large", "kv.set: the value has more than 1048576 bytes"),
            (lambda: self.kv.get_many(["x"] * 1001), "too-much", "kv.get_many: a batch has more than 1000 entries"),
        ]:
            self.assertEqual(self.refused(call), (code, text))

    def test_keys_are_text(self) -> None:
        wrong: Any = 1
        calls: list[Callable[[], Any]] = [
            lambda: self.kv.get(wrong),
            lambda: self.kv.set(wrong, 1),
            lambda: self.kv.set_many({wrong: 1}),
            lambda: self.kv.get_many([wrong]),
            lambda: self.kv.list(wrong),
        ]
        for call in calls:
            with self.assertRaisesRegex(TypeError, "is text, not 1"):
                self.run_in_handler(call)
        with self.assertRaisesRegex(InvalidPayloadError, "half a character"):
            self.run_in_handler(lambda: self.kv.get("\ud800"))


class Events(Stored):
    def test_calls_are_awaited_in_async_handlers(self) -> None:
        async def handler() -> Any:
            kv = self.kv
            await kv.set("a", 1)
            await kv.set_many({"b": 2, "list": [1]})
            got = [await kv.get("a"), await kv.get_many(["b"]), await kv.has("a"), await kv.increment("a")]
            entry = await kv.entry("b")
            got += [entry.value, await kv.compare_and_set("b", entry, 3), await kv.delete("b")]
            got += [await kv.delete_many(["b"])]
            got += [await kv.update("list", lambda values: [*values, 2])]
            got += [[item async for item in kv.list()], [key async for key in kv.keys()], await kv.clear()]
            return got

        self.assertEqual(
            self.run_in_handler(handler),
            [1, [2], True, 2, 2, True, True, 0, [1, 2], [["a", 2], ["list", [1, 2]]], ["a", "list"], 2],
        )

    def test_those_that_are_not_awaited_say_so(self) -> None:
        async def ask() -> Any:
            return "there" if self.kv.has("a") else "not there"

        async def answers() -> Any:
            return self.kv.get("a")

        with self.assertRaisesRegex(TypeError, "is awaited"):
            self.run_in_handler(ask)
        with self.assertRaisesRegex(InvalidPayloadError, "await it first"):
            self.run_in_handler(answers)

    def test_changes_of_data_come_first(self) -> None:
        ns = RealtimeNamespace("/test")
        socket = TestSocket(ns, kv=self.store)
        seen = []

        def handler() -> None:
            ns.socket.data["a"] = 1
            ns.kv.set("b", 1)
            seen.append(socket.stored)

        ns.socket.on("run", handler)
        socket.fire("run")
        self.assertEqual(seen, [{"a": 1}])

    def test_while_the_module_is_loaded_there_is_no_store(self) -> None:
        calls: dict[str, Callable[[], Any]] = {"get": lambda: self.kv.get("a"), "list": lambda: list(self.kv.list())}
        for name, call in calls.items():
            with self.assertRaises(KvError) as caught:
                call()
            self.assertEqual(caught.exception.code, "not-allowed")
            why = "there is no key-value store while the module is loaded: use it in a handler"
            self.assertEqual(str(caught.exception), f"kv.{name}: {why}")

    def test_a_component_that_was_built_without_says_why(self) -> None:
        class Without(_TestHost):
            def store(self) -> Any:
                return None

        ns = RealtimeNamespace("/test")
        ns.socket.on("run", lambda: ns.kv.get("a"))
        with self.assertRaisesRegex(KvError, "^kv.get: the component was built without .*: write `ns.kv`"):
            ns._registry.handle("run", Payload("[]", []), Without(TestSocket(ns)))


class Examples(Stored):
    def test_those_of_the_modules_are_true(self) -> None:
        for module in (realtime.kv, realtime._test_store):
            self.assertEqual(doctest.testmod(module).failed, 0)

    def test_those_of_the_page_run(self) -> None:
        page = (DOCS / "handlers-python.md").read_text(encoding="utf-8")
        section = page[page.index("\n## State") : page.index("\n## Schedules")]
        [example] = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
        module: dict[str, Any] = {}
        exec(example, module)
        ns = module["ns"]
        ada, bob = TestSocket(ns, id="ada", kv=self.store), TestSocket(ns, id="bob", kv=self.store)
        ada.fire("$connect")
        bob.fire("$connect")
        self.assertEqual(bob.commands, [("emit", "visits", 2)])
        self.assertEqual(ada.fire("take seat", "1"), True)
        self.assertEqual(bob.fire("take seat", "1"), False)
        ada.fire("message", "hello")
        bob.fire("message", "hi")
        self.assertEqual(ada.fire("history"), ["hello", "hi"])
        self.assertEqual(ada.fire("seats"), {"1": "ada"})


if __name__ == "__main__":
    unittest.main()
