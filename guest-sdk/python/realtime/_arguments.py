"""Checks a handler's arguments: their number, and their types against its type hints.

A JSON value that fits its hint is passed on as it is, with three exceptions: if the hint asks for it, an integer
becomes a `float`, an array a tuple, and an object a dataclass. Surplus arguments are ignored.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from typing import Any

from . import _hints
from ._hints import Check, Mismatch, check_for
from .errors import InvalidArgumentsError

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Parameters:
    """The parameters of a handler. With `skip` 1, the first one gets the event's name; with 0 there is no such one."""

    def __init__(self, function: Callable[..., Any], skip: int) -> None:
        self._function = function
        self._skip = skip
        self._prepared = False
        self._checks: list[Check | None] = []
        self._names: list[str] = []
        self.required = 0
        """How many arguments it must get, once it is prepared."""
        self._rest: Check | None = None
        self._takes_rest = False

    def prepare(self) -> None:
        """Reads the signature and its hints. Raises `TypeError` or `NameError` for a hint or parameter that cannot
        work."""
        if self._prepared:
            return
        hints = _hints_of(self._function)
        for name, parameter in list(_signature(self._function).parameters.items()):
            check = check_for(hints[name], f"parameter `{name}`") if name in hints else None
            if parameter.kind in _POSITIONAL:
                self._names.append(name)
                self._checks.append(check)
                if parameter.default is inspect.Parameter.empty:
                    self.required = len(self._names)
            elif parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                self._takes_rest, self._rest = True, check
            elif parameter.kind is inspect.Parameter.KEYWORD_ONLY and parameter.default is inspect.Parameter.empty:
                raise TypeError(f"parameter `{name}` is keyword-only, and clients send arguments by position")
        if self._skip and not self._names and not self._takes_rest:
            raise TypeError("it must take the event's name and all arguments: `(event, *args)`")
        self._prepared = True

    def bind(self, event: str, args: list[Any]) -> list[Any]:
        """The checked arguments to call the function with. Raises `InvalidArgumentsError`."""
        self.prepare()
        given = [event, *args] if self._skip else args
        if len(given) < self.required:
            position = len(given) - self._skip + 1
            raise InvalidArgumentsError(f"{event}: argument {position} ({self._names[len(given)]}) is missing")
        if not self._takes_rest:
            given = given[: len(self._names)]
        _hints.forget()
        checked = [self._checked(event, index, value) for index, value in enumerate(given)]
        _hints.forget()
        return checked

    def _checked(self, event: str, index: int, value: Any) -> Any:
        check = self._checks[index] if index < len(self._checks) else self._rest
        if check is None:
            return value
        try:
            return check(value)
        except Mismatch as mismatch:
            name = f" ({self._names[index]})" if index < len(self._names) else ""
            text = f"{event}: argument {index - self._skip + 1}{name}{mismatch}"
            raise InvalidArgumentsError(text) from None


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    try:
        return inspect.signature(function)
    except ValueError:
        # Some built-in functions have no signature: they get all arguments.
        rest = inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL)
        return inspect.Signature([rest])


def _hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    # A callable object has the hints of its method; a function wrapped by `functools.wraps`, those of the original.
    target = function if hasattr(function, "__annotations__") or hasattr(function, "__wrapped__") else None
    if target is None:
        target = getattr(type(function), "__call__", None)
    try:
        return typing.get_type_hints(target, include_extras=False) if target is not None else {}
    except TypeError:
        return {}
