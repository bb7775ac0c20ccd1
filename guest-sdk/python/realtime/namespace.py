"""The namespace that a component serves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from . import _host
from ._calls import Done, Rooms, mistake, not_kept
from ._host import Target
from ._registry import Registry
from ._schedules import Schedules
from .kv import Kv
from .operator import Answers, BroadcastOperator, Count, FoundSockets, ListedSockets
from .socket import Socket

ScheduleFunction = TypeVar("ScheduleFunction", bound=Callable[..., Any])

_EVERYBODY = BroadcastOperator(Target())
_KV = Kv()


_ON = 'handlers are registered on the socket, `@ns.socket.on("name")`'
_INSTEAD = {
    "on": _ON,
    "once": _ON,
    "event": _ON,
    "on_any": "`@ns.socket.on_any` registers it",
    "onAny": "`@ns.socket.on_any` registers it",
    "use": 'a handler of `@ns.socket.on("$connect")` sees each connection first, and refuses it with '
    '`raise ConnectError("reason")`',
    "sockets": "`ns.fetch_sockets()` has the sockets of the namespace",
    "send": '`ns.emit("message", …)` sends that event',
    "fetchSockets": "it is `ns.fetch_sockets`",
    "emitWithAck": "it is `ns.emit_with_ack`",
    "data": "what is kept for a connection is in `ns.socket.data`",
}


class RealtimeNamespace:
    """The namespace that a component serves, and its handlers. A component has one, in a variable of its module.

    `path` begins with `/`, such as `/chat`. Without it, the namespace is the one given to `host run --namespace`, else
    `/`.

    `ns.to(…)`, `ns.emit(…)` and the like reach all sockets, including the current one, which is `ns.socket`.
    """

    __slots__ = ("_path", "_registry", "_schedules", "_socket")

    def __init__(self, path: str | None = None) -> None:
        if path is not None and not isinstance(path, str):
            raise TypeError(f"the path of a namespace is text such as '/chat', not {path!r}")
        self._path = path
        self._registry = Registry()
        self._schedules = Schedules()
        self._socket = Socket(self._registry)

    if not TYPE_CHECKING:
        # Type checkers know the names that exist.
        def __getattr__(self, name: str) -> NoReturn:
            raise mistake("ns", name, _INSTEAD)

        def __setattr__(self, name: str, value: object) -> None:
            if name not in self.__slots__:
                raise not_kept("ns", name)
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"RealtimeNamespace({'' if self._path is None else repr(self._path)})"

    @property
    def socket(self) -> Socket:
        """The socket of the current event. Handlers are registered on it."""
        return self._socket

    @property
    def name(self) -> str:
        """The path that clients use."""
        if self._path is not None and not _host.handling():
            return self._path
        return _host.current().namespace()

    @property
    def kv(self) -> Kv:
        """The key-value store of the namespace, for what is to outlive the event."""
        return _KV

    def schedule(
        self, times: str, time_zone: str | None = None
    ) -> Callable[[ScheduleFunction], ScheduleFunction]:
        """Registers a handler that the host runs at certain times: at an interval, such as `every 10s` or `every 1h 30m`,
        or as a cron expression of five fields says, in UTC or in the time zone with this IANA name. It is a decorator.

        The handler is a `def` or an `async def`. It takes nothing, or the `datetime` at which it was to begin, in UTC. It
        runs in a fresh instance without a socket: broadcasts, `fetch_sockets` and `kv` work. Nobody gets what it returns;
        an error is logged. A run that is due while the last one still goes is skipped.

        >>> @ns.schedule("every 10s")  # doctest: +SKIP
        ... def tick() -> None:
        ...     ns.emit("tick")
        >>> @ns.schedule("0 9 * * mon", "Europe/Berlin")  # doctest: +SKIP
        ... def report(due: datetime) -> None:
        ...     ns.to("staff").emit("report", ns.kv.get("orders"))
        """

        def register(handler: ScheduleFunction) -> ScheduleFunction:
            self._schedules.add(times, time_zone, handler)
            return handler

        return register

    def to(self, rooms: Rooms) -> BroadcastOperator:
        """The sockets in one or several rooms, including the current socket."""
        return _EVERYBODY.to(rooms)

    def in_(self, rooms: Rooms) -> BroadcastOperator:
        """Alias of `to`."""
        return _EVERYBODY.to(rooms)

    def except_(self, rooms: Rooms) -> BroadcastOperator:
        """All sockets of the namespace except those in one or several rooms."""
        return _EVERYBODY.except_(rooms)

    @property
    def volatile(self) -> BroadcastOperator:
        """All sockets. Emitted events may be dropped for clients that are slow to receive."""
        return _EVERYBODY.volatile

    @property
    def local(self) -> BroadcastOperator:
        """All sockets that are connected to this node."""
        return _EVERYBODY.local

    def emit(self, event: str, *args: object) -> Done:
        """Sends an event to every socket of the namespace."""
        return _EVERYBODY.emit(event, *args)

    def emit_with_ack(self, event: str, *args: object, timeout: float = 5.0) -> Answers:
        """Sends an event to every socket and waits for their acknowledgements, at most `timeout` seconds."""
        return _EVERYBODY.emit_with_ack(event, *args, timeout=timeout)

    def fetch_sockets(self) -> FoundSockets:
        """All sockets of the namespace."""
        return _EVERYBODY.fetch_sockets()

    def count_sockets(self) -> Count:
        """How many sockets the namespace has. Costs much less than fetching them."""
        return _EVERYBODY.count_sockets()

    def list_sockets(self) -> ListedSockets:
        """Ids and rooms of all sockets of the namespace, without handshake and data."""
        return _EVERYBODY.list_sockets()

    def sockets_join(self, rooms: Rooms) -> Done:
        """Adds every socket to one or several rooms."""
        return _EVERYBODY.sockets_join(rooms)

    def sockets_leave(self, rooms: Rooms) -> Done:
        """Removes every socket from one or several rooms."""
        return _EVERYBODY.sockets_leave(rooms)

    def disconnect_sockets(self, close: bool = False) -> Done:
        """Disconnects every socket; with `close`, ends their sessions with every namespace on them."""
        return _EVERYBODY.disconnect_sockets(close)

    def join(self, *_: Any) -> NoReturn:
        """Not available: only a socket joins rooms."""
        _unavailable("join", "join()")

    def leave(self, *_: Any) -> NoReturn:
        """Not available: only a socket leaves rooms."""
        _unavailable("leave", "leave()")

    @property
    def broadcast(self) -> NoReturn:
        """Not available: `ns.emit()` reaches all sockets, `ns.socket.broadcast` all others."""
        _unavailable("broadcast", "broadcast")


def _unavailable(name: str, instead: str) -> NoReturn:
    raise NotImplementedError(f"ns.{name} is not available: use ns.socket.{instead} inside an event handler")
