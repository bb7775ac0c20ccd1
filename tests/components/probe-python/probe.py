"""The guest that end-to-end tests drive, as `tests/components/probe` (see there for what each event does), in Python.

The key-value store is in `store.py`, what only Python has in `native.py`.
"""

import os
import random
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import native
import store
from realtime import BroadcastOperator, ConnectError, Done, RealtimeError, RealtimeNamespace

ns = RealtimeNamespace("/probe")
native.register(ns)
store.register(ns)
calls = 0


def ordered() -> list[str]:
    return sorted(ns.socket.rooms)


def outcome(call: Any, *args: Any, **more: Any) -> str:
    try:
        call(*args, **more)
    except (RealtimeError, OSError) as error:
        return str(error)
    return "ok"


# The connection.


@ns.socket.on("$connect")
def connect() -> None:
    auth = ns.socket.handshake.auth
    mode = auth.get("mode")
    ns.socket.data["mode"] = mode
    match mode:
        case "slow":
            time.sleep(auth["ms"] / 1000)
            ns.socket.emit("ready")
        case "reject":
            ns.socket.emit("hello", ns.socket.id, ordered())
            ns.socket.join("room")
            ns.emit("leak")
            raise ConnectError("no", data={"code": 7})
        case "rejectPlain":
            raise ConnectError("no")
        case "rejectFalse":
            return False  # type: ignore[return-value]
        case "fail":
            raise ValueError("secret reason")
        case "trap":
            ns.socket.emit("hello", ns.socket.id, ordered())
            os.abort()
        case "ask":
            ns.socket.emit("asked", outcome(ns.socket.emit_with_ack, "question", 1, timeout=1))
        case "join":
            ns.socket.join(auth["room"])
            ns.socket.emit("first", 1)
            ns.socket.emit("first", 2)
            ns.socket.broadcast.emit("arrived", ns.socket.id)
        case "bye":
            ns.socket.emit("hello", ns.socket.id, ordered())
            ns.socket.disconnect()
        case "kv":
            raise ConnectError(str(ns.kv.increment(auth["key"])))
        case _:
            ns.socket.emit("hello", ns.socket.id, ordered())


@ns.socket.on("$disconnect")
def disconnect(reason: str) -> None:
    handshake = ns.socket.handshake
    if handshake.auth.get("mode") == "slowLeave":
        time.sleep(handshake.auth["ms"] / 1000)
    ns.socket.emit("ghost")
    left = {
        "id": ns.socket.id,
        "reason": reason,
        "connected": ns.socket.connected,
        "rooms": ordered(),
        "data": ns.socket.data,
        "user-agent": handshake.headers.get("user-agent"),
    }
    ns.emit("left", left)


# The socket.


@ns.socket.on("info")
def info() -> dict[str, Any]:
    return {
        "id": ns.socket.id,
        "rooms": ordered(),
        "connected": ns.socket.connected,
        "recovered": ns.socket.recovered,
        "handshake": ns.socket.handshake,
        "data": ns.socket.data,
        "name": ns.name,
    }


@ns.socket.on("echo")
def echo(*args: Any) -> tuple[Any, ...]:
    return args


@dataclass
class Blob:
    blob: bytes


@ns.socket.on("nested")
def nested(data: Blob) -> dict[str, Any]:
    ns.socket.emit("blob", {"deep": [bytearray(data.blob)]})
    return {"size": len(data.blob), "copy": memoryview(data.blob)}


@dataclass
class Number:
    a: float


@ns.socket.on("typed")
def typed(number: Number) -> float:
    return number.a * 2


@ns.socket.on("optional")
async def optional(number: float | None = None) -> float | None:
    # As an argument of the acknowledgement; `None` alone would be none.
    return (number,)  # type: ignore[return-value]


ns.socket.on("nothing", lambda: None).on("pair", lambda: (1, 2)).on("array", lambda: [1, 2])


@ns.socket.on("fail")
def fail() -> None:
    ns.socket.emit("before")
    raise ValueError("as it was told")


@ns.socket.on("set")
def set_(key: str, value: Any) -> dict[str, Any]:
    ns.socket.data[key] = value
    return ns.socket.data


@ns.socket.on("setSize")
def set_size(size: int) -> str:
    try:
        ns.socket.data = {"x": "x" * size}
    except RealtimeError as error:
        return str(error)
    return "ok"


@ns.socket.on("get")
def get() -> dict[str, Any]:
    return ns.socket.data


@ns.socket.on("join")
def join(rooms: list[str]) -> list[str]:
    ns.socket.join(rooms)
    return ordered()


@ns.socket.on("leave")
def leave(room: str) -> list[str]:
    ns.socket.leave(room)
    return ordered()


@ns.socket.on("joinMany")
def join_many(count: int) -> str:
    return outcome(lambda: [ns.socket.join(f"room {number}") for number in range(count)])


@ns.socket.on("emit")
def emit(event: str, arg: Any = None) -> Done:
    return ns.socket.emit(event, arg)


@ns.socket.on("emitVolatile")
def emit_volatile(event: str, arg: Any = None) -> Done:
    return ns.socket.volatile.emit(event, arg)


@ns.socket.on("ask")
async def ask(ms: int) -> dict[str, Any]:
    try:
        answer = await ns.socket.emit_with_ack("question", 42, timeout=ms / 1000)
    except RealtimeError as error:
        return {"error": str(error)}
    return {"answer": answer if isinstance(answer, tuple) else (answer,)}


@ns.socket.on("relay")
def relay(ms: int) -> Any:
    return ns.socket.emit_with_ack("question", 42, timeout=ms / 1000)


@ns.socket.on("quit")
def quit_(close: bool) -> None:
    ns.socket.disconnect(close)


@ns.socket.on("order")
def order(number: int) -> None:
    ns.socket.emit("order", number)


# Broadcasts.


@dataclass
class Op:
    """An operator, and what is done with it."""

    from_: str = "socket"
    to: list[str] = field(default_factory=list)
    in_: list[str] = field(default_factory=list)
    except_: list[str] = field(default_factory=list)
    broadcast: bool = False
    volatile: bool = False
    local: bool = False
    event: str = "op"
    args: Any = None
    ms: int = 0
    rooms: list[str] = field(default_factory=list)
    close: bool = False

    @classmethod
    def of(cls, op: dict[str, Any]) -> "Op":
        return cls(**{f"{key}_" if key in ("from", "in", "except") else key: value for key, value in op.items()})

    @property
    def direct(self) -> bool:
        """Whether nothing but the namespace itself is asked for."""
        return not (self.to or self.in_ or self.except_ or self.volatile or self.local)

    @property
    def operator(self) -> BroadcastOperator:
        """Chained step by step, as handlers do."""
        operator = ns.to([]) if self.from_ == "ns" else ns.socket.broadcast
        for room in self.to:
            operator = operator.to(room)
        for room in self.in_:
            operator = operator.in_(room)
        for room in self.except_:
            operator = operator.except_(room)
        if self.volatile:
            operator = operator.volatile
        return operator.local if self.local else operator


@ns.socket.on("op")
def operate(data: dict[str, Any]) -> Done:
    op = Op.of(data)
    return ns.emit(op.event, op.args) if op.direct and op.from_ == "ns" else op.operator.emit(op.event, op.args)


@ns.socket.on("pass")
def pass_(*args: Any) -> Done:
    return ns.socket.broadcast.emit("passed", *args)


@ns.socket.on("askAll")
def ask_all(data: dict[str, Any]) -> dict[str, Any]:
    op = Op.of(data)
    answers = op.operator.emit_with_ack(op.event, op.args, timeout=op.ms / 1000)
    return {"answers": list(answers), "missing": answers.missing}


@ns.socket.on("count")
async def count(data: dict[str, Any]) -> int:
    return await Op.of(data).operator.count_sockets()


@ns.socket.on("list")
async def list_them(data: dict[str, Any]) -> list[dict[str, Any]]:
    listed = await Op.of(data).operator.list_sockets()
    return [{"id": one.id, "rooms": sorted(one.rooms)} for one in listed]


@ns.socket.on("fetch")
async def fetch(data: dict[str, Any]) -> list[dict[str, Any]]:
    found = await Op.of(data).operator.fetch_sockets()
    return [
        {
            "id": one.id,
            "rooms": sorted(one.rooms),
            "address": one.handshake.address,
            "auth": one.handshake.auth,
            "data": one.data,
        }
        for one in found
    ]


@ns.socket.on("socketsJoin")
def sockets_join(data: dict[str, Any]) -> Done:
    return Op.of(data).operator.sockets_join(data["rooms"])


@ns.socket.on("socketsLeave")
def sockets_leave(data: dict[str, Any]) -> Done:
    return Op.of(data).operator.sockets_leave(data["rooms"])


@ns.socket.on("disconnectSockets")
def disconnect_sockets(data: dict[str, Any]) -> Done:
    op = Op.of(data)
    return op.operator.disconnect_sockets(op.close)


# Failures.


@ns.socket.on("sleep")
def sleep(ms: int) -> int:
    time.sleep(ms / 1000)
    return ms


@ns.socket.on("loop")
def loop() -> None:
    ns.socket.emit("before")
    while True:
        pass


@ns.socket.on("trap")
def trap() -> None:
    ns.socket.emit("before")
    ns.socket.join("trapped")
    os.abort()


@ns.socket.on("oom")
def oom() -> None:
    ns.socket.emit("before")
    hoard = []
    while True:
        hoard.append(bytearray(1 << 20))


@ns.socket.on("halfway")
def halfway() -> None:
    ns.socket.emit("before")
    ns.socket.emit_with_ack("question", 1, timeout=5)
    ns.socket.emit("after")
    os.abort()


@ns.socket.on("many")
def many(count: int, size: int) -> dict[str, Any]:
    nobody = ns.to("nobody")
    filler = "x" * size
    for taken in range(count):
        try:
            nobody.emit("many", filler)
        except RealtimeError as error:
            return {"taken": taken, "error": str(error)}
    return {"taken": count}


@ns.socket.on("big")
def big(size: int) -> str:
    return outcome(ns.socket.emit, "big", "x" * size)


@ns.socket.on("reserved")
def reserved(name: str) -> str:
    return outcome(ns.socket.emit, name)


# The sandbox.


@ns.socket.on("state")
def state() -> int:
    global calls
    calls += 1
    return calls


@ns.socket.on("print")
def print_(line: str) -> None:
    print(line)
    print("err", line, file=sys.stderr)


ns.socket.on("env", lambda: dict(os.environ))
ns.socket.on("args", lambda: sys.argv)
ns.socket.on("fs", lambda: outcome(open, "/etc/passwd"))
ns.socket.on("random", lambda: random.random())
ns.socket.on("clock", lambda: int(time.time() * 1000))


@ns.socket.on("net")
def net() -> str:
    import socket

    return outcome(socket.create_connection, ("127.0.0.1", 1))
