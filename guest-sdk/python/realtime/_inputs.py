"""What a build depends on, noted while the handler's module is loaded: the files that are opened, what is looked for,
whether it is there or not, the folders that are listed, and the places where modules are imported from.

When one of these changes, the component must be built again.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_files: set[str] = set()
_folders: set[str] = set()
_modules: set[str] = set()


def add(file: str) -> None:
    """A module's file: importing reads files by other functions than those that are noted."""
    _files.add(file)


class _NotFound:
    """The last finder: it is asked for modules that nobody finds."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        _modules.add(name)
        return None


@contextlib.contextmanager
def noting() -> Iterator[None]:
    """Notes what is read. Modules are found by other functions: they are noted by their names."""
    noted: list[tuple[Any, str, Any]] = []

    def note(module: Any, name: str, into: set[str]) -> None:
        original: Callable[..., Any] = getattr(module, name)

        def noting(path: Any = ".", *args: Any, **kwargs: Any) -> Any:
            if not isinstance(path, int):
                into.add(os.path.abspath(os.fsdecode("." if path is None else path)))
            return original(path, *args, **kwargs)

        noted.append((module, name, original))
        setattr(module, name, noting)

    note(io, "open", _files)
    note(builtins, "open", _files)
    for name in ("stat", "lstat", "open"):
        note(os, name, _files)
    for name in ("listdir", "scandir"):
        note(os, name, _folders)
    finder = _NotFound()
    sys.meta_path.append(finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for module, name, original in noted:
            setattr(module, name, original)


def below(root: str) -> list[str]:
    """The paths in a folder: files, which may not be there, and with a `/` at the end folders whose names matter."""
    inside = [path for path in _files if path.startswith(root + "/")]
    folders = [path + "/" for path in _folders if path == root or path.startswith(root + "/")]
    return sorted({*inside, *folders, *_places(root)})


def _places(root: str) -> Iterator[str]:
    """Where modules were or would be found in a folder, before all other places."""
    for name in _modules.union(sys.modules):
        parts = name.split(".")
        # In a folder that is not there is nothing; its own place tells when it comes.
        for depth in range(1, len(parts) + 1):
            place = "/".join([root, *parts[:depth]])
            yield f"{place}.py"
            yield place
            if not os.path.isdir(place):
                break
            yield f"{place}/__init__.py"
