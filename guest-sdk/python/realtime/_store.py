"""The interface to the key-value store: values are bytes, times are milliseconds.

In a component `_component_kv.py` implements it with the WIT interface `kv`; in tests `testing.py` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class StoredEntry:
    value: bytes
    version: int


Expected = bytes | int | None
"""What must be there for `compare_and_set`: this value, the entry with this version, or no entry."""


class Store(Protocol):
    """The functions of the WIT interface. They raise `KvError`."""

    def get(self, key: str) -> StoredEntry | None: ...
    def get_many(self, keys: list[str]) -> list[StoredEntry | None]: ...
    def has(self, key: str) -> bool: ...
    def put(self, key: str, value: bytes, ttl_ms: int | None) -> None: ...
    def put_many(self, values: list[tuple[str, bytes]], ttl_ms: int | None) -> None: ...
    def delete(self, key: str) -> bool: ...
    def delete_many(self, keys: list[str]) -> int: ...
    def increment(self, key: str, delta: int, ttl_ms: int | None) -> int: ...

    def compare_and_set(
        self, key: str, expected: Expected, value: bytes | None, ttl_ms: int | None
    ) -> tuple[bool, StoredEntry | None]:
        """Whether it was set, and what else is there if it was not."""
        ...

    def page(
        self, prefix: str, cursor: str | None, limit: int, keys_only: bool
    ) -> tuple[list[tuple[str, bytes]], str | None]:
        """Entries in the order of their keys, and the next page's cursor."""
        ...

    def clear(self, prefix: str) -> int: ...
