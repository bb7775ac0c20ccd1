"""Runs handlers without a host, for tests of their logic.

>>> from realtime import RealtimeNamespace
>>> from realtime.testing import Target, TestSocket
>>> ns = RealtimeNamespace("/chat")
>>> @ns.socket.on("shout")
... def shout(text: str) -> str:
...     ns.socket.to("general").emit("shout", text.upper())
...     return "done"
>>> socket = TestSocket(ns)
>>> socket.fire("shout", "hello")
'done'
>>> socket.commands == [("broadcast", Target(rooms=("general",), exclude_sender=True), "shout", "HELLO")]
True
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import Any, NoReturn

from ._host import FoundSocket, ListedSocket, Payload, Target
from ._payload import answer, decode, encode
from ._test_store import TestStore
from .errors import AckTimeoutError, NotConnectedError
from .handshake import Handshake
from .namespace import RealtimeNamespace

__all__ = ["Target", "TestSocket", "TestStore", "run_schedule"]

AnswerFunctions = dict[str, Callable[..., Any]]


class TestSocket:
    """A socket whose events a test fires. Calls of the handlers are recorded in `commands`, in order, as tuples: the
    name of the call, then its arguments.

    `answers` has the client's acknowledgements: a function for each event, called with the emitted arguments. For other
    events no answer comes in time. `fetch_sockets` and its
    kin return `others`. `ns.kv` is `kv`; sockets share a store if they are given the same.
    """

    __test__ = False

    def __init__(
        self,
        ns: RealtimeNamespace,
        *,
        id: str = "test-socket",
        rooms: Iterable[str] = (),
        auth: Any = None,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
        data: dict[str, Any] | None = None,
        answers: AnswerFunctions | None = None,
        others: Iterable[FoundSocket] = (),
        kv: TestStore | None = None,
    ) -> None:
        self.ns = ns
        self.id = id
        self.joined = [id, *rooms]
        self.is_connected = True
        self.data_text = json.dumps(data or {}, separators=(",", ":"))
        self.details = Handshake(
            headers=headers or {},
            query=query or {},
            auth={} if auth is None else auth,
            address="127.0.0.1",
            time="1970-01-01T00:00:00Z",
            issued=0,
            secure=False,
            url="/socket.io/",
            xdomain=False,
        )
        self.answers = answers or {}
        self.others = list(others)
        self.kv = TestStore() if kv is None else kv
        self.commands: list[tuple[Any, ...]] = []

    def fire(self, event: str, *args: object) -> Any:
        """Handles an event as the host would, and returns the acknowledgement: `None`, the value, or a tuple of
        several.

        Raises the error of a handler, and `InvalidArgumentsError` if the arguments do not fit.
        """
        if event == "$disconnect":
            self.is_connected = False
        reply = self.ns._registry.handle(event, encode(args, "arguments"), _TestHost(self))
        return None if reply is None else answer(reply)

    @property
    def stored(self) -> dict[str, Any]:
        """The object that the host keeps as `socket.data`."""
        data: dict[str, Any] = json.loads(self.data_text)
        return data


def run_schedule(
    ns: RealtimeNamespace,
    name: str,
    *,
    due: datetime = datetime(1970, 1, 1, tzinfo=timezone.utc),
    others: Iterable[FoundSocket] = (),
    kv: TestStore | None = None,
) -> list[tuple[Any, ...]]:
    """Runs the handler of a schedule as the host would, and returns its calls, as in `TestSocket.commands`. `name` is the
    schedule's times, with its time zone where it has one: `every 10s`, `0 9 * * mon Europe/Berlin`; ` #2` is added for the
    second one of the same times. Raises the handler's error."""
    names = [schedule.name for schedule in ns._schedules.all]
    if name not in names:
        raise LookupError(f"there is no schedule {name!r}; there are: {', '.join(names) or 'none'}")
    nobody = TestSocket(ns, id="", others=others, kv=kv)
    nobody.joined, nobody.is_connected = [], False
    ns._schedules.run(name, round(due.timestamp() * 1000), _NoSocket(nobody))
    return nobody.commands


class _TestHost:
    """The host of a `TestSocket`."""

    def __init__(self, test: TestSocket) -> None:
        self._test = test

    def _did(self, *command: Any) -> None:
        self._test.commands.append(command)

    def _answer(self, event: str, payload: Payload) -> Payload:
        if event not in self._test.answers:
            raise AckTimeoutError("no acknowledgement in time")
        given = self._test.answers[event](*decode(payload))
        return encode(given if type(given) is tuple else (given,), "answer")

    def socket_id(self) -> str:
        return self._test.id

    def rooms(self) -> list[str]:
        return list(self._test.joined)

    def handshake(self) -> Handshake:
        return self._test.details

    def data(self) -> str:
        return self._test.data_text

    def set_data(self, json: str) -> None:
        self._test.data_text = json

    def connected(self) -> bool:
        return self._test.is_connected

    def recovered(self) -> bool:
        return False

    def emit(self, event: str, payload: Payload, volatile: bool) -> None:
        self._did("emit", event, *decode(payload))

    def emit_with_ack(self, event: str, payload: Payload, timeout_ms: int) -> Payload:
        self._did("emit_with_ack", event, *decode(payload))
        return self._answer(event, payload)

    def join(self, rooms: list[str]) -> None:
        self._did("join", *rooms)

    def leave(self, room: str) -> None:
        self._did("leave", room)

    def disconnect(self, close: bool) -> None:
        self._did("disconnect", close)

    def namespace(self) -> str:
        return self._test.ns._path or "/"

    def broadcast(self, target: Target, event: str, payload: Payload) -> None:
        self._did("broadcast", target, event, *decode(payload))

    def broadcast_with_ack(
        self, target: Target, event: str, payload: Payload, timeout_ms: int
    ) -> tuple[list[Payload], int]:
        self._did("broadcast_with_ack", target, event, *decode(payload))
        return ([self._answer(event, payload)], 0) if event in self._test.answers else ([], 1)

    def fetch_sockets(self, target: Target) -> list[FoundSocket]:
        return self._test.others

    def count_sockets(self, target: Target) -> int:
        return len(self._test.others)

    def list_sockets(self, target: Target) -> list[ListedSocket]:
        return [ListedSocket(found.id, frozenset(found.rooms)) for found in self._test.others]

    def sockets_join(self, target: Target, rooms: list[str]) -> None:
        self._did("sockets_join", target, *rooms)

    def sockets_leave(self, target: Target, rooms: list[str]) -> None:
        self._did("sockets_leave", target, *rooms)

    def disconnect_sockets(self, target: Target, close: bool) -> None:
        self._did("disconnect_sockets", target, close)

    def store(self) -> TestStore:
        return self._test.kv


def _refuse(*_: object) -> NoReturn:
    raise NotConnectedError("the socket is not connected")


class _NoSocket(_TestHost):
    """The host of a schedule: commands to its own socket are errors."""

    _refused: Any = _refuse
    set_data = emit = emit_with_ack = join = leave = disconnect = _refused
