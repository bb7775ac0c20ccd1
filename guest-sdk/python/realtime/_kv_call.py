"""What surrounds each call of the key-value store."""

from __future__ import annotations

from types import TracebackType

from . import _data, _host
from ._store import Store
from .errors import KvError

_TOO_EARLY = "there is no key-value store while the module is loaded: use it in a handler"
_NOT_BUILT_IN = "the component was built without a key-value store, as no module has the text `.kv`: write `ns.kv`"


class Call:
    """One call of the store. Commands that were called before, and changes of `socket.data`, take effect first. The
    store's errors get the call's name."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> Store:
        store = _host.current().store() if _host.handling() else None
        if store is None:
            raise KvError("not-allowed", f"{self._name}: {_NOT_BUILT_IN if _host.handling() else _TOO_EARLY}")
        _data.save()
        return store

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, KvError):
            error.args = (f"{self._name}: {error}",)
