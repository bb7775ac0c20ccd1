"""The component's key-value store: the WIT interface `kv`, with Python's types.

Runs in components that use it only; in others there are no bindings to import.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from componentize_py_types import Err
from wit_world.imports import kv

from ._store import Expected, StoredEntry
from .errors import KvError

P = ParamSpec("P")
R = TypeVar("R")


def _error(error: kv.Error) -> KvError:
    match error:
        case kv.Error_KeyTooLong(limit):
            return KvError("key-too-long", f"a key has more than {limit} bytes")
        case kv.Error_ValueTooLarge(limit):
            return KvError("value-too-large", f"the value has more than {limit} bytes")
        case kv.Error_TooMuch(reason):
            return KvError("too-much", reason)
        case kv.Error_RateLimited(reason):
            return KvError("rate-limited", reason)
        case kv.Error_QuotaExceeded(limit):
            return KvError("quota-exceeded", f"the store would have more than {limit} bytes")
        case kv.Error_NotANumber():
            return KvError("not-a-number", "the value is not an integer of 64 bits, or would not be")
        case kv.Error_InvalidTtl():
            return KvError("invalid-ttl", "a time to live is between 1 ms and 100 years")
        case kv.Error_NotAllowed(reason):
            return KvError("not-allowed", reason)
        case kv.Error_Unavailable(reason):
            return KvError("unavailable", f"the store is unavailable: {reason}")


def _call(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Calls the host, and raises its errors as `KvError`."""
    try:
        return function(*args, **kwargs)
    except Err as error:
        problem = _error(error.value)
    raise problem


def _entry(entry: kv.Entry | None) -> StoredEntry | None:
    return None if entry is None else StoredEntry(entry.value, entry.version)


def _expectation(expected: Expected) -> kv.Expectation:
    if expected is None:
        return kv.Expectation_Absent()
    return kv.Expectation_Version(expected) if isinstance(expected, int) else kv.Expectation_Value(expected)


class WitStore:
    """Implements `_store.Store` with the imports of the WIT world."""

    def get(self, key: str) -> StoredEntry | None:
        return _entry(_call(kv.get, key))

    def get_many(self, keys: list[str]) -> list[StoredEntry | None]:
        return [_entry(entry) for entry in _call(kv.get_many, keys)]

    def has(self, key: str) -> bool:
        return _call(kv.has, key)

    def put(self, key: str, value: bytes, ttl_ms: int | None) -> None:
        _call(kv.set, key, value, ttl_ms)

    def put_many(self, values: list[tuple[str, bytes]], ttl_ms: int | None) -> None:
        _call(kv.set_many, [kv.Assignment(key, value, ttl_ms) for key, value in values])

    def delete(self, key: str) -> bool:
        return _call(kv.delete, key)

    def delete_many(self, keys: list[str]) -> int:
        return _call(kv.delete_many, keys)

    def increment(self, key: str, delta: int, ttl_ms: int | None) -> int:
        return _call(kv.increment, key, delta, ttl_ms)

    def compare_and_set(
        self, key: str, expected: Expected, value: bytes | None, ttl_ms: int | None
    ) -> tuple[bool, StoredEntry | None]:
        match _call(kv.compare_and_set, key, _expectation(expected), value, ttl_ms):
            case kv.Comparison_Done():
                return True, None
            case kv.Comparison_Different(entry):
                return False, _entry(entry)

    def page(
        self, prefix: str, cursor: str | None, limit: int, keys_only: bool
    ) -> tuple[list[tuple[str, bytes]], str | None]:
        page = _call(kv.list_entries, kv.Selection(prefix, cursor, limit, keys_only))
        return [(key, entry.value) for key, entry in page.entries], page.cursor

    def clear(self, prefix: str) -> int:
        return _call(kv.clear, prefix)
