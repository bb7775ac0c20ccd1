"""Listings of the key-value store, which fetch page after page."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Generic, TypeVar

from ._calls import check_name
from ._kv_call import Call

T = TypeVar("T")

_PAGE = 100
"""Entries of a page."""


class KvListing(Generic[T]):
    """Goes through the entries of a store, with `for` or `async for`. What others change meanwhile may be seen or
    not."""

    __slots__ = ("_call", "_cursor", "_is_last", "_keys_only", "_left", "_page", "_prefix", "_read")

    def __init__(
        self,
        call: str,
        prefix: str,
        after: str | None,
        limit: int | None,
        keys_only: bool,
        read: Callable[[str, bytes], T],
    ) -> None:
        check_name(prefix, "a prefix")
        if after is not None:
            check_name(after, "a key")
        self._call = call
        self._prefix = prefix
        self._cursor = after
        # How many may still be given.
        self._left = sys.maxsize if limit is None else limit
        self._keys_only = keys_only
        self._read = read
        # Reversed.
        self._page: list[tuple[str, bytes]] = []
        self._is_last = False

    def __iter__(self) -> KvListing[T]:
        return self

    def __next__(self) -> T:
        # A page may be empty, and be followed by another.
        while not self._page:
            if self._is_last or self._left <= 0:
                raise StopIteration
            with Call(self._call) as store:
                limit = min(self._left, _PAGE)
                self._page, self._cursor = store.page(self._prefix, self._cursor, limit, self._keys_only)
            self._page.reverse()
            self._is_last = self._cursor is None
        self._left -= 1
        return self._read(*self._page.pop())

    def __aiter__(self) -> KvListing[T]:
        return self

    async def __anext__(self) -> T:
        try:
            return next(self)
        except StopIteration:
            raise StopAsyncIteration from None
