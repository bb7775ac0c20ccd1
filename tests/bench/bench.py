"""The guest that benchmarks drive (`tests/components/bench` tells its events), in Python."""

from typing import Any

from realtime import RealtimeNamespace

ns = RealtimeNamespace("/bench")


@ns.socket.on("echo")
def echo(*args: Any) -> tuple[Any, ...]:
    return args


@ns.socket.on("join")
def join(room: str) -> None:
    ns.socket.join(room)


@ns.socket.on("say")
def say(room: str, text: str) -> None:
    ns.to(room).emit("said", text)
