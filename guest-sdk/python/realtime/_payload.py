"""Encodes Python values as arguments on the wire, and decodes them.

Binary data is sent as attachments; Socket.IO's placeholders in the JSON text refer to them.
"""

from __future__ import annotations

import enum
import json
import re
from dataclasses import fields, is_dataclass
from typing import Any

from ._host import Payload
from .errors import InvalidPayloadError

BINARY = (bytes, bytearray, memoryview)
DEPTH = 128
"""The most levels of nesting in a client's arguments. Far more levels would exhaust a component's stack."""

_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')
_NO_BRACKETS = re.compile(r"[^\[\]{}]+")


def encode(args: tuple[object, ...], what: str) -> Payload:
    """The payload of these arguments. `what` names the call in the error's text.

    Raises `InvalidPayloadError` if a value in them cannot be written as JSON.
    """
    global _attachments
    attachments: list[bytes] = []
    _attachments = attachments
    return Payload(_dumps(args, what), attachments)


def encode_json(value: object, what: str) -> str:
    """The JSON text of a value for a place that has no attachments."""
    global _attachments
    _attachments = None
    return _dumps(value, what)


def decode(payload: Payload) -> list[Any]:
    """The arguments of a payload; attachments are `bytes`, at any depth."""
    attachments = payload.attachments
    if is_deep(payload.json):
        raise ValueError(f"nested more than {DEPTH} levels deep")
    if not attachments:
        args = json.loads(payload.json)
    else:

        def attached(value: dict[str, Any]) -> Any:
            if value.get("_placeholder") is True and len(value) == 2:
                number = value.get("num")
                if type(number) is int and 0 <= number < len(attachments):
                    return attachments[number]
            return value

        args = json.loads(payload.json, object_hook=attached)
    if not isinstance(args, list):
        raise ValueError("not a JSON array")
    return args


def is_deep(text: str) -> bool:
    """Whether JSON text is nested too deeply to be read."""
    if text.count("[") + text.count("{") <= DEPTH:
        return False
    brackets = _NO_BRACKETS.sub("", _STRINGS.sub("", text)).replace("{", "[").replace("}", "]")
    for _ in range(DEPTH):
        brackets = brackets.replace("[]", "")
    return bool(brackets)


def answer(payload: Payload) -> Any:
    """The values of an acknowledgement: `None` for no value, the value, or a tuple of several."""
    values = decode(payload)
    if len(values) > 1:
        return tuple(values)
    return values[0] if values else None


_attachments: list[bytes] | None = None
"""The attachments of the value that is being encoded; `None` if it cannot have any."""


def _other(value: object) -> object:
    """The replacement for a value that JSON does not have."""
    if isinstance(value, BINARY):
        if _attachments is None:
            raise TypeError("binary data is not allowed here")
        _attachments.append(bytes(value))
        return {"_placeholder": True, "num": len(_attachments) - 1}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, enum.Enum):
        # As it is taken from a client. Members that are text or numbers as well are written as such.
        return value.value
    hint = ""
    if isinstance(value, (set, frozenset)):
        hint = "; send it as a list"
    elif hasattr(value, "__await__"):
        hint = "; await it first"
    raise TypeError(f"`{type(value).__name__}` is not JSON{hint}")


# Created once, so that events do not pay for it.
_ENCODER = json.JSONEncoder(default=_other, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _dumps(value: object, what: str) -> str:
    try:
        text = _ENCODER.encode(value)
        if not is_text(text):
            text = json.dumps(json.loads(text), separators=(",", ":"))
        return text
    except (TypeError, ValueError, RecursionError) as error:
        # Without the cause: its traceback through `json` does not help the reader.
        raise InvalidPayloadError(f"{what}: {error}") from None


def is_text(text: str) -> bool:
    """Whether the text can be encoded as UTF-8. Half a character (a lone surrogate) cannot, except as an escape in
    JSON."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
