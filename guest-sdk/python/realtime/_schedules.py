"""Keeps the schedules of a namespace, and runs them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from . import _event, _host, _loop, _worlds
from ._host import Host

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Schedule:
    name: str
    """Its times; the second one with the same times also has its number. As in the other languages' SDKs."""
    times: str
    time_zone: str | None
    function: Callable[..., Any]
    takes_due: bool


class Schedules:
    """The schedules of a namespace, in the order of registration."""

    def __init__(self) -> None:
        self._all: dict[str, Schedule] = {}

    @property
    def all(self) -> list[Schedule]:
        return list(self._all.values())

    def add(self, times: str, time_zone: str | None, function: Callable[..., Any]) -> None:
        if _host.handling():
            raise RuntimeError("schedules are registered when the module is loaded, not inside a handler")
        if not isinstance(times, str):
            raise TypeError(f'the times of a schedule are text, not {times!r}: `@ns.schedule("every 10s")`')
        if time_zone is not None and not isinstance(time_zone, str):
            raise TypeError(f'a time zone has a name, such as "Europe/Berlin", not {time_zone!r}')
        takes_due = _takes_due(function)
        earlier = sum((one.times, one.time_zone) == (times, time_zone) for one in self._all.values())
        name = times if time_zone is None else f"{times} {time_zone}"
        name = name if earlier == 0 else f"{name} #{earlier + 1}"
        self._all[name] = Schedule(name, times, time_zone, function, takes_due)
        # The component exports them.
        _worlds.used.add("scheduling")

    def run(self, name: str, due_ms: int, host: Host) -> None:
        """Runs the handler of a schedule, and raises its error."""
        schedule = self._all[name]
        args = [_EPOCH + timedelta(milliseconds=due_ms)] if schedule.takes_due else []
        _event.run(name, host, lambda: _loop.run(schedule.function(*args)))


def _takes_due(function: Callable[..., Any]) -> bool:
    """Whether a function takes an argument. Raises `TypeError` for one that cannot be called."""
    if not callable(function):
        raise TypeError(f"the handler of a schedule is a function, not {function!r}")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError("the handler of a schedule is a `def` or an `async def`, not a generator")
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:
        # Some built-in functions have no signature.
        return False
    least, most = 0, 0
    for parameter in parameters:
        is_required = parameter.default is inspect.Parameter.empty
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            most = sys.maxsize
        elif parameter.kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD):
            least, most = least + is_required, most + 1
        elif parameter.kind is inspect.Parameter.KEYWORD_ONLY and is_required:
            least = sys.maxsize
    if least > 1:
        raise TypeError("the handler of a schedule takes nothing, or the time at which it was to begin")
    return most > 0
