"""The socket of the current event."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, overload

from . import _data, _host, _payload
from ._calls import DONE, Done, Rooms, awaitable_in_async, check_name, milliseconds, mistake, not_kept, room_names
from ._host import Target
from ._registry import Registry
from .handshake import Handshake
from .operator import BroadcastOperator

HandlerFunction = TypeVar("HandlerFunction", bound=Callable[..., Any])


_INSTEAD = {
    "use": "look at events in an `@ns.socket.on_any` handler",
    "event": 'handlers are registered with their event\'s name, `@ns.socket.on("name")`',
    "send": '`ns.socket.emit("message", …)` sends that event',
    "write": '`ns.socket.emit("message", …)` sends that event',
    "timeout": "`ns.socket.emit_with_ack(…, timeout=seconds)` waits that long",
    "onAny": "`@ns.socket.on_any` registers it",
    "emitWithAck": "it is `ns.socket.emit_with_ack`",
    "session": "what is kept for a connection is in `ns.socket.data`",
    "get_session": "what is kept for a connection is in `ns.socket.data`",
    "save_session": "what is kept for a connection is in `ns.socket.data`",
}


class Socket:
    """The socket of the current event. Handlers are registered on it; inside a handler it has the socket's data and
    commands.

    `emit`, `join`, `leave`, `disconnect` and broadcasts are commands. They take effect in the order of the calls, at
    the latest when the handler waits or returns. In `$connect` all commands are held until the handler returns. A
    command that the host does not accept raises a `RealtimeError`.
    """

    __slots__ = ("_registry", "_volatile")

    def __init__(self, registry: Registry, volatile: bool = False) -> None:
        self._registry = registry
        self._volatile = volatile

    if not TYPE_CHECKING:
        # Type checkers know the names that exist.
        def __getattr__(self, name: str) -> NoReturn:
            raise mistake("ns.socket", name, _INSTEAD)

        def __setattr__(self, name: str, value: object) -> None:
            if name not in ("_registry", "_volatile", "data"):
                raise not_kept("ns.socket", name)
            object.__setattr__(self, name, value)

    @overload
    def on(self, event: str) -> Callable[[HandlerFunction], HandlerFunction]: ...
    @overload
    def on(self, event: str, handler: Callable[..., Any]) -> Socket: ...
    def on(self, event: str, handler: Callable[..., Any] | None = None) -> Any:
        """Registers a handler for an event that clients emit, or for `$connect` (a client joins the namespace) or
        `$disconnect` (the client is gone; the argument is the reason, such as `transport close`).

        It is a decorator. With the handler as second argument it returns the socket, for chaining. The handler is a
        `def` or an `async def`. It gets the client's arguments, checked against its type hints. Its return value is the
        acknowledgement: a tuple for several arguments, `None` for no arguments.

        >>> @ns.socket.on("add")  # doctest: +SKIP
        ... def add(a: float, b: float) -> float:
        ...     return a + b
        """
        if handler is not None:
            self._registry.add(event, handler)
            return self

        def register(handler: HandlerFunction) -> HandlerFunction:
            self._registry.add(event, handler)
            return handler

        return register

    @overload
    def once(self, event: str) -> Callable[[HandlerFunction], HandlerFunction]: ...
    @overload
    def once(self, event: str, handler: Callable[..., Any]) -> Socket: ...
    def once(self, event: str, handler: Callable[..., Any] | None = None) -> Any:
        """Alias of `on`. Each event runs in a fresh instance, which cannot know that the handler ran before."""
        return self.on(event) if handler is None else self.on(event, handler)

    def on_any(self, handler: HandlerFunction) -> HandlerFunction:
        """Registers a handler for every event that clients emit, whatever its name. It is a decorator. The handler gets
        the name and all arguments, and runs before the event's own handlers. Its return value acknowledges the event,
        except `None`, which leaves the acknowledgement to the event's own handlers. It does not run for `$connect` and
        `$disconnect`.

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
        """The socket's rooms when the event began, including its own id. A `join` or `leave` shows in the next
        event."""
        return frozenset(_host.current().rooms())

    @property
    def handshake(self) -> Handshake:
        """The data of the connection when the client joined the namespace."""
        return _host.current().handshake()

    @property
    def data(self) -> dict[str, Any]:
        """The JSON object that the host keeps for this connection, at most 64 KiB. Changes are saved when the handler
        waits or ends, even if it fails."""
        return _data.load()

    @data.setter
    def data(self, data: dict[str, Any]) -> None:
        _data.replace(data)

    @property
    def connected(self) -> bool:
        """Whether the client is connected now. `False` in `$disconnect`."""
        return _host.current().connected()

    @property
    def recovered(self) -> bool:
        """Whether this connection recovered an earlier one, with its id, rooms and data."""
        return _host.current().recovered()

    def emit(self, event: str, *args: object) -> Done:
        """Sends an event to this socket. Does nothing if the client is gone."""
        check_name(event, "an event's name")
        _host.current().emit(event, _payload.encode(args, f"emit `{event}`"), self._volatile)
        return DONE

    def emit_with_ack(self, event: str, *args: object, timeout: float = 5.0) -> Any:
        """Sends an event to this socket and waits for the client's acknowledgement, at most `timeout` seconds or until
        the handler's time is over. Returns `None`, the value, or a tuple of several. Earlier commands are sent first.

        In an `async def` handler it must be awaited. Nothing else of the handler runs meanwhile.

        Raises `AckTimeoutError`, `NotConnectedError`, and `NotAllowedError` in `$connect`: the client must be accepted
        first.
        """
        check_name(event, "an event's name")
        payload = _payload.encode(args, f"emit_with_ack `{event}`")
        _data.save()
        answer = _host.current().emit_with_ack(event, payload, milliseconds(timeout))
        return awaitable_in_async(_payload.answer(answer))

    def join(self, rooms: Rooms) -> Done:
        """Adds this socket to one or several rooms."""
        _host.current().join(room_names(rooms))
        return DONE

    def leave(self, room: str) -> Done:
        """Removes this socket from a room. It never leaves the room of its own id."""
        check_name(room, "a room's name")
        _host.current().leave(room)
        return DONE

    def disconnect(self, close: bool = False) -> Done:
        """Disconnects this socket from the namespace; with `close`, ends the whole session with every namespace on it.
        Events emitted before still reach the client."""
        _host.current().disconnect(close)
        return DONE

    def to(self, rooms: Rooms) -> BroadcastOperator:
        """The other sockets in one or several rooms."""
        return self.broadcast.to(rooms)

    def in_(self, rooms: Rooms) -> BroadcastOperator:
        """Alias of `to`."""
        return self.to(rooms)

    def except_(self, rooms: Rooms) -> BroadcastOperator:
        """The other sockets of the namespace, except those in one or several rooms."""
        return self.broadcast.except_(rooms)

    @property
    def broadcast(self) -> BroadcastOperator:
        """The other sockets of the namespace."""
        return BroadcastOperator(Target(exclude_sender=True, volatile=self._volatile))

    @property
    def local(self) -> BroadcastOperator:
        """The other sockets that are connected to this node."""
        return self.broadcast.local

    @property
    def volatile(self) -> Socket:
        """The same socket, but events that it emits or broadcasts may be dropped for clients that are slow to receive.
        Events that wait for an acknowledgement are never dropped."""
        return Socket(self._registry, volatile=True)
