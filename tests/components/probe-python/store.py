"""What the tests ask of the key-value store, as `tests/components/probe/src/state.rs`."""

import os
from collections.abc import Callable
from typing import Any

from realtime import RealtimeError, RealtimeNamespace


def register(ns: RealtimeNamespace) -> None:
    calls = _calls(ns)

    @ns.socket.on("kv")
    def kv(call: str, args: list[Any]) -> dict[str, Any]:
        try:
            return {"ok": calls[call](*args)}
        except RealtimeError as error:
            return {"error": str(error)}

    @ns.socket.on("kvBytes")
    async def kv_bytes(key: str, data: bytes) -> Any:
        await ns.kv.set(key, memoryview(data))
        return await ns.kv.get(key)

    @ns.socket.on("kvTrap")
    def kv_trap(key: str) -> None:
        ns.socket.emit("before")
        ns.kv.set(key, 1)
        ns.socket.emit("after")
        os.abort()


def _calls(ns: RealtimeNamespace) -> dict[str, Callable[..., Any]]:
    kv = ns.kv

    def seconds(ms: int | None) -> float | None:
        return None if ms is None else ms / 1000

    def put(key: str, value: Any, ms: int | None = None) -> None:
        kv.set(key, value, ttl=seconds(ms))

    def put_many(pairs: list[tuple[str, Any]]) -> None:
        kv.set_many(pairs)

    def fill(key: str, count: int) -> None:
        kv.set(key, "x" * count)

    def push(key: str, value: Any) -> Any:
        return kv.update(key, lambda values: [*(values or []), value])

    def often(_: int) -> tuple[int, str]:
        called = 0
        while True:
            try:
                kv.has("x")
            except RealtimeError as error:
                return called, str(error)
            called += 1

    return {
        "get": kv.get,
        "has": kv.has,
        "delete": kv.delete,
        "getMany": kv.get_many,
        "deleteMany": kv.delete_many,
        "set": put,
        "setMany": put_many,
        "fill": fill,
        "increment": lambda key, delta, ms=None: kv.increment(key, delta, ttl=seconds(ms)),
        "compareAndSet": kv.compare_and_set,
        "push": push,
        "list": lambda prefix: list(kv.list(prefix)),
        "keys": lambda prefix: list(kv.keys(prefix)),
        "clear": kv.clear,
        "often": often,
    }
