"""Reads of environment variables while the component is built.

The variables of the host exist in events only. What a module reads earlier is the absence of a variable, and it would
stay so: a secret that the operator gives would not be used, without a word. So what the handler's own files read is an
error of the build. What packages read is noted, and compared with the variables that there are when the component
starts.
"""

from __future__ import annotations

import contextlib
import linecache
import os
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

_MOST = 20
"""The most places that an error names."""


@dataclass(frozen=True)
class _Read:
    name: str | None
    """`None` if all variables were read."""
    reader: str
    """File and line."""
    caller: str | None
    """The place in the handler's own files; `None` if a package read it when it was imported."""


class _Watched(os._Environ):  # type: ignore[type-arg]
    """`os.environ` while it is watched. The object stays the same, as modules may keep it for later."""

    def __getitem__(self, key: Any) -> Any:
        _note(key)
        return super().__getitem__(key)

    def __iter__(self) -> Iterator[Any]:
        _note(None)
        return super().__iter__()

    def __len__(self) -> int:
        _note(None)
        return super().__len__()

    def __repr__(self) -> str:
        _note(None)
        return super().__repr__()

    def __setitem__(self, key: Any, value: Any) -> None:
        # Whoever only looks whether a variable is already there, such as `load_dotenv`, does not keep what it was.
        _of_packages.pop(os.fsdecode(key), None)
        super().__setitem__(key, value)

    def setdefault(self, key: Any, value: Any) -> Any:  # type: ignore[override]
        """Not a read: a variable that the host gives replaces the value in every event."""
        with contextlib.suppress(KeyError):
            return super().__getitem__(key)
        self[key] = value
        return value


_own_files: Collection[str] = ()
_of_own_files: dict[str, _Read] = {}
_of_packages: dict[str | None, _Read] = {}


@contextlib.contextmanager
def watched(own_files: Collection[str]) -> Iterator[None]:
    """Notes all reads. `own_files` are those of the handler, as their code names them; it may still grow."""
    global _own_files
    _own_files = own_files
    objects = [os.environ, *([os.environb] if hasattr(os, "environb") else [])]
    classes = [type(one) for one in objects]
    for one in objects:
        one.__class__ = _Watched
    try:
        yield
    finally:
        for one, cls in zip(objects, classes, strict=True):
            one.__class__ = cls


def refusal() -> str | None:
    """What the handler's own files have read, for the person who builds them; `None` if that is nothing."""
    if not _of_own_files:
        return None
    lines = []
    for place, read in list(_of_own_files.items())[:_MOST]:
        what = f"the environment variable `{read.name}` is" if read.name else "the environment is"
        file, _, line = place.rpartition(":")
        lines += [
            f"{place}: {what} read while the component is built",
            f"    {linecache.getline(file, int(line)).strip()}",
        ]
    if (more := len(_of_own_files) - _MOST) > 0:
        lines.append(f"… and {more} more")
    lines.append(
        "hint: a module is loaded once, at build, without the host's variables, and what it reads stays; read them "
        "inside of a handler, or in a function that handlers call"
    )
    return "\n".join(lines)


def check(say: Callable[[str], None]) -> bool:
    """Called when the component starts: compares what packages have read with what there is now, and says what differs.

    Returns `False` if code that the handler's own files call has missed a variable: the component must not start. Where
    a package has missed one when it was imported, it may, as the handler may need the variable as well.
    """
    missed = False
    for name, read in _of_packages.items():
        if not _is_given(name):
            continue
        missed |= read.caller is not None
        called = f", called at {read.caller}," if read.caller else ""
        what = f"the environment variable `{name}`" if name else "the environment"
        level = 3 if read.caller else 4
        say(
            f"<{level}>{what} was read at {read.reader}{called} when the component was built, so the value that "
            f"--env gives now is not used there" + ("; call it inside of a handler" if read.caller else "")
        )
    return not missed


_at_build: dict[str, str] = {}


def remember() -> None:
    """Called last in a build: what is there now was not given by the host."""
    _at_build.update(os.environ)


def _is_given(name: str | None) -> bool:
    """Whether the host gives this variable, or any."""
    names = os.environ if name is None else [name]
    return any(name in os.environ and os.environ[name] != _at_build.get(name) for name in names)


def _note(key: object) -> None:
    name = os.fsdecode(key) if isinstance(key, (str, bytes)) else None
    reader: FrameType | None = sys._getframe(1)
    # `os.getenv` and the methods that `os.environ` inherits are not the readers.
    while reader is not None and reader.f_globals.get("__name__") in (__name__, "os", "collections.abc"):
        reader = reader.f_back
    if reader is None:
        return
    if reader.f_code.co_filename in _own_files:
        place = _place(reader)
        _of_own_files.setdefault(place, _Read(name, place, place))
        return
    if name is None and _is_of_standard_library(reader):
        # Such as `urllib`, which looks for names of its own.
        return
    caller = reader.f_back
    while caller is not None and caller.f_code.co_filename not in _own_files:
        caller = None if caller.f_code.co_filename.startswith("<frozen importlib") else caller.f_back
    read = _Read(name, _place(reader), _place(caller) if caller is not None else None)
    known = _of_packages.get(name)
    if known is None or known.caller is None:
        _of_packages[name] = read


def _is_of_standard_library(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] in sys.stdlib_module_names


def _place(frame: FrameType) -> str:
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
