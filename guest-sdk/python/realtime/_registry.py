"""Keeps the registered handlers, and runs those of an event."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

from . import _event, _host, _loop, _payload
from ._arguments import Parameters
from ._calls import Done
from ._host import Host, Payload
from .errors import InvalidArgumentsError

CONNECT = "$connect"
DISCONNECT = "$disconnect"

_AT_CONNECT = f'write `@ns.socket.on("{CONNECT}")`; the socket is `ns.socket`, not an argument'
# Names whose handlers would never run, as clients cannot emit them, or which mean something else in other libraries.
_NEVER = {
    "connect": _AT_CONNECT,
    "connection": _AT_CONNECT,
    "disconnect": f'write `@ns.socket.on("{DISCONNECT}")`, whose handler gets the reason',
    "connect_error": "only clients have this event",
    "disconnecting": f'write `@ns.socket.on("{DISCONNECT}")`, which runs when the socket has left',
    "newListener": "choose another name",
    "removeListener": "choose another name",
}

# How many arguments the host's own events have.
_GIVEN = {CONNECT: 0, DISCONNECT: 1}


class _Handler:
    def __init__(self, function: Callable[..., Any], skip: int) -> None:
        if not callable(function):
            raise TypeError(f"a handler is a function, not {function!r}")
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError("a handler is a `def` or an `async def`, not a generator: use `return`, not `yield`")
        self.function = function
        self.parameters = Parameters(function, skip)


class Registry:
    """The handlers of a namespace, in the order of registration."""

    def __init__(self) -> None:
        self._named: dict[str, list[_Handler]] = {}
        self._any: list[_Handler] = []

    def add(self, event: str, function: Callable[..., Any]) -> None:
        self._check_time()
        if not isinstance(event, str):
            raise TypeError(f'an event\'s name is text, not {event!r}: `@ns.socket.on("message")`')
        if event in _NEVER:
            raise ValueError(f"`{event}` is not an event that clients emit: {_NEVER[event]}")
        self._named.setdefault(event, []).append(_Handler(function, skip=0))

    def add_any(self, function: Callable[..., Any]) -> None:
        self._check_time()
        self._any.append(_Handler(function, skip=1))

    @staticmethod
    def _check_time() -> None:
        if _host.handling():
            raise RuntimeError("handlers are registered when the module is loaded, not inside a handler")

    @property
    def events(self) -> list[str]:
        return list(self._named)

    @property
    def any_event(self) -> bool:
        return bool(self._any)

    def prepare(self) -> None:
        """Reads all type hints now. Raises `TypeError` for one that cannot be checked."""
        for event, handlers in [("on_any", self._any), *self._named.items()]:
            for handler in handlers:
                try:
                    handler.parameters.prepare()
                    if handler.parameters.required > (most := _GIVEN.get(event, sys.maxsize)):
                        given = "the reason only" if most else "no arguments"
                        raise TypeError(f"it gets {given}, so it would never run; the socket is `ns.socket`")
                except (TypeError, NameError) as error:
                    name = getattr(handler.function, "__qualname__", repr(handler.function))
                    raise TypeError(f"handler `{name}` of `{event}`: {error}") from None

    def handle(self, event: str, payload: Payload, host: Host) -> Payload | None:
        """Runs the handlers of an event until one fails. The first reply with arguments is the acknowledgement. Without
        such a reply, the event is acknowledged without arguments if it has a handler of its own.

        Raises the error of a handler, and `InvalidArgumentsError` if the arguments do not fit.
        """
        any_event = [] if event in (CONNECT, DISCONNECT) else self._any
        handlers = any_event + self._named.get(event, [])
        if not handlers:
            return None
        reply = _event.run(event, host, lambda: self._run(event, payload, handlers))
        return reply if event in self._named or reply.json != "[]" else None

    def _run(self, event: str, payload: Payload, handlers: list[_Handler]) -> Payload:
        args = _decode(event, payload)
        reply = Payload("[]", [])
        for handler in handlers:
            bound = handler.parameters.bind(event, args)
            returned = _loop.run(handler.function(*bound))
            if event == CONNECT and returned is False:
                raise ValueError('`return False` does not refuse a connection: `raise ConnectError("reason")` does')
            if reply.json == "[]":
                reply = _reply(returned)
        return reply


def _decode(event: str, payload: Payload) -> list[Any]:
    try:
        return _payload.decode(payload)
    except (ValueError, RecursionError) as error:
        raise InvalidArgumentsError(f"{event}: {error}") from None


def _reply(returned: object) -> Payload:
    if returned is None or isinstance(returned, Done):
        return Payload("[]", [])
    # A named tuple is one argument.
    args = returned if type(returned) is tuple else (returned,)
    return _payload.encode(args, "acknowledgement")
