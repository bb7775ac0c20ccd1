"""What handlers cost where clients choose the size: twice as much takes about twice as long. Steps are counted, not time."""

from __future__ import annotations

import sys
import unittest
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypedDict

from realtime import InvalidArgumentsError, RealtimeNamespace
from realtime._payload import is_deep
from realtime.testing import TestSocket


def steps(call: Callable[[], object]) -> int:
    """The number of calls, of functions in C too."""
    count = 0

    def profile(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
    return count


@dataclass
class Left:
    child: Left | Right | None
    size: int = 0


@dataclass
class Right:
    child: Left | Right | None
    size: int = 0


class One(TypedDict):
    child: One | Two | None
    size: int


class Two(TypedDict):
    child: One | Two | None
    size: str


def nested(depth: int, size: object) -> Any:
    value: Any = None
    for _ in range(depth):
        # The field that decides comes last.
        value = {"child": value, "size": size}
    return value


class Linear(unittest.TestCase):
    def test_objects_in_objects_of_several_types(self) -> None:
        def dataclasses(tree: Left | Right) -> None: ...

        def dicts(tree: One | Two) -> None: ...

        # None fits at the bottom, or the second type at each level.
        cases: list[tuple[Callable[..., Any], object]] = [(dataclasses, "no number"), (dicts, "text"), (dicts, None)]
        for handler, size in cases:
            ns = RealtimeNamespace()
            ns.socket.on("event", handler)

            def fire(depth: int, ns: RealtimeNamespace = ns, size: object = size) -> None:
                try:
                    TestSocket(ns).fire("event", nested(depth, size))
                except InvalidArgumentsError:
                    self.assertNotEqual(size, "text")

            few, twice = steps(lambda: fire(6)), steps(lambda: fire(12))
            self.assertLess(twice, 2.5 * few)

    def test_operators_do_not_copy_the_rooms_that_they_have(self) -> None:
        ns = RealtimeNamespace()
        operator, lists = ns.to("first"), set()
        for number in range(1000):
            operator = operator.to(str(number)).except_("x").local
            lists |= {id(operator._rooms._list), id(operator._except._list)}
        self.assertEqual(len(lists), 2)
        self.assertEqual(len(operator._target.rooms), 1001)

    def test_operators_are_immutable_although_they_share(self) -> None:
        ns = RealtimeNamespace()
        base = ns.to("a")
        one, two = base.to("b"), base.to("c")
        self.assertEqual(
            [each._target.rooms for each in (base, one, two, one.to("d"))],
            [("a",), ("a", "b"), ("a", "c"), ("a", "b", "d")],
        )
        self.assertEqual(ns.to("a"), base)
        self.assertEqual(len({base, ns.to("a"), one}), 2)

    def test_the_depth_of_arguments(self) -> None:
        def text(size: int) -> str:
            return "[" + ",".join(["[[]]"] * size) + "]"

        self.assertLessEqual(steps(lambda: is_deep(text(20_000))), steps(lambda: is_deep(text(10_000))) + 5)


if __name__ == "__main__":
    unittest.main()
