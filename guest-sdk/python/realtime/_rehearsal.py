"""Runs the code that every event runs a few times while the component is built.

CPython specializes code for the types that it meets, and writes that into memory beside the code. If this happens
before the snapshot, an instance writes to fewer pages of memory. Each page that it writes to must be copied.
"""

from __future__ import annotations

import json

from wit_world.imports import types

from . import _component, _data, _snapshot
from ._host import Payload
from .namespace import RealtimeNamespace
from .testing import TestSocket

_TIMES = 8
# Events whose code is of use only if the component has what they call.
_IF_USED = ("kept",) if _component.STORE else ()
_ARGUMENTS = ({"text": "hello", "list": [1, 2.5, None]}, 1)


def run() -> None:
    ns = _handlers()
    for _ in range(_TIMES):
        test = TestSocket(ns, auth={"username": "x"}, answers={"ask": lambda *_: 1})
        for event in ("$connect", "plain", "typed", "async", *_IF_USED, "$disconnect"):
            test.fire(event, *(_ARGUMENTS if event != "$disconnect" else ("transport close",)))
        _export(ns)
        _conversions(ns)
    _data.forget()


def _handlers() -> RealtimeNamespace:
    ns = RealtimeNamespace("/")

    @ns.socket.on("$connect")
    def connect() -> None:
        ns.socket.data["username"] = ns.socket.handshake.auth["username"]
        ns.socket.join("lobby")

    @ns.socket.on("plain")
    def plain(data: dict[str, object], *rest: object) -> object:
        ns.socket.emit("echo", data, ns.socket.id)
        ns.socket.to("lobby").emit("echo", data)
        ns.to("lobby").except_("other").emit("echo", ns.socket.data)
        return data

    @ns.socket.on("typed")
    def typed(data: dict[str, object], number: int) -> tuple[object, ...]:
        return data, number, b"attached"

    @ns.socket.on("async")
    async def asynchronous(data: object) -> object:
        await ns.socket.emit("echo", data)
        return await ns.socket.emit_with_ack("ask", 1)

    @ns.socket.on("kept")
    def kept(data: dict[str, object], *_: object) -> object:
        ns.kv.set("data", data)
        ns.kv.update("data", lambda old: {**old, "number": ns.kv.increment("number")})
        return [ns.kv.get("data"), ns.kv.has("data"), list(ns.kv.list()), ns.kv.compare_and_set("data", None, 1)]

    @ns.socket.on("$disconnect")
    def disconnect(reason: str) -> None:
        ns.emit("left", reason)

    return ns


def _export(ns: RealtimeNamespace) -> None:
    """Runs the component's export, with a handler that calls nothing: there is no host yet."""
    served = _snapshot.served()
    _snapshot.serve(ns)
    try:
        event = types.Event("typed", types.Payload(json.dumps(_ARGUMENTS), []), True)
        _component.EventHandler().handle(event)
    finally:
        _snapshot.serve(served)


def _conversions(ns: RealtimeNamespace) -> None:
    """Runs the conversions between Python's types and those of the WIT imports."""
    _component._wire(Payload("[1]", []))
    _component._operator(ns.socket.to("lobby")._target)
    _component._call(len, "a call that succeeds")
