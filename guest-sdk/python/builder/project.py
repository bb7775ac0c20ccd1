"""Finds what to build: the handler's file, its folder and its dependencies."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

from . import requirements
from .errors import SourceError
from .requirements import Requirements

# In a folder, the first of these is the handler.
_NAMES = ("handler.py", "main.py")
_OWN = "realtime"
# The first of these lists the dependencies.
_LISTS = ("requirements.txt", "pyproject.toml")


@dataclass(frozen=True)
class Project:
    file: Path
    """The module with the namespace."""
    requirements: Requirements
    """Dependencies, and the files that list them."""
    looked_for: tuple[str, ...] = ()
    """Where the handler and its dependencies were looked for, and folders (with a `/` at the end) that were listed."""

    @property
    def folder(self) -> Path:
        """The handler's folder. Modules in it can be imported."""
        return self.file.parent


def find(source: Path) -> Project:
    """Finds the project of a `.py` file or a folder. Raises `SourceError`."""
    if not source.exists():
        raise SourceError(f"{source} does not exist")
    file = (_entry(source) if source.is_dir() else source).absolute()
    if file.suffix != ".py":
        raise SourceError(f"{source} is not a Python file", "give a `.py` file, or the folder of a project")
    for shadow in (file.parent / _OWN, file.parent / f"{_OWN}.py"):
        if shadow.exists() and (shadow.suffix == ".py" or (shadow / "__init__.py").exists()):
            raise SourceError(f"{shadow} hides the package `{_OWN}`", "rename it")
    lists = [str(file.parent / name) for name in _LISTS]
    return Project(
        file, _requirements(file.parent), (*lists, *(_searched(source.absolute()) if source.is_dir() else ()))
    )


def _searched(folder: Path) -> list[str]:
    """Where the handler of a folder was looked for."""
    names = [str(folder / name) for name in _NAMES]
    return names if any(map(os.path.isfile, names)) else [*names, f"{folder}/"]


def _entry(folder: Path) -> Path:
    for name in _NAMES:
        if (folder / name).is_file():
            return folder / name
    files = sorted(folder.glob("*.py"))
    if len(files) == 1:
        return files[0]
    names = ", ".join(file.name for file in files) or "none"
    raise SourceError(
        f"it is not clear which file of {folder} is the handler (Python files: {names})",
        f"name it {' or '.join(_NAMES)}, or give the file instead of the folder",
    )


def _requirements(folder: Path) -> Requirements:
    """Those of `requirements.txt`, else the dependencies in `pyproject.toml`, else none."""
    listed = folder / "requirements.txt"
    if listed.is_file():
        return requirements.read(listed)
    pyproject = folder / "pyproject.toml"
    if not pyproject.is_file():
        return Requirements()
    try:
        project = tomllib.loads(pyproject.read_text()).get("project", {})
    except tomllib.TOMLDecodeError as error:
        raise SourceError(f"cannot read {pyproject}: {error}") from None
    # The SDK itself is part of every component.
    lines = project.get("dependencies", [])
    return Requirements([line for line in lines if not line.startswith(f"{_OWN}-guest")], [pyproject])
