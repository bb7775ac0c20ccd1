"""The tools and packages that a build needs, in a cache folder: componentize-py in its own virtual environment, and the
handler's dependencies.

Nothing is installed unless `--install` was given. A complete installation is marked, or renamed to its final place, so
that an interrupted one is repeated. Builds that run at the same time wait for each other.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from . import packages
from .errors import BuildError, MissingError
from .packages import PIP, PYTHON
from .requirements import Requirements

COMPONENTIZE = "0.25.1"


class Toolchain:
    """The contents of the cache folder. With `install`, missing tools and packages are installed."""

    def __init__(self, cache: Path, install: bool) -> None:
        self._cache = cache
        self._install = install
        self._venv = cache / f"componentize-py-{COMPONENTIZE}"

    @property
    def componentize_py(self) -> Path:
        """The program's path. Raises `MissingError`."""
        program = self._venv / "bin" / "componentize-py"
        complete = self._venv / ".complete"
        if complete.exists():
            return program
        venv = [sys.executable, "-m", "venv", str(self._venv)]
        pip = [str(self._venv / "bin" / "python"), *PIP, "--quiet", f"componentize-py=={COMPONENTIZE}"]
        if not self._install:
            raise MissingError(
                f"componentize-py {COMPONENTIZE} is missing",
                f"build with `--install`, which puts it in {self._venv}",
            )
        with self._locked():
            if not complete.exists():
                say(f"installing componentize-py {COMPONENTIZE} in {self._venv}")
                shutil.rmtree(self._venv, ignore_errors=True)
                no_venv = "Debian and Ubuntu have it in a package of its own: `apt-get install python3-venv`"
                _run(venv, "cannot make a virtual environment", no_venv)
                _run(pip, f"cannot install componentize-py {COMPONENTIZE}")
                complete.touch()
        return program

    def dependencies(self, requirements: Requirements, folder: Path) -> Path | None:
        """The folder in which the requirements are installed; `None` if there are none. Their paths are relative to
        `folder`.

        Raises `MissingError`, and `BuildError` if pip cannot install them.
        """
        if not requirements.lines:
            return None
        # Constraints are in the files only.
        texts = [file.read_text(encoding="utf-8-sig") for file in requirements.files if requirements.is_for_pip]
        key = hashlib.sha256("\n".join([PYTHON, str(folder), *requirements.lines, *texts]).encode()).hexdigest()[:32]
        place = self._cache / "dependencies" / key
        if place.exists():
            return place
        shown = ", ".join(requirements.lines)
        if not self._install:
            raise MissingError(f"dependencies are not installed: {shown}", "build with `--install`")
        self.componentize_py
        with self._locked():
            if not place.exists():
                say(f"installing {shown}")
                place.parent.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryDirectory(dir=place.parent) as temporary:
                    packages.install(self._venv / "bin" / "python", requirements, folder, Path(temporary), say)
                    (Path(temporary) / "packages").rename(place)
        return place

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self._cache.mkdir(parents=True, exist_ok=True)
        with open(self._cache / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def default_cache() -> Path:
    """The default folder, next to the host's own cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "host" / "python"


def _run(command: Sequence[str], problem: str, hint: str | None = None) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise BuildError(f"{problem}:\n{done.stdout.strip()}", hint)
