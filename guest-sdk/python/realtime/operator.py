"""Broadcasts: selecting sockets, and acting on all of them."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

from . import _host, _payload
from ._calls import DONE, Done, Rooms, check_name, milliseconds, room_names
from ._data import save
from ._host import ListedSocket, Target
from .handshake import Handshake


class Names:
    """Names of rooms; immutable. To add some takes the time of these, however many there are: a client may choose how
    often a handler calls `to`."""

    __slots__ = ("_list", "_length")

    def __init__(self, names: list[str]) -> None:
        # Shared with those that were made from this one, and have more of it.
        self._list = names
        self._length = len(names)

    def plus(self, names: list[str]) -> Names:
        # Another one may have added to the list already.
        own = self._list if len(self._list) == self._length else self._list[: self._length]
        own.extend(names)
        return Names(own)

    def all(self) -> tuple[str, ...]:
        return tuple(self._list[: self._length])


class BroadcastOperator:
    """A selection of sockets in the namespace, with the methods that act on all of them. Operators are immutable: each
    call in a chain makes a new one.

    Several rooms are a union, `except_` wins over `to`, and every socket gets an event once.

    >>> ns.to("books").to("films").except_("muted").emit("news", {"text": "hello"})  # doctest: +SKIP
    """

    __slots__ = ("_except", "_options", "_rooms")

    def __init__(self, target: Target) -> None:
        self._options = target
        self._rooms = Names(list(target.rooms))
        self._except = Names(list(target.except_))

    @property
    def _target(self) -> Target:
        return replace(self._options, rooms=self._rooms.all(), except_=self._except.all())

    def __repr__(self) -> str:
        return f"BroadcastOperator({self._target})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BroadcastOperator) and self._target == other._target

    def __hash__(self) -> int:
        return hash(self._target)

    def to(self, rooms: Rooms) -> BroadcastOperator:
        """Adds the sockets in one or several rooms."""
        return self._with(rooms=self._rooms.plus(room_names(rooms)))

    def in_(self, rooms: Rooms) -> BroadcastOperator:
        """Alias of `to`."""
        return self.to(rooms)

    def except_(self, rooms: Rooms) -> BroadcastOperator:
        """Excludes the sockets in one or several rooms."""
        return self._with(excluded=self._except.plus(room_names(rooms)))

    @property
    def volatile(self) -> BroadcastOperator:
        """The same sockets, but emitted events may be dropped for clients that are slow to receive."""
        return self._with(options=replace(self._options, volatile=True))

    @property
    def local(self) -> BroadcastOperator:
        """Only sockets that are connected to this node."""
        return self._with(options=replace(self._options, local=True))

    def emit(self, event: str, *args: object) -> Done:
        """Sends an event to the selected sockets."""
        check_name(event, "an event's name")
        _host.current().broadcast(self._target, event, _payload.encode(args, f"emit `{event}`"))
        return DONE

    def emit_with_ack(self, event: str, *args: object, timeout: float = 5.0) -> Answers:
        """Sends an event to the selected sockets and waits for their acknowledgements, at most `timeout` seconds.

        Returns the answers that came in time; its `missing` says how many did not. In an `async def` handler the result
        may be awaited.
        """
        check_name(event, "an event's name")
        payload = _payload.encode(args, f"emit_with_ack `{event}`")
        save()
        received, missing = _host.current().broadcast_with_ack(self._target, event, payload, milliseconds(timeout))
        return Answers([_payload.answer(answer) for answer in received], missing)

    def fetch_sockets(self) -> FoundSockets:
        """The selected sockets, as a list. In an `async def` handler it may be awaited."""
        save()
        return FoundSockets(RemoteSocket._found(found) for found in _host.current().fetch_sockets(self._target))

    def count_sockets(self) -> Count:
        """How many sockets are selected: an `int`. Costs much less than fetching them. In an `async def` handler it may
        be awaited."""
        return Count(_host.current().count_sockets(self._target))

    def list_sockets(self) -> ListedSockets:
        """Ids and rooms of the selected sockets, without handshake and data. In an `async def` handler it may be
        awaited."""
        return ListedSockets(_host.current().list_sockets(self._target))

    def sockets_join(self, rooms: Rooms) -> Done:
        """Adds the selected sockets to one or several rooms."""
        _host.current().sockets_join(self._target, room_names(rooms))
        return DONE

    def sockets_leave(self, rooms: Rooms) -> Done:
        """Removes the selected sockets from one or several rooms."""
        _host.current().sockets_leave(self._target, room_names(rooms))
        return DONE

    def disconnect_sockets(self, close: bool = False) -> Done:
        """Disconnects the selected sockets; with `close`, ends their sessions with every namespace on them."""
        _host.current().disconnect_sockets(self._target, close)
        return DONE

    def _with(
        self, options: Target | None = None, rooms: Names | None = None, excluded: Names | None = None
    ) -> BroadcastOperator:
        new = BroadcastOperator.__new__(BroadcastOperator)
        new._options = options or self._options
        new._rooms = rooms or self._rooms
        new._except = excluded or self._except
        return new


class Answers(Sequence[Any]):
    """The answers of clients to a broadcast, in the order in which they arrived. Each is `None`, the value, or a tuple
    of several."""

    __slots__ = ("_values", "missing")

    def __init__(self, values: list[Any], missing: int) -> None:
        self._values = values
        self.missing = missing
        """How many clients did not answer in time; 0 means that all did."""

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return self._values[index]

    def __len__(self) -> int:
        return len(self._values)

    def __await__(self) -> Generator[None, None, Answers]:
        return self
        yield

    def __repr__(self) -> str:
        return f"Answers({self._values!r}, missing={self.missing})"


@dataclass(frozen=True)
class RemoteSocket:
    """Another socket, as it was when it was fetched. To send to it, use `ns.to(socket.id)`."""

    id: str
    rooms: frozenset[str]
    handshake: Handshake
    data: dict[str, Any]

    @classmethod
    def _found(cls, found: _host.FoundSocket) -> RemoteSocket:
        return cls(found.id, frozenset(found.rooms), found.handshake, json.loads(found.data))


class FoundSockets(list[RemoteSocket]):
    """A list that may be awaited, as in other libraries."""

    def __await__(self) -> Generator[None, None, FoundSockets]:
        return self
        yield


class ListedSockets(list[ListedSocket]):
    """A list that may be awaited."""

    def __await__(self) -> Generator[None, None, ListedSockets]:
        return self
        yield


class Count(int):
    """A number that may be awaited."""

    def __await__(self) -> Generator[None, None, Count]:
        return self
        yield
