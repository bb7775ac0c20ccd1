"""`socket.data`: read from the host at the first access, and written back if it changed."""

from __future__ import annotations

import json
from typing import Any

from . import _host, _payload
from .errors import RealtimeError

_text: str | None = None
"""The text that the host has; `None` if it was not read in this event."""
_data: dict[str, Any] = {}


def load() -> dict[str, Any]:
    global _text, _data
    if _text is None:
        _text = _host.current().data()
        _data = json.loads(_text)
    return _data


def replace(data: dict[str, Any]) -> None:
    global _text, _data
    if not isinstance(data, dict):
        raise TypeError(f"socket.data is a dict, not {type(data).__name__}")
    text = _payload.encode_json(data, "socket.data")
    _host.current().set_data(text)
    _text, _data = text, data


def save() -> None:
    """Writes the object back if it changed. Compares its text, as values inside the dict may have changed too."""
    global _text
    if _text is None:
        return
    now = _payload.encode_json(_data, "socket.data")
    if now != _text:
        # Set first, so that data which the host refuses is sent only once.
        _text = now
        try:
            _host.current().set_data(now)
        except RealtimeError as error:
            error.args = (f"socket.data: {error}",)
            raise


def forget() -> None:
    """Forgets the object at the end of an event."""
    global _text, _data
    _text, _data = None, {}
