"""The interface to the host, and the host of the current event.

In a component `_component.py` implements the interface with the WIT imports; in tests `testing.py` does. All modules
above this one are plain Python.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ._store import Store
from .handshake import Handshake


@dataclass(frozen=True)
class Payload:
    """Arguments as on the wire: the text of a JSON array, and the attachments that its placeholders refer to."""

    json: str
    attachments: list[bytes]


@dataclass(frozen=True)
class Target:
    """Which sockets of the namespace a broadcast reaches."""

    rooms: tuple[str, ...] = ()
    except_: tuple[str, ...] = ()
    exclude_sender: bool = False
    volatile: bool = False
    local: bool = False


@dataclass(frozen=True)
class FoundSocket:
    """A socket that `fetch_sockets` found; `data` is JSON text."""

    id: str
    rooms: list[str]
    handshake: Handshake
    data: str


@dataclass(frozen=True)
class ListedSocket:
    """Another socket, as it was when it was listed. To send to it, use `ns.to(socket.id)`."""

    id: str
    rooms: frozenset[str]


class Host(Protocol):
    """The imports of the WIT world, with Python's types. They raise the errors of `errors.py`."""

    def socket_id(self) -> str: ...
    def rooms(self) -> list[str]: ...
    def handshake(self) -> Handshake: ...
    def data(self) -> str: ...
    def set_data(self, json: str) -> None: ...
    def connected(self) -> bool: ...
    def recovered(self) -> bool: ...
    def emit(self, event: str, payload: Payload, volatile: bool) -> None: ...
    def emit_with_ack(self, event: str, payload: Payload, timeout_ms: int) -> Payload: ...
    def join(self, rooms: list[str]) -> None: ...
    def leave(self, room: str) -> None: ...
    def disconnect(self, close: bool) -> None: ...

    def namespace(self) -> str: ...

    def broadcast(self, target: Target, event: str, payload: Payload) -> None: ...
    def broadcast_with_ack(
        self, target: Target, event: str, payload: Payload, timeout_ms: int
    ) -> tuple[list[Payload], int]: ...
    def fetch_sockets(self, target: Target) -> list[FoundSocket]: ...
    def count_sockets(self, target: Target) -> int: ...
    def list_sockets(self, target: Target) -> list[ListedSocket]: ...
    def sockets_join(self, target: Target, rooms: list[str]) -> None: ...
    def sockets_leave(self, target: Target, rooms: list[str]) -> None: ...
    def disconnect_sockets(self, target: Target, close: bool) -> None: ...

    def store(self) -> Store | None:
        """The key-value store; `None` if the component was built without."""
        ...


_current: Host | None = None


def current() -> Host:
    """The host of the current event. Raises `RuntimeError` outside of events."""
    if _current is None:
        raise RuntimeError("there is no event now: this works inside an event handler only")
    return _current


def handling() -> bool:
    return _current is not None


def begin(host: Host) -> None:
    """Begins an event."""
    global _current
    _current = host


def end() -> None:
    """Ends the event."""
    global _current
    _current = None
