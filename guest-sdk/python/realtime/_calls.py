"""Return values of calls, and the checks of their arguments."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterable
from typing import Any, Generic, NoReturn, TypeVar

from ._payload import is_text
from .errors import InvalidPayloadError

T = TypeVar("T")

Rooms = str | Iterable[str]
"""The name of a room, or several names. A socket's id is the name of a room that only this socket is in."""

_LONGEST_MS = 2**32 - 1


class Done:
    """The return value of commands. It is empty. It may be awaited, as in other libraries, but need not be."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        return
        yield


DONE = Done()


class Ready(Generic[T]):
    """An awaitable of a value that is already there."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def __await__(self) -> Generator[None, None, T]:
        return self._value
        yield

    def __bool__(self) -> NoReturn:
        raise TypeError("in an `async def` handler this call is awaited: `await ns.…`")


def awaitable_in_async(value: Any) -> Any:
    """The value; inside an `async def` handler, which awaits it, an awaitable of the value."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return value
    return Ready(value)


def room_names(rooms: Rooms) -> list[str]:
    names = [rooms] if isinstance(rooms, str) else list(rooms)
    for name in names:
        check_name(name, "a room's name")
    return names


def check_name(name: object, what: str) -> None:
    if not isinstance(name, str):
        raise TypeError(f"{what} is text, not {name!r}")
    if not is_text(name):
        raise InvalidPayloadError(f"{what} contains half a character (a lone surrogate): {name!r}")


def milliseconds(timeout: float) -> int:
    if not timeout >= 0:
        raise ValueError(f"timeout must be a number of seconds that is not negative, not {timeout!r}")
    return _LONGEST_MS if timeout * 1000 >= _LONGEST_MS else int(timeout * 1000)


def mistake(owner: str, name: str, instead: dict[str, str]) -> AttributeError:
    """The error for a name that does not exist. `instead` has what to write for names that other libraries have."""
    if name in instead:
        return AttributeError(f"`{owner}.{name}` does not exist: {instead[name]}")
    return AttributeError(
        f"`{owner}.{name}` does not exist; what is kept for a connection from event to event is in `ns.socket.data`, "
        f'such as `ns.socket.data["{name}"]`'
    )


def not_kept(owner: str, name: str) -> AttributeError:
    """The error for an attribute that somebody assigns."""
    return AttributeError(
        f"`{owner}.{name} = …` would be gone in the next event, which runs in a fresh instance: keep it in the dict "
        f'that the host keeps for the connection, `ns.socket.data["{name}"] = …`'
    )
