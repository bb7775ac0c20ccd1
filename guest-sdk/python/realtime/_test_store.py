"""The key-value store of tests: in memory, with the semantics of the host's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._store import Expected, StoredEntry
from ._stored import decode, encode, milliseconds
from .errors import KvError

_LONGEST_KEY = 1 << 10
_LARGEST_VALUE = 1 << 20
_LONGEST_TTL_MS = 100 * 365 * 24 * 3600 * 1000
_MOST_ENTRIES = 1_000
_MOST_BYTES = 8 << 20
_INT64 = 2**63


class TestStore:
    """A key-value store for tests, as `ns.kv` of sockets that have it.

    It has the host's default bounds on keys, values and calls, but none on an event or on the whole store. Its clock
    stands still until the test calls `advance`.

    >>> store = TestStore({"visits": 2})
    >>> store.values
    {'visits': 2}
    """

    __test__ = False

    def __init__(self, values: Mapping[str, object] | None = None) -> None:
        self._now = 0
        self._version = 0
        # Values, versions, and when they end.
        self._rows: dict[str, tuple[bytes, int, int | None]] = {}
        for key, value in (values or {}).items():
            self.put(key, encode("TestStore", value), None)

    @property
    def values(self) -> dict[str, Any]:
        """All keys and values, in their order."""
        return {key: decode("TestStore.values", key, self._rows[key][0]) for key in self._alive("")}

    def advance(self, seconds: float) -> None:
        """Lets time pass for times to live."""
        self._now += milliseconds(seconds) or 0

    def get(self, key: str) -> StoredEntry | None:
        _check_key(key)
        row = self._row(key)
        return None if row is None else StoredEntry(row[0], row[1])

    def get_many(self, keys: list[str]) -> list[StoredEntry | None]:
        _check_batch(keys, 0)
        found = [self.get(key) for key in keys]
        _check_batch([], sum(len(entry.value) for entry in found if entry))
        return found

    def has(self, key: str) -> bool:
        return self.get(key) is not None

    def put(self, key: str, value: bytes, ttl_ms: int | None) -> None:
        _check_put(key, value, ttl_ms)
        self._put(key, value, self._end(ttl_ms))

    def put_many(self, values: list[tuple[str, bytes]], ttl_ms: int | None) -> None:
        _check_batch([key for key, _ in values], sum(len(value) for _, value in values))
        for key, value in values:
            _check_put(key, value, ttl_ms)
        for key, value in values:
            self._put(key, value, self._end(ttl_ms))

    def delete(self, key: str) -> bool:
        was_there = self.has(key)
        self._rows.pop(key, None)
        return was_there

    def delete_many(self, keys: list[str]) -> int:
        _check_batch(keys, 0)
        for key in keys:
            _check_key(key)
        return sum([self.delete(key) for key in keys])

    def increment(self, key: str, delta: int, ttl_ms: int | None) -> int:
        _check_put(key, b"", ttl_ms)
        value, _, end = self._row(key) or (b"0", 0, self._end(ttl_ms))
        total = _number(value) + delta
        if not -_INT64 <= total < _INT64:
            raise _not_a_number()
        self._put(key, str(total).encode(), end)
        return total

    def compare_and_set(
        self, key: str, expected: Expected, value: bytes | None, ttl_ms: int | None
    ) -> tuple[bool, StoredEntry | None]:
        _check_put(key, value or b"", ttl_ms)
        there = self.get(key)
        is_there = there and (there.version if isinstance(expected, int) else there.value)
        if is_there != expected:
            return False, there
        if value is None:
            self._rows.pop(key, None)
        else:
            self._put(key, value, self._end(ttl_ms))
        return True, None

    def page(
        self, prefix: str, cursor: str | None, limit: int, keys_only: bool
    ) -> tuple[list[tuple[str, bytes]], str | None]:
        _check_key(prefix)
        keys = [key for key in self._alive(prefix) if cursor is None or key > cursor]
        entries = [(key, b"" if keys_only else self._rows[key][0]) for key in keys[:limit]]
        return entries, keys[limit - 1] if len(keys) > limit else None

    def clear(self, prefix: str) -> int:
        _check_key(prefix)
        keys = self._alive(prefix)
        for key in keys:
            del self._rows[key]
        return len(keys)

    def _row(self, key: str) -> tuple[bytes, int, int | None] | None:
        row = self._rows.get(key)
        return row if row and (row[2] is None or row[2] > self._now) else None

    def _alive(self, prefix: str) -> list[str]:
        # The order of characters is that of their UTF-8.
        return sorted(key for key in self._rows if key.startswith(prefix) and self._row(key))

    def _put(self, key: str, value: bytes, end: int | None) -> None:
        self._version += 1
        self._rows[key] = (value, self._version, end)

    def _end(self, ttl_ms: int | None) -> int | None:
        return None if ttl_ms is None else self._now + ttl_ms


def _check_key(key: str) -> None:
    if len(key.encode()) > _LONGEST_KEY:
        raise KvError("key-too-long", f"a key has more than {_LONGEST_KEY} bytes")


def _check_put(key: str, value: bytes, ttl_ms: int | None) -> None:
    _check_key(key)
    if len(value) > _LARGEST_VALUE:
        raise KvError("value-too-large", f"the value has more than {_LARGEST_VALUE} bytes")
    if ttl_ms is not None and not 0 < ttl_ms <= _LONGEST_TTL_MS:
        raise KvError("invalid-ttl", "a time to live is between 1 ms and 100 years")


def _check_batch(keys: list[str], value_bytes: int) -> None:
    if len(keys) > _MOST_ENTRIES:
        raise KvError("too-much", f"a batch has more than {_MOST_ENTRIES} entries")
    if sum(len(key.encode()) for key in keys) + value_bytes > _MOST_BYTES:
        raise KvError("too-much", f"a batch has more than {_MOST_BYTES} bytes")


def _number(value: bytes) -> int:
    """Of its decimal text, as `increment` writes it."""
    text = value.decode(errors="replace")
    try:
        number = int(text)
    except ValueError:
        raise _not_a_number() from None
    if str(number) != text or not -_INT64 <= number < _INT64:
        raise _not_a_number()
    return number


def _not_a_number() -> KvError:
    return KvError("not-a-number", "the value is not an integer of 64 bits, or would not be")
