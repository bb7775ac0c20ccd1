"""The key-value store of the namespace.

>>> from realtime import RealtimeNamespace
>>> from realtime.testing import TestSocket
>>> ns = RealtimeNamespace("/chat")
>>> @ns.socket.on("visit")
... def visit() -> int:
...     return ns.kv.increment("visits")
>>> socket = TestSocket(ns)
>>> socket.fire("visit"), socket.fire("visit")
(1, 2)
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._calls import DONE, Done, awaitable_in_async, check_name
from ._kv_call import Call
from ._kv_listing import KvListing
from ._store import Expected
from ._stored import decode, encode, key_names, milliseconds, value_of
from .errors import KvError
from .operator import Count

if TYPE_CHECKING:

    class Truth(bool):  # type: ignore[misc]
        """A `bool`; in an `async def` handler, an awaitable of one."""

        def __await__(self) -> Generator[None, None, bool]: ...


Pairs = Mapping[str, Any] | Iterable[tuple[str, Any]]
"""Keys and their values: a `dict`, or pairs."""

_TRIES = 100
"""How often `update` tries. Each time that it fails, another handler was faster."""

_INT64 = 2**63
_NULL = encode("null", None)


class Kv:
    """`ns.kv`: values by key, which outlive events, clients and the host's process. The store belongs to the namespace.

    Calls are no commands: each takes effect at once, is durable when it returns, and stands although the handler fails
    later or refuses the client. Commands that were called before take effect first. There is no store while the module
    is loaded: use it in handlers.

    Values are JSON, or `bytes` (also `bytearray` and `memoryview`; they come back as `bytes`). Keys have at most 1 KiB,
    values 1 MiB; an event may make 1,000 calls and exchange 8 MiB (settings of the host). Times are in seconds. A call
    that fails raises `KvError`.

    In a `def` handler calls return their value. In an `async def` handler they are awaited; nothing else of the handler
    runs meanwhile.
    """

    __slots__ = ()

    def get(self, key: str) -> Any:
        """The value of a key; `None` if there is none.

        >>> topic = ns.kv.get("topic")  # doctest: +SKIP
        """
        check_name(key, "a key")
        with Call("kv.get") as store:
            found = store.get(key)
        return awaitable_in_async(value_of("kv.get", key, found))

    def entry(self, key: str) -> KvEntry:
        """The value of a key with its version, for `compare_and_set`."""
        check_name(key, "a key")
        with Call("kv.entry") as store:
            found = store.get(key)
        return KvEntry(value_of("kv.entry", key, found), None if found is None else found.version)

    def get_many(self, keys: Iterable[str]) -> KvValues:
        """The values of several keys, in their order, as they are at one moment; `None` where there is none.

        >>> ada, bob = ns.kv.get_many(["score:ada", "score:bob"])  # doctest: +SKIP
        """
        names = key_names(keys)
        with Call("kv.get_many") as store:
            found = store.get_many(names)
        return KvValues(value_of("kv.get_many", key, entry) for key, entry in zip(names, found, strict=True))

    def has(self, key: str) -> Truth:
        """Whether there is a value."""
        check_name(key, "a key")
        with Call("kv.has") as store:
            there = store.has(key)
        return _truth(there)

    def set(self, key: str, value: object, *, ttl: float | None = None) -> Done:
        """Sets a value. After `ttl` seconds it is gone; without, it stays until it is replaced or deleted.

        >>> ns.kv.set("topic", {"name": "elephants"})  # doctest: +SKIP
        >>> ns.kv.set("typing:ada", True, ttl=5)  # doctest: +SKIP
        """
        check_name(key, "a key")
        with Call("kv.set") as store:
            store.put(key, encode("kv.set", value), milliseconds(ttl))
        return DONE

    def set_many(self, values: Pairs, *, ttl: float | None = None) -> Done:
        """Sets all values or none: a `dict`, or pairs of keys and values.

        >>> ns.kv.set_many({"score:ada": 3, "score:bob": 2})  # doctest: +SKIP
        """
        call = "kv.set_many"
        pairs = list(values.items() if isinstance(values, Mapping) else values)
        for key, _ in pairs:
            check_name(key, "a key")
        with Call(call) as store:
            store.put_many([(key, encode(call, value)) for key, value in pairs], milliseconds(ttl))
        return DONE

    def delete(self, key: str) -> Truth:
        """Deletes a value. Whether it was there."""
        check_name(key, "a key")
        with Call("kv.delete") as store:
            was_there = store.delete(key)
        return _truth(was_there)

    def delete_many(self, keys: Iterable[str]) -> Count:
        """Deletes all values or none. How many were there."""
        names = key_names(keys)
        with Call("kv.delete_many") as store:
            return Count(store.delete_many(names))

    def increment(self, key: str, delta: int = 1, *, ttl: float | None = None) -> Count:
        """Adds to a number, which is 0 if it is not there, and returns the sum. However many handlers do so at once,
        nothing is lost. With `ttl`, a number that was not there is gone after so many seconds: for limits on rates.

        Raises `KvError` with the code `not-a-number` if the value, or the sum, is no integer of 64 bits.

        >>> if ns.kv.increment(f"messages:{ns.socket.handshake.address}", ttl=60) > 100:  # doctest: +SKIP
        ...     raise InvalidArgumentsError("too many messages")
        """
        check_name(key, "a key")
        if not isinstance(delta, int):
            raise TypeError(f"kv.increment: what is added is a whole number, not {delta!r}")
        with Call("kv.increment") as store:
            if not -_INT64 <= delta < _INT64:
                raise KvError("not-a-number", "what is added is not an integer of 64 bits")
            return Count(store.increment(key, delta, milliseconds(ttl)))

    def compare_and_set(self, key: str, expected: object, value: object, *, ttl: float | None = None) -> Truth:
        """Sets a value if another is there. Whether it was set.

        `expected` is what must be there: a value, a `KvEntry` (the key has not been changed since), or `None`: no value.
        As `value`, `None` deletes the key. Values are compared as JSON text, so the
        order of a `dict` counts. To compute a value from the old one, `update` is simpler.

        >>> is_first = ns.kv.compare_and_set("owner", None, ns.socket.id)  # doctest: +SKIP
        """
        call = "kv.compare_and_set"
        check_name(key, "a key")
        with Call(call) as store:
            new, ttl_ms = None if value is None else encode(call, value), milliseconds(ttl)
            done, there = store.compare_and_set(key, _expected(call, expected), new, ttl_ms)
            if expected is None and there and there.value == _NULL:
                done, _ = store.compare_and_set(key, there.version, new, ttl_ms)
        return _truth(done)

    def update(self, key: str, function: Callable[[Any], Any], *, ttl: float | None = None) -> Any:
        """Replaces a value by what the function makes of it, and returns the new one. The function gets `None` if there
        is no value, and must return the new one: JSON or `bytes`, not `None`. What it raises leaves the value as it is.

        If another handler changes the value meanwhile, the function is called again with the changed one; after 100
        times, `KvError` with the code `conflict`. The new value has the time to live that is given here, or none.

        >>> names = ns.kv.update("names", lambda names: [*(names or []), "Ada"])  # doctest: +SKIP
        """
        call = "kv.update"
        check_name(key, "a key")
        with Call(call) as store:
            found = store.get(key)
        for _ in range(_TRIES):
            new = function(value_of(call, key, found))
            if new is None:
                raise TypeError(f"{call}: the function returned None; it must return the new value")
            expected = None if found is None else found.version
            with Call(call) as store:
                done, found = store.compare_and_set(key, expected, encode(call, new), milliseconds(ttl))
            if done:
                return awaitable_in_async(new)
        raise KvError("conflict", f"{call}: other handlers changed `{key}` meanwhile, each of {_TRIES} times")

    def list(
        self, prefix: str = "", *, after: str | None = None, limit: int | None = None
    ) -> KvListing[tuple[str, Any]]:
        """Keys and values whose keys begin with this, in the order of the keys' bytes, fetched as they are asked for.
        With `after`, those after this key; with `limit`, so many at most.

        >>> for key, score in ns.kv.list("score:"):  # doctest: +SKIP
        ...     print(key, score)
        """
        read = lambda key, value: (key, decode("kv.list", key, value))  # noqa: E731
        return KvListing("kv.list", prefix, after, limit, False, read)

    def keys(self, prefix: str = "", *, after: str | None = None, limit: int | None = None) -> KvListing[str]:
        """The keys that `list` would go through."""
        return KvListing("kv.keys", prefix, after, limit, True, lambda key, _: key)

    def clear(self, prefix: str = "") -> Count:
        """Deletes all values whose keys begin with this; without, all. How many there were."""
        check_name(prefix, "a prefix")
        with Call("kv.clear") as store:
            return Count(store.clear(prefix))


@dataclass(frozen=True)
class KvEntry:
    """A key's value, and its version: another number after every change, also if the key was deleted meanwhile. Both
    are `None` if there is no value. In an `async def` handler it may be awaited."""

    value: Any
    version: int | None

    def __await__(self) -> Generator[None, None, KvEntry]:
        return self
        yield


class KvValues(list[Any]):
    """A list that may be awaited."""

    def __await__(self) -> Generator[None, None, KvValues]:
        return self
        yield


def _truth(value: bool) -> Truth:
    known: Truth = awaitable_in_async(value)
    return known


def _expected(call: str, expected: object) -> Expected:
    if expected is None:
        return None
    return expected.version if isinstance(expected, KvEntry) else encode(call, expected)
