"""The guest with schedules that end-to-end tests watch, as `tests/components/clock` (see there for what each does), in Python."""

import asyncio
import os
from datetime import datetime

from realtime import RealtimeNamespace

ns = RealtimeNamespace("/clock")


@ns.socket.on("count")
def count() -> object:
    return ns.kv.get("ticks")


@ns.schedule("every 1s")
def tick(due: datetime) -> None:
    print("tick")
    n, sockets = ns.kv.increment("ticks"), len(ns.fetch_sockets())
    socket = ns.socket
    seen = {"id": socket.id, "rooms": len(socket.rooms), "connected": socket.connected}
    ns.emit("tick", {"n": n, "due": round(due.timestamp() * 1000), "sockets": sockets, **seen})


@ns.schedule("every 1s")
async def slow() -> None:
    await ns.emit("begun", await ns.kv.increment("under way"))
    await asyncio.sleep(4)
    await ns.kv.increment("under way", -1)
    print("slow is over")


@ns.schedule("every 1s")
def odd() -> None:
    n = ns.kv.increment("tries")
    if n % 2 == 1:
        ns.emit("before", n)
        os.abort()
    ns.emit("survived", n)


@ns.schedule("every 1s")
def fails() -> None:
    ns.emit("failing")
    raise ValueError("as it was told")


@ns.schedule("0 9 * * mon", "Europe/Berlin")
def monday() -> None:
    ns.emit("monday")
