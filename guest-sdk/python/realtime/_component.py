"""The component's side of the WIT world: its export, and its imports converted to Python's types.

What only some components have is in `_component_kv.py` and `_component_scheduled.py`. Runs in a component only. componentize-py generates the bindings that it imports, from `wit/`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import broadcast_operator, namespace, search, socket, types

from . import _environment, _snapshot, _traces, _worlds
from ._host import FoundSocket, ListedSocket, Payload, Target
from ._payload import encode_json
from ._registry import CONNECT
from ._store import Store
from .errors import (
    AckTimeoutError,
    ConnectError,
    InvalidArgumentsError,
    InvalidPayloadError,
    NotAllowedError,
    NotConnectedError,
    PayloadTooLargeError,
    RateLimitedError,
    RealtimeError,
    ReservedEventError,
)
from .handshake import Handshake

P = ParamSpec("P")
R = TypeVar("R")


class EventHandler(exports.EventHandler):
    """The component's export. The host calls `describe` once, then `handle` in a fresh instance for each event."""

    def describe(self) -> types.Description:
        if not _environment.check(_traces.say):
            sys.stderr.flush()
            # Without a traceback: what was said is all there is to know.
            os._exit(1)
        ns = _snapshot.served()
        return types.Description(ns._path, ns._registry.events, ns._registry.any_event)

    def handle(self, event: types.Event) -> types.Payload | None:
        payload = Payload(event.payload.json, event.payload.attachments)
        reply = handled(event.name, lambda: _snapshot.served()._registry.handle(event.name, payload, HOST))
        return None if reply is None else types.Payload(reply.json, reply.attachments)


def handled(event: str, run: Callable[[], R]) -> R:
    """Runs the handlers of an event, or a schedule's. What they raise becomes the host's error."""
    _snapshot.wake()
    try:
        return run()
    except MemoryError:
        # Ends the instance; commands that were not sent yet are lost.
        raise
    except BaseException as error:
        raise Err(_handler_error(error, event)) from None
    finally:
        # The last line may have no line break.
        sys.stdout.flush()
        sys.stderr.flush()


def _handler_error(error: BaseException, event: str) -> types.HandlerError:
    if isinstance(error, ConnectError) and event == CONNECT:
        data = None if error.data is None else encode_json(error.data, "ConnectError.data")
        return types.HandlerError_Rejected(types.Rejection(error.message, data))
    if isinstance(error, InvalidArgumentsError):
        return types.HandlerError_InvalidArguments(str(error))
    _traces.log(error)
    return types.HandlerError_Failed(_traces.last_line(error))


def _error(error: types.Error) -> RealtimeError:
    match error:
        case types.Error_NotConnected():
            return NotConnectedError("the socket is not connected")
        case types.Error_InvalidPayload(reason):
            return InvalidPayloadError(reason)
        case types.Error_ReservedEvent(name):
            return ReservedEventError(f"`{name}` is a reserved name, choose another")
        case types.Error_PayloadTooLarge(limit):
            return PayloadTooLargeError(limit)
        case types.Error_RateLimited(reason):
            return RateLimitedError(reason)
        case types.Error_Timeout():
            return AckTimeoutError("no acknowledgement in time")
        case types.Error_NotAllowed(reason):
            return NotAllowedError(reason)
        case types.Error_Other(reason):
            return RealtimeError(reason)


def _call(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Calls the host, and raises its errors as exceptions of `errors.py`."""
    try:
        return function(*args, **kwargs)
    except Err as error:
        problem = _error(error.value)
    raise problem


def _wire(payload: Payload) -> types.Payload:
    return types.Payload(payload.json, payload.attachments)


def _payload(payload: types.Payload) -> Payload:
    return Payload(payload.json, payload.attachments)


def _operator(target: Target) -> types.Operator:
    options = types.OperatorOptions(0)
    if target.exclude_sender:
        options |= types.OperatorOptions.EXCLUDE_SENDER
    if target.volatile:
        options |= types.OperatorOptions.VOLATILE
    if target.local:
        options |= types.OperatorOptions.LOCAL
    return types.Operator(list(target.rooms), list(target.except_), options)


def _handshake(details: types.HandshakeDetails) -> Handshake:
    return Handshake(
        headers=dict(details.headers),
        # So that the first value of a repeated name wins.
        query=dict(reversed(details.query)),
        auth=json.loads(details.auth),
        address=details.address,
        time=details.time,
        issued=details.issued,
        secure=details.secure,
        url=details.url,
        xdomain=details.xdomain,
    )


class _WitHost:
    """Implements `_host.Host` with the imports of the WIT world."""

    def socket_id(self) -> str:
        return socket.id()

    def rooms(self) -> list[str]:
        return socket.rooms()

    def handshake(self) -> Handshake:
        return _handshake(socket.handshake())

    def data(self) -> str:
        return socket.data()

    def set_data(self, json: str) -> None:
        _call(socket.set_data, json)

    def connected(self) -> bool:
        return socket.connected()

    def recovered(self) -> bool:
        return socket.recovered()

    def emit(self, event: str, payload: Payload, volatile: bool) -> None:
        _call(socket.emit, event, _wire(payload), volatile)

    def emit_with_ack(self, event: str, payload: Payload, timeout_ms: int) -> Payload:
        return _payload(_call(socket.emit_with_ack, event, _wire(payload), timeout_ms))

    def join(self, rooms: list[str]) -> None:
        _call(socket.join, rooms)

    def leave(self, room: str) -> None:
        _call(socket.leave, room)

    def disconnect(self, close: bool) -> None:
        _call(socket.disconnect, close)

    def namespace(self) -> str:
        return namespace.name()

    def broadcast(self, target: Target, event: str, payload: Payload) -> None:
        _call(broadcast_operator.emit, _operator(target), event, _wire(payload))

    def broadcast_with_ack(
        self, target: Target, event: str, payload: Payload, timeout_ms: int
    ) -> tuple[list[Payload], int]:
        emit = broadcast_operator.emit_with_ack
        answers = _call(emit, _operator(target), event, _wire(payload), timeout_ms)
        return [_payload(answer) for answer in answers.received], answers.missing

    def fetch_sockets(self, target: Target) -> list[FoundSocket]:
        found = _call(broadcast_operator.fetch_sockets, _operator(target))
        return [FoundSocket(one.id, one.rooms, _handshake(one.handshake), one.data) for one in found]

    def count_sockets(self, target: Target) -> int:
        return _call(search.count_sockets, _operator(target))

    def list_sockets(self, target: Target) -> list[ListedSocket]:
        found = _call(search.list_sockets, _operator(target))
        return [ListedSocket(one.id, frozenset(one.rooms)) for one in found]

    def sockets_join(self, target: Target, rooms: list[str]) -> None:
        _call(broadcast_operator.sockets_join, _operator(target), rooms)

    def sockets_leave(self, target: Target, rooms: list[str]) -> None:
        _call(broadcast_operator.sockets_leave, _operator(target), rooms)

    def disconnect_sockets(self, target: Target, close: bool) -> None:
        _call(broadcast_operator.disconnect_sockets, _operator(target), close)

    def store(self) -> Store | None:
        return STORE


def _store() -> Store | None:
    if "state" not in _worlds.used:
        return None
    from ._component_kv import WitStore

    return WitStore()


STORE = _store()
HOST = _WitHost()
