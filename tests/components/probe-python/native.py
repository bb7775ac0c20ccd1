"""What only Python has: asyncio, tracebacks, logging, generators of random numbers, type hints."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import time
import uuid
from typing import Any, Literal, TypedDict

from realtime import RealtimeNamespace

own = random.Random()
fixed = random.Random(7)
logging.getLogger().setLevel(logging.INFO)


class Point(TypedDict):
    x: int
    y: int


class Boundary:
    """A context manager that tells where it was left."""

    def __init__(self, ns: RealtimeNamespace) -> None:
        self.ns = ns

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(self, *_: object) -> None:
        self.ns.socket.emit("left behind")


async def later(value: int, seconds: float) -> int:
    await asyncio.sleep(seconds)
    return value


def divide(a: float, b: float) -> float:
    return a / b


def register(ns: RealtimeNamespace) -> None:
    asynchronous(ns)
    typed(ns)
    environment(ns)


def asynchronous(ns: RealtimeNamespace) -> None:
    @ns.socket.on("gather")
    async def gather() -> dict[str, Any]:
        order: list[int] = []

        async def noted(value: int, seconds: float) -> int:
            order.append(await later(value, seconds))
            return value

        return {"values": await asyncio.gather(noted(1, 0.2), noted(2, 0.1), noted(3, 0)), "order": order}

    @ns.socket.on("timeout")
    async def timeout() -> str:
        try:
            async with asyncio.timeout(0.05):
                await asyncio.sleep(60)
        except TimeoutError:
            return "timed out"
        return "slept"

    @ns.socket.on("run")
    def run() -> int:
        return asyncio.run(later(5, 0.01))

    @ns.socket.on("forever")
    async def forever() -> None:
        ns.socket.emit("before")
        await asyncio.get_running_loop().create_future()

    @ns.socket.on("behind")
    async def behind() -> None:
        async def task() -> None:
            async with Boundary(ns):
                await asyncio.sleep(60)

        asyncio.create_task(task())
        await asyncio.sleep(0)

    @ns.socket.on("left")
    async def left() -> str:
        async def store() -> None:
            await asyncio.sleep(0.01)
            ns.socket.emit("stored")

        async def fails() -> None:
            await asyncio.sleep(0.01)
            divide(1, 0)

        asyncio.create_task(store())
        asyncio.create_task(fails())
        asyncio.get_running_loop().call_soon(divide, 2, 0)
        later(1, 0)  # type: ignore[unused-coroutine]
        return "ok"

    @ns.socket.on("awaited")
    async def awaited() -> str:
        await ns.socket.emit("one")
        await ns.socket.join("awaited")
        await asyncio.sleep(0.01)
        await ns.to("awaited").emit("two")
        return "done"

    @ns.socket.on("dataThenWait")
    async def data_then_wait() -> Any:
        ns.socket.data["list"] = [1]
        ns.socket.data["list"].append(2)
        answer = await ns.socket.emit_with_ack("question", timeout=5)
        return answer

    @ns.socket.on("dataThenFail")
    def data_then_fail() -> None:
        ns.socket.data["kept"] = True
        raise RuntimeError("after the data")

    @ns.socket.on("dataTooLarge")
    def data_too_large() -> None:
        ns.socket.data["x"] = "x" * 70_000


def typed(ns: RealtimeNamespace) -> None:
    @ns.socket.on("point")
    def point(to: Point, color: Literal["red", "blue"] = "red") -> list[Any]:
        return [to["x"] + to["y"], color]

    @ns.socket.on("two")
    def two(a: int, b: int) -> int:
        return a + b

    @ns.socket.on("deep")
    def deep(value: Any) -> str:
        return type(value).__name__

    @ns.socket.on("notJson")
    def not_json() -> set[int]:
        return {1}

    @ns.socket.on("halfCharacter")
    def half_character(text: str) -> Any:
        try:
            ns.socket.join(text)
        except Exception as error:
            return [text, type(error).__name__]
        return text

    @ns.socket.on("sdkMisuse")
    def misuse() -> list[str]:
        found = []
        uses: list[Any] = [ns.join, ns.leave, lambda: ns.broadcast, lambda: ns.socket.on("late", print)]
        for use in uses:
            try:
                use()
            except Exception as error:
                found.append(str(error))
        return found


def environment(ns: RealtimeNamespace) -> None:
    @ns.socket.on("divide")
    def handler(a: float, b: float) -> float:
        return divide(a, b)

    @ns.socket.on("divideLater")
    async def handler_later(a: float, b: float) -> float:
        await asyncio.sleep(0)
        return divide(a, b)

    @ns.socket.on("logging")
    def log() -> None:
        logging.getLogger("shop").info("it is open")
        logging.getLogger("shop").warning("it is late")
        print("no end of line", end="")

    @ns.socket.on("chance")
    def chance() -> dict[str, Any]:
        return {
            "random": random.random(),
            "own": own.random(),
            "fixed": fixed.random(),
            "uuid4": str(uuid.uuid4()),
            "uuid1": str(uuid.uuid1()),
            "secrets": secrets.token_hex(8),
            "time": time.time_ns(),
            "monotonic": time.monotonic_ns(),
        }

    @ns.socket.on("lazy")
    def lazy() -> list[str]:
        import base64
        import colorsys
        from datetime import datetime
        from string import Template

        return [
            base64.b64encode("ü".encode("latin-1")).decode(),
            str(colorsys.rgb_to_hsv(0, 0, 0)[0]),
            str(datetime.strptime("2024-02-03", "%Y-%m-%d").year),
            Template("$a").substitute(a="b"),
            "bücher.example".encode("idna").decode(),
        ]

    @ns.socket.on("exit")
    def leave() -> None:
        raise SystemExit(3)

    @ns.socket.on("recurse")
    def recurse() -> None:
        def endless(depth: int) -> int:
            return endless(depth + 1)

        endless(0)
