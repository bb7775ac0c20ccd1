"""What handlers take, return and raise."""

from __future__ import annotations

import asyncio
import enum
import re
import unittest
from dataclasses import dataclass, field
from typing import Any, Literal, NotRequired, Optional, TypedDict

from realtime import ConnectError, InvalidArgumentsError, InvalidPayloadError, RealtimeNamespace
from realtime._host import Payload
from realtime.testing import TestSocket, _TestHost


class Color(enum.Enum):
    RED = "red"


class Options(TypedDict):
    name: str
    size: NotRequired[int]


@dataclass
class Node:
    value: int
    children: list[Node] = field(default_factory=list)


def answer(handler: Any, *args: object) -> Any:
    ns = RealtimeNamespace()
    ns.socket.on("event", handler)
    return TestSocket(ns).fire("event", *args)


class Arguments(unittest.TestCase):
    def refused(self, handler: Any, *args: object) -> str:
        with self.assertRaises(InvalidArgumentsError) as caught:
            answer(handler, *args)
        return str(caught.exception)

    def test_missing_ones_are_named_and_others_ignored(self) -> None:
        def add(a: int, b: int = 10) -> int:
            return a + b

        self.assertEqual(answer(add, 1, 2), 3)
        self.assertEqual(answer(add, 1), 11)
        self.assertEqual(answer(add, 1, 2, "ignored"), 3)
        self.assertEqual(answer(lambda: 5, "ignored"), 5)
        self.assertEqual(answer(lambda *rest: len(rest), 1, 2, 3), 3)
        self.assertEqual(self.refused(add), "event: argument 1 (a) is missing")

    def test_methods_and_callable_objects_are_handlers(self) -> None:
        class Counter:
            def up(self, by: int) -> int:
                return by + 1

            def __call__(self, by: int) -> int:
                return by + 2

        self.assertEqual(answer(Counter().up, 1), 2)
        self.assertEqual(answer(Counter(), 1), 3)
        self.assertIn("a whole number", self.refused(Counter().up, "1"))
        self.assertIn("a whole number", self.refused(Counter(), "1"))

    def test_hints_are_checked(self) -> None:
        fits: list[tuple[Any, object, object]] = [
            (int, 3, 3),
            (int, 3.0, 3),
            (float, 3, 3.0),
            (str, "a", "a"),
            (bool, True, True),
            (bytes, bytearray(b"a"), b"a"),
            (Optional[int], None, None),
            (int | str, "a", "a"),
            (list[int], [1, 2], [1, 2]),
            (dict[str, float], {"a": 1}, {"a": 1.0}),
            (tuple[int, str], [1, "a"], (1, "a")),
            (tuple[int, ...], [1, 2, 3], (1, 2, 3)),
            (Literal["a", 1], 1, 1),
            (Color, "red", Color.RED),
            (Options, {"name": "a", "more": 1}, {"name": "a", "more": 1}),
            (Node, {"value": 1, "children": [{"value": 2}], "x": 0}, Node(1, [Node(2)])),
            (Any, None, None),
        ]
        for hint, sent, expected in fits:
            with self.subTest(hint=hint):
                got = []

                def handler(value: Any) -> None:
                    got.append(value)

                handler.__annotations__["value"] = hint
                answer(handler, sent)
                self.assertEqual(got, [expected])
                self.assertIs(type(got[0]), type(expected))

    def test_what_does_not_fit_says_where_and_why(self) -> None:
        refusals: list[tuple[Any, object, str]] = [
            (int, True, ": expected a whole number, found a boolean"),
            (int, 1.5, ": expected a whole number, found 1.5"),
            (float, "1", ": expected a number, found a string"),
            (str, None, ": expected a string, found null"),
            (bytes, "a", ": expected binary data, found a string"),
            (list[int], [1, "a"], "[1]: expected a whole number, found a string"),
            (dict[str, int], [], ": expected an object, found an array"),
            (tuple[int, str], [1], ": expected 2 elements, found 1"),
            (Literal["a", 1], True, ": expected one of 'a', 1"),
            (Color, "blue", ": expected one of 'red'"),
            (Options, {}, ".name: missing"),
            (Options, {"name": "a", "size": "b"}, ".size: expected a whole number, found a string"),
            (Node, {"value": 1, "children": [{}]}, ".children[0].value: missing"),
            (Node | None, {"value": "a"}, ".value: expected a whole number, found a string"),
            (int | None, "a", ": expected `int | None`, found a string"),
        ]
        for hint, sent, expected in refusals:
            with self.subTest(hint=hint):

                def handler(value: Any) -> None:
                    self.fail("it was called")

                handler.__annotations__["value"] = hint
                self.assertEqual(self.refused(handler, sent), f"event: argument 1 (value){expected}")

    def test_hints_that_json_cannot_fill_are_refused_when_the_component_is_built(self) -> None:
        class Shop: ...

        def handler(shop: Shop) -> None: ...
        def named(*, a: int) -> None: ...
        def unknown(a: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821

        handler.__annotations__["shop"] = Shop
        refused: list[tuple[Any, str]] = [
            (handler, "cannot become `.*Shop`"),
            (named, "keyword-only"),
            (unknown, "Nowhere"),
        ]
        for function, reason in refused:
            ns = RealtimeNamespace()
            ns.socket.on("event", function)
            with self.assertRaisesRegex(TypeError, reason):
                ns._registry.prepare()

    def test_deep_nesting_is_refused(self) -> None:
        deep: list[Any] = []
        for _ in range(200):
            deep = [deep]
        self.assertIn("128 levels", self.refused(lambda value: value, deep))
        self.assertEqual(answer(len, [[]] * 500 + ["[" * 500]), 501)


class Acknowledgements(unittest.TestCase):
    def test_are_what_handlers_return(self) -> None:
        self.assertIsNone(answer(lambda: None))
        self.assertEqual(answer(lambda: 1), 1)
        self.assertEqual(answer(lambda: (1, 2)), (1, 2))
        self.assertEqual(answer(lambda: [1, 2]), [1, 2])
        self.assertEqual(answer(lambda: Node(1)), {"value": 1, "children": []})
        self.assertEqual(answer(lambda: {"a": [memoryview(b"b")]}), {"a": [b"b"]})

    def test_enums_travel_as_their_values(self) -> None:
        class Level(enum.IntEnum):
            LOW = 1

        class Word(str, enum.Enum):
            YES = "yes"

        class Pair(enum.Enum):
            BOTH = (1, Color.RED)

        class Bits(enum.Flag):
            A = 1
            B = 2

        def paint(color: Color) -> Color:
            return color

        self.assertEqual(answer(paint, "red"), "red")
        self.assertEqual(
            answer(lambda: {"a": [Level.LOW, Word.YES, Pair.BOTH, Bits.A | Bits.B]}), {"a": [1, "yes", [1, "red"], 3]}
        )
        self.assertEqual(answer(lambda: (Color.RED, 1)), ("red", 1))

        class Strange(enum.Enum):
            NOT_JSON = {1}

        with self.assertRaisesRegex(InvalidPayloadError, "send it as a list"):
            answer(lambda: Strange.NOT_JSON)

    def test_cannot_be_what_is_not_json(self) -> None:
        for value, reason in [({1}, "send it as a list"), (object(), "`object` is not JSON"), (float("nan"), "JSON")]:
            with self.assertRaisesRegex(InvalidPayloadError, reason):
                answer(lambda value=value: value)

    def test_the_first_that_has_arguments_is_sent(self) -> None:
        ns = RealtimeNamespace()
        ran = []
        ns.socket.on_any(lambda event, *args: ran.append((event, args)))
        ns.socket.on("a", lambda: None).on("a", lambda: 2).on("a", lambda: 3)
        self.assertEqual(TestSocket(ns).fire("a", 1), 2)
        self.assertEqual(TestSocket(ns).fire("b"), None)
        TestSocket(ns).fire("$connect")
        self.assertEqual(ran, [("a", (1,)), ("b", ())])

    def test_of_any_event_is_sent_where_it_has_arguments(self) -> None:
        ns = RealtimeNamespace()
        ns.socket.on_any(lambda event, *args: args or None)
        ns.socket.on("own", lambda: None)
        host = _TestHost(TestSocket(ns))
        nothing, one = Payload("[]", []), Payload("[1]", [])
        self.assertIsNone(ns._registry.handle("b", nothing, host))
        self.assertEqual(ns._registry.handle("b", one, host), one)
        self.assertEqual(ns._registry.handle("own", nothing, host), nothing)

    def test_async_handlers_are_awaited(self) -> None:
        async def handler() -> Any:
            async def one(value: int) -> int:
                await asyncio.sleep(0.01 * (3 - value))
                return value

            return await asyncio.gather(one(1), one(2))

        self.assertEqual(answer(handler), [1, 2])

    def test_an_async_handler_that_nobody_can_go_on_with_is_an_error(self) -> None:
        async def handler() -> None:
            await asyncio.Event().wait()

        with self.assertRaisesRegex(RuntimeError, "nobody is left"):
            answer(handler)


class Registration(unittest.TestCase):
    def test_names_that_no_client_can_emit_are_refused(self) -> None:
        ns = RealtimeNamespace()
        names = {"connection": "$connect", "connect": "$connect", "disconnect": "$disconnect"}
        for name, instead in {**names, "disconnecting": "$disconnect"}.items():
            text = f'`{name}` is not an event that clients emit: write `@ns.socket.on("{instead}")'
            with self.assertRaisesRegex(ValueError, re.escape(text)):
                ns.socket.on(name, print)

    def test_names_of_other_libraries_say_what_to_write(self) -> None:
        ns: Any = RealtimeNamespace()
        for owner, names, instead in [
            (ns, ["on", "once", "event"], '@ns.socket.on("name")'),
            (ns, ["use"], '@ns.socket.on("$connect")'),
            (ns, ["username"], 'ns.socket.data["username"]'),
            (ns.socket, ["use", "onAny"], "@ns.socket.on_any"),
            (ns.socket, ["send"], 'ns.socket.emit("message"'),
            (ns.socket, ["username"], 'ns.socket.data["username"]'),
        ]:
            for name in names:
                with self.assertRaisesRegex(AttributeError, rf"`ns.*\.{name}` does not exist.*" + re.escape(instead)):
                    getattr(owner, name)
        self.assertFalse(hasattr(ns, "__len__"))

    def test_what_would_be_gone_in_the_next_event_cannot_be_assigned(self) -> None:
        ns: Any = RealtimeNamespace()
        for owner, name in [(ns.socket, "ns.socket"), (ns.socket.volatile, "ns.socket"), (ns, "ns")]:
            with self.assertRaisesRegex(AttributeError, re.escape(f"`{name}.username = …`") + ".*socket.data"):
                owner.username = "Ada"
            with self.assertRaises(AttributeError):
                owner.id = owner.socket = 1

    def test_any_event_is_that_of_a_client_whatever_its_name(self) -> None:
        ns = RealtimeNamespace()
        seen: list[str] = []
        ns.socket.on_any(lambda event, *args: seen.append(event))
        ns.socket.on("$other", lambda: 1)
        for name in ("$other", "$connect", "$x", "$", "a", "$disconnect"):
            TestSocket(ns).fire(name)
        self.assertEqual(seen, ["$other", "$x", "$", "a"])

    def test_decorators_give_the_function_back_and_calls_the_socket(self) -> None:
        ns = RealtimeNamespace()

        @ns.socket.on("a")
        @ns.socket.once("b")
        @ns.socket.on_any
        def handler(*args: Any) -> None: ...

        self.assertTrue(callable(handler))
        self.assertIs(ns.socket.on("c", handler), ns.socket)
        self.assertEqual((ns._registry.events, ns._registry.any_event), (["b", "a", "c"], True))

    def test_generators_and_other_things_are_not_handlers(self) -> None:
        def generator() -> Any:
            yield 1

        things: list[Any] = [generator, "text", 3]
        for thing in things:
            with self.assertRaises(TypeError):
                RealtimeNamespace().socket.on("a", thing)
            with self.assertRaises(TypeError):
                RealtimeNamespace().socket.on("a")(thing)

    def test_connections_are_refused_by_raising_only(self) -> None:
        def refuse() -> None:
            raise ConnectError("no", data=1)

        for handler, error in [(refuse, ConnectError), (lambda: False, ValueError)]:
            ns = RealtimeNamespace()
            ns.socket.on("$connect", handler)
            with self.assertRaises(error):
                TestSocket(ns).fire("$connect")


if __name__ == "__main__":
    unittest.main()
