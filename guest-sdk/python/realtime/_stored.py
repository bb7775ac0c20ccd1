"""Values, keys and times as the key-value store has them.

A value is JSON text, or a byte 0 and binary data: no JSON begins so. That is the same in the SDKs of all languages.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from . import _payload
from ._calls import check_name
from ._store import StoredEntry
from .errors import InvalidPayloadError, KvError

_BYTES = b"\0"
_LONGEST_MS = 2**64 - 1


def encode(call: str, value: object) -> bytes:
    """Raises `InvalidPayloadError` for what cannot be written, or could not be read again."""
    if isinstance(value, _payload.BINARY):
        return _BYTES + bytes(value)
    text = _payload.encode_json(value, call)
    if _payload.is_deep(text):
        raise InvalidPayloadError(f"{call}: nested more than {_payload.DEPTH} levels deep")
    return text.encode()


def decode(call: str, key: str, value: bytes) -> Any:
    """Raises `KvError` if it is neither."""
    if value.startswith(_BYTES):
        return value[1:]
    try:
        text = value.decode()
        if _payload.is_deep(text):
            raise ValueError(f"nested more than {_payload.DEPTH} levels deep")
        return json.loads(text)
    except ValueError as error:
        why = "it is neither JSON nor written by an SDK" if isinstance(error, UnicodeDecodeError) else error
        raise KvError("unreadable", f"{call}: the value of `{key}`: {why}") from None


def value_of(call: str, key: str, found: StoredEntry | None) -> Any:
    return None if found is None else decode(call, key, found.value)


def key_names(keys: Iterable[str]) -> list[str]:
    if isinstance(keys, str):
        raise TypeError(f"several keys are a list, not text: [{keys!r}]")
    names = list(keys)
    for name in names:
        check_name(name, "a key")
    return names


def milliseconds(ttl: float | None) -> int | None:
    """A time to live in seconds. What the host does not accept stays that."""
    if ttl is None:
        return None
    # Not a number is 0, which is too short.
    return round(min(ttl * 1000, _LONGEST_MS)) if ttl > 0 else 0
