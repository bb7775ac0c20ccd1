"""The socket of the current event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

from . import _data, _host, _payload
from ._calls import DONE, Done, Rooms, awaitable_in_async, check_name, milliseconds, room_names
from ._host import Target
from ._registry import Registry
from .handshake import Handshake
from .operator import BroadcastOperator

Handler = TypeVar("Handler", bound=Callable[..., Any])


class Socket:
    """The socket of the current event: where handlers are registered, and in handlers what is known of the socket and
    what can be done with it.

    `emit`, `join`, `leave`, `disconnect` and broadcasts are commands. They take effect in the order they were called,
    at the latest when the handler waits or returns; in `$connect` all of them are held until the handler returns. Where
    the host does not take one, it raises a `RealtimeError`.
    """

    __slots__ = ("_registry", "_volatile")

    def __init__(self, registry: Registry, volatile: bool = False) -> None:
        self._registry = registry
        self._volatile = volatile

    @overload
    def on(self, event: str) -> Callable[[Handler], Handler]: ...
    @overload
    def on(self, event: str, handler: Callable[..., Any]) -> Socket: ...
    def on(self, event: str, handler: Callable[..., Any] | None = None) -> Any:
        """Registers a handler for an event that clients emit, or for `$connect` (a client joins the namespace) or
        `$disconnect` (it is gone; the argument is the reason, such as `transport close`).

        A decorator; with the handler as second argument it returns the socket, for chaining. The handler is a `def` or
        an `async def`. Its arguments are those that the client sent, checked against its type hints; what it returns is
        the acknowledgement (a tuple: several arguments; `None`: none).

        >>> @ns.socket.on("add")  # doctest: +SKIP
        ... def add(a: float, b: float) -> float:
        ...     return a + b
        """
        if handler is not None:
            self._registry.add(event, handler)
            return self

        def register(handler: Handler) -> Handler:
            self._registry.add(event, handler)
            return handler

        return register

    @overload
    def once(self, event: str) -> Callable[[Handler], Handler]: ...
    @overload
    def once(self, event: str, handler: Callable[..., Any]) -> Socket: ...
    def once(self, event: str, handler: Callable[..., Any] | None = None) -> Any:
        """Alias of `on`. Each event runs in a fresh instance, so there is nothing that a handler could be removed from
        after its first run."""
        return self.on(event) if handler is None else self.on(event, handler)

    def on_any(self, handler: Handler) -> Handler:
        """Registers a handler for every event that clients emit, whatever its name; a decorator. It gets the name and
        all arguments, and runs before the event's own handlers. What it returns acknowledges the event, but `None` does
        not: that is left to the event's own handlers. `$connect` and `$disconnect` do not run it.

        >>> @ns.socket.on_any  # doctest: +SKIP
        ... def log(event: str, *args: object) -> None:
        ...     print(event, args)
        """
        self._registry.add_any(handler)
        return handler

    @property
    def id(self) -> str:
        """20 random characters, different for each namespace that a client joins. Also the name of a room that only
        this socket is in."""
        return _host.current().socket_id()

    @property
    def rooms(self) -> frozenset[str]:
        """Its rooms when the event began, its own id among them. A join or leave shows on the next event."""
        return frozenset(_host.current().rooms())

    @property
    def handshake(self) -> Handshake:
        """What was known of the connection when the client joined the namespace."""
        return _host.current().handshake()

    @property
    def data(self) -> dict[str, Any]:
        """What the host keeps for this connection, JSON of at most 64 KiB. Changes are kept: they are written back when
        the handler waits or ends, also where it fails."""
        return _data.load()

    @data.setter
    def data(self, data: dict[str, Any]) -> None:
        _data.replace(data)

    @property
    def connected(self) -> bool:
        """Whether the client is connected at this moment. False in `$disconnect`."""
        return _host.current().connected()

    @property
    def recovered(self) -> bool:
        """Whether this connection took up an earlier one, with its id, rooms and data."""
        return _host.current().recovered()

    def emit(self, event: str, *args: object) -> Done:
        """Sends an event to this socket. After the client is gone this does nothing."""
        check_name(event, "an event's name")
        _host.current().emit(event, _payload.encode(args, f"emit `{event}`"), self._volatile)
        return DONE

    def emit_with_ack(self, event: str, *args: object, timeout: float = 5.0) -> Any:
        """Sends an event and waits for what the client acknowledges, at most so many seconds and no longer than the
        handler may run: `None`, the value, or a tuple of several. Commands called before are sent first.

        In an `async def` handler it is awaited; nothing else of the handler runs meanwhile.

        Raises `AckTimeoutError`, `NotConnectedError`, and `NotAllowedError` in `$connect`, which must answer the client
        first.
        """
        check_name(event, "an event's name")
        payload = _payload.encode(args, f"emit_with_ack `{event}`")
        _data.save()
        answer = _host.current().emit_with_ack(event, payload, milliseconds(timeout))
        return awaitable_in_async(_payload.answer(answer))

    def join(self, rooms: Rooms) -> Done:
        """Adds this socket to a room or several."""
        _host.current().join(room_names(rooms))
        return DONE

    def leave(self, room: str) -> Done:
        """Takes this socket out of a room. The room of its own id it never leaves."""
        check_name(room, "a room's name")
        _host.current().leave(room)
        return DONE

    def disconnect(self, close: bool = False) -> Done:
        """Takes this socket out of the namespace; with `close`, ends the whole session with every namespace on it. What
        was emitted before still reaches the client."""
        _host.current().disconnect(close)
        return DONE

    def to(self, rooms: Rooms) -> BroadcastOperator:
        """The sockets in this room, or in any of several, but not this one."""
        return self.broadcast.to(rooms)

    def in_(self, rooms: Rooms) -> BroadcastOperator:
        """Alias of `to`."""
        return self.to(rooms)

    def except_(self, rooms: Rooms) -> BroadcastOperator:
        """All sockets but those in this room, or in any of several, and this one."""
        return self.broadcast.except_(rooms)

    @property
    def broadcast(self) -> BroadcastOperator:
        """All sockets of the namespace but this one."""
        return BroadcastOperator(Target(exclude_sender=True, volatile=self._volatile))

    @property
    def local(self) -> BroadcastOperator:
        """All other sockets that are connected to this node."""
        return self.broadcast.local

    @property
    def volatile(self) -> Socket:
        """The same socket, but what is emitted from here on may be dropped where a client is slow to receive. What
        waits for an acknowledgement is never dropped."""
        return Socket(self._registry, volatile=True)
