"""What handlers can do: the socket, the namespace, broadcasts, data."""

from __future__ import annotations

import doctest
import json
import unittest
from typing import Any

import realtime.testing
from realtime import AckTimeoutError, InvalidPayloadError, RealtimeNamespace
from realtime._host import FoundSocket
from realtime._payload import decode, encode
from realtime.testing import Target, TestSocket


class Calls(unittest.TestCase):
    def setUp(self) -> None:
        self.ns = RealtimeNamespace("/test")
        self.socket = TestSocket(self.ns, rooms=["a"], data={"n": 1}, answers={"add": lambda a, b: a + b})

    def run_in_handler(self, function: Any) -> Any:
        ns = self.ns
        ns.socket.on("run", function)
        return self.socket.fire("run")

    def test_commands_come_in_order(self) -> None:
        def handler() -> None:
            socket = self.ns.socket
            socket.emit("one", 1, b"2")
            socket.join("b")
            socket.join(["c", "d"])
            socket.leave("a")
            socket.to("b").emit("two")
            self.ns.emit("three")
            socket.disconnect(close=True)

        self.run_in_handler(handler)
        self.assertEqual(
            self.socket.commands,
            [
                ("emit", "one", 1, b"2"),
                ("join", "b"),
                ("join", "c", "d"),
                ("leave", "a"),
                ("broadcast", Target(rooms=("b",), exclude_sender=True), "two"),
                ("broadcast", Target(), "three"),
                ("disconnect", True),
            ],
        )

    def test_operators_add_up_and_change_nothing_before(self) -> None:
        one = self.ns.to("a").except_("x")
        two = one.in_(["b", "c"]).except_("y").volatile.local
        self.assertEqual(one._target, Target(rooms=("a",), except_=("x",)))
        self.assertEqual(two._target, Target(("a", "b", "c"), ("x", "y"), volatile=True, local=True))
        self.assertEqual(self.ns.socket.volatile.to("a"), self.ns.socket.to("a").volatile)

    def test_answers(self) -> None:
        def sync() -> Any:
            return self.ns.socket.emit_with_ack("add", 1, 2)

        async def asynchronous() -> Any:
            answers = await self.ns.emit_with_ack("add", 3, 4)
            one = await self.ns.socket.emit_with_ack("add", 1, 2)
            await self.ns.socket.emit("done")
            return [one, answers[0], len(answers), answers.missing]

        def late() -> None:
            self.ns.socket.emit_with_ack("nobody answers", timeout=0.5)

        self.assertEqual(self.run_in_handler(sync), 3)
        self.ns = RealtimeNamespace()
        self.socket.ns = self.ns
        self.assertEqual(self.run_in_handler(asynchronous), [3, 7, 1, 0])
        self.ns.socket.on("late", late)
        with self.assertRaises(AckTimeoutError):
            self.socket.fire("late")
        self.assertTrue(issubclass(AckTimeoutError, TimeoutError))

    def test_times_make_sense(self) -> None:
        for timeout in (-1, float("nan")):
            with self.assertRaises(ValueError):
                self.run_in_handler(lambda timeout=timeout: self.ns.emit_with_ack("x", timeout=timeout))
        from realtime._calls import milliseconds

        self.assertEqual((milliseconds(1.9999), milliseconds(float("inf"))), (1999, 2**32 - 1))

    def test_sockets_that_are_found(self) -> None:
        self.socket.others = [FoundSocket("x", ["x", "r"], self.socket.details, '{"a":[1]}')]

        async def handler() -> Any:
            [found] = await self.ns.fetch_sockets()
            return [found.id, sorted(found.rooms), found.data, found.handshake.address]

        self.assertEqual(self.run_in_handler(handler), ["x", ["r", "x"], {"a": [1]}, "127.0.0.1"])

    def test_sockets_that_are_counted_and_listed(self) -> None:
        self.socket.others = [FoundSocket("x", ["x", "r"], self.socket.details, "{}")]

        async def handler() -> Any:
            [listed] = await self.ns.to("r").list_sockets()
            return [await self.ns.count_sockets(), self.ns.to("r").count_sockets(), listed.id, sorted(listed.rooms)]

        self.assertEqual(self.run_in_handler(handler), [1, 1, "x", ["r", "x"]])

    def test_data_is_written_back_where_it_changed_also_inside_and_by_a_failure(self) -> None:
        written = []

        def handler() -> None:
            self.ns.socket.data["list"] = [1]
            self.ns.socket.data["list"].append(2)
            written.append(self.socket.stored)
            raise KeyError("x")

        with self.assertRaises(KeyError):
            self.run_in_handler(handler)
        self.assertEqual(written, [{"n": 1}])
        self.assertEqual(self.socket.stored, {"n": 1, "list": [1, 2]})

    def test_data_of_another_event_is_read_anew(self) -> None:
        seen = []
        self.ns.socket.on("look", lambda: seen.append(dict(self.ns.socket.data)))
        self.socket.fire("look")
        self.socket.data_text = '{"n":2}'
        self.socket.fire("look")
        self.assertEqual(seen, [{"n": 1}, {"n": 2}])

    def test_data_is_json_without_binary(self) -> None:
        def handler() -> None:
            self.ns.socket.data["x"] = b"1"

        with self.assertRaisesRegex(InvalidPayloadError, r"socket\.data: binary data is not allowed"):
            self.run_in_handler(handler)
        self.assertEqual(self.socket.stored, {"n": 1})

    def test_what_is_not_there_says_what_to_do(self) -> None:
        uses: list[tuple[Any, str]] = [
            (lambda: self.ns.join("a"), "use ns.socket.join() inside an event handler"),
            (lambda: self.ns.leave("a"), "use ns.socket.leave() inside an event handler"),
            (lambda: self.ns.broadcast, "use ns.socket.broadcast inside an event handler"),
        ]
        for use, advice in uses:
            with self.assertRaises(NotImplementedError) as caught:
                use()
            self.assertIn(advice, str(caught.exception))

    def test_outside_of_a_handler_there_is_no_socket(self) -> None:
        for use in (lambda: self.ns.socket.id, lambda: self.ns.emit("x"), lambda: self.ns.socket.data):
            with self.assertRaisesRegex(RuntimeError, "inside an event handler only"):
                use()
        self.assertEqual(self.ns.name, "/test")

    def test_handlers_are_not_registered_by_handlers(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "when the module is loaded"):
            self.run_in_handler(lambda: self.ns.socket.on("late", print))

    def test_names_are_text(self) -> None:
        wrong: Any = None
        for use in (lambda: self.ns.socket.join([wrong]), lambda: self.ns.to([wrong]), lambda: self.ns.emit(wrong)):
            with self.assertRaises(TypeError):
                self.run_in_handler(use)
            self.ns = RealtimeNamespace()
            self.socket.ns = self.ns
        with self.assertRaises(InvalidPayloadError):
            self.run_in_handler(lambda: self.ns.socket.join("\ud800"))


class Wire(unittest.TestCase):
    def test_binary_data_is_put_aside_and_back(self) -> None:
        payload = encode(({"a": [b"1", {"b": bytearray(b"2")}]}, memoryview(b"3")), "test")
        first = {"a": [{"_placeholder": True, "num": 0}, {"b": {"_placeholder": True, "num": 1}}]}
        self.assertEqual(json.loads(payload.json), [first, {"_placeholder": True, "num": 2}])
        self.assertEqual(payload.attachments, [b"1", b"2", b"3"])
        self.assertEqual(decode(payload), [{"a": [b"1", {"b": b"2"}]}, b"3"])

    def test_what_looks_like_a_placeholder_is_plain_data(self) -> None:
        for value in ({"_placeholder": True, "num": 0}, {"_placeholder": True, "num": 9}):
            self.assertEqual(decode(encode((value,), "test")), [value])
        odd = {"_placeholder": True, "num": 9}
        self.assertEqual(decode(encode((odd, b"x"), "test")), [odd, b"x"])

    def test_half_a_character_survives(self) -> None:
        payload = encode(("\ud800", "ü"), "test")
        payload.json.encode()
        self.assertEqual(decode(payload), ["\ud800", "ü"])

    def test_the_example_of_testing_is_true(self) -> None:
        self.assertEqual(doctest.testmod(realtime.testing).failed, 0)

    def test_everything_public_has_a_description(self) -> None:
        for name in realtime.__all__:
            thing = getattr(realtime, name)
            if isinstance(thing, type):
                self.assertTrue(thing.__doc__, name)


if __name__ == "__main__":
    unittest.main()
