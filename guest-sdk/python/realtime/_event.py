"""One event, or one run of a schedule: its beginning, what handlers do and leave to do, and its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from . import _data, _host, _loop
from ._host import Host

R = TypeVar("R")


def run(event: str, host: Host, handlers: Callable[[], R]) -> R:
    """Runs handlers, then what they have left to do. Raises the error of a handler."""
    _host.begin(host)
    try:
        return _settled(event, handlers)
    finally:
        try:
            _data.save()
        finally:
            _data.forget()
            _host.end()


def _settled(event: str, handlers: Callable[[], R]) -> R:
    try:
        result = handlers()
    except MemoryError:
        # Ends the instance.
        raise
    except BaseException:
        _loop.settle(event)
        raise
    _loop.settle(event)
    return result
