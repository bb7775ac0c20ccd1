"""`socket.data`: read when a handler first asks for it, written back where it changed."""

from __future__ import annotations

import json
from typing import Any

from . import _host, _payload
from .errors import RealtimeError

_text: str | None = None
"""What the host has; none: nobody asked in this event."""
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
    """Tells the host what changed. Compared is the text, since values inside of the dict may have changed, too."""
    global _text
    if _text is None:
        return
    now = _payload.encode_json(_data, "socket.data")
    if now != _text:
        # Said once: where the host refuses it, the old one stays.
        _text = now
        try:
            _host.current().set_data(now)
        except RealtimeError as error:
            error.args = (f"socket.data: {error}",)
            raise


def forget() -> None:
    """What comes next is another event."""
    global _text, _data
    _text, _data = None, {}
