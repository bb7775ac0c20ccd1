"""What the standard library finds in a component instead of a machine.

- Names of servers are not looked up, and folders are read at once. Both would keep handles of the build's host, which
  trap in an event.
- There is no TLS. `_no_tls` takes the place of `ssl` for modules that import it unconditionally.
- There are no files in an event: time zones are kept from the build, and a module that is imported too late is an error
  that says so.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import io
import os
import socket
import sys
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn

from . import _no_tls

_LOOKUPS = ("getaddrinfo", "getnameinfo", "gethostbyaddr", "gethostbyname", "gethostbyname_ex")

failed_imports: dict[str, str] = {}
"""Modules that could not be imported during the build, and why."""


@contextlib.contextmanager
def building() -> Iterator[None]:
    """Leaves nothing of the build's host in memory."""
    for module in (socket, sys.modules["_socket"]):
        for name in _LOOKUPS:
            if hasattr(module, name):
                setattr(module, name, _refuse_lookup)
    # Empty, as in an event.
    sys.stdin = io.StringIO()
    scandir: Any = os.scandir
    os.scandir = lambda path=".": _Folder(scandir(path))  # type: ignore[assignment]
    try:
        yield
    finally:
        os.scandir = scandir


def seal() -> None:
    """Called last in a build."""
    if "zoneinfo" in sys.modules:
        _keep_time_zones()
    sys.meta_path.append(_TooLate())


def _refuse_lookup(*_: Any, **__: Any) -> NoReturn:
    raise socket.gaierror(socket.EAI_FAIL, "a component has no sockets, and names of servers are not looked up")


class _Folder:
    """The entries of a folder, like those of `os.scandir`, but already read."""

    def __init__(self, entries: Any) -> None:
        with entries:
            self._entries = iter(list(entries))

    def __iter__(self) -> Iterator[os.DirEntry[Any]]:
        return self

    def __next__(self) -> os.DirEntry[Any]:
        return next(self._entries)

    def __enter__(self) -> _Folder:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def close(self) -> None:
        pass


# Not by its import, which would leave half a module behind.
_HAS_TLS = sys.modules.get("_ssl", ...) is not None and importlib.util.find_spec("_ssl") is not None


@contextlib.contextmanager
def tls(is_needed: bool) -> Iterator[None]:
    """While a module runs: `ssl` exists if the module needs it. Modules that can do without see that there is none."""
    if _HAS_TLS:
        yield
        return
    before = sys.modules.pop("ssl", None)
    if is_needed:
        sys.modules["ssl"] = _no_tls
    try:
        yield
    finally:
        sys.modules.pop("ssl", None)
        if before is not None:
            sys.modules["ssl"] = before


def needs_tls(tree: ast.Module) -> bool:
    """Whether a module imports `ssl` unconditionally."""
    return any(_imports_ssl(statement) for statement in tree.body)


def _imports_ssl(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Import):
        return any(alias.name == "ssl" for alias in statement.names)
    return isinstance(statement, ast.ImportFrom) and not statement.level and statement.module == "ssl"


class _TooLate:
    """The last finder of modules."""

    def find_spec(self, name: str, path: object = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if sys._getframe(2).f_code.co_name == "find_spec":
            # Somebody only asks whether it exists.
            return None
        if name in ("ssl", "_ssl"):
            raise ModuleNotFoundError(_no_tls.NONE, name=name)
        why = failed_imports.get(name)
        reason = (
            f"when the component was built, its import failed with {why}"
            if why
            else ("it was not imported when the component was built: import it at the top of a module")
        )
        raise ModuleNotFoundError(f"there is no module `{name}` in an event; {reason}", name=name)


def _keep_time_zones() -> None:
    """`zoneinfo` reads the files of the package `tzdata`; there is no other source in a component."""
    import zoneinfo
    from zoneinfo import _common

    zones: dict[str, bytes] = {}
    with contextlib.suppress(ImportError, OSError):
        from importlib.resources import files

        data = files("tzdata")
        for name in data.joinpath("zones").read_text().split():
            zones[name] = data.joinpath("zoneinfo", *name.split("/")).read_bytes()

    def load(key: str) -> io.BytesIO:
        if key not in zones:
            hint = "" if zones else "; add the package `tzdata` to the dependencies"
            raise zoneinfo.ZoneInfoNotFoundError(f"No time zone found with key {key}{hint}")
        return io.BytesIO(zones[key])

    available: Callable[[], set[str]] = lambda: set(zones)  # noqa: E731
    _common.load_tzdata = load  # type: ignore[assignment]
    zoneinfo.available_timezones = available
