"""Builds a component from a project. componentize-py does the work; its first folder has a generated entry module and
the package `realtime`, before the project's folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from .errors import BuildError
from .project import Project

_PACKAGE = Path(__file__).parent.parent / "realtime"
WIT = Path(__file__).parent.parent.parent.parent / "wit"
_WORLD = "handler"

# componentize-py numbers the folders that it is given. The component sees them under these names.
_HERE, _PROJECT, _DEPENDENCIES = "/0", "/1", "/2"
_REPORT = "refused.txt"
_INPUTS = "inputs.txt"
_WARNINGS = "warnings.txt"
_ENTRY_NAME = "realtime_entry"
_ENTRY = """\
import sys

# No `__pycache__` in the user's folders.
sys.dont_write_bytecode = True

from realtime import _snapshot

try:
    _snapshot.load({file!r}, {roots!r})
except _snapshot.Refused as refused:
    with open({report!r}, "w") as report:
        report.write(str(refused))
    raise

from realtime import _inputs, _rehearsal
from realtime._component import EventHandler

with open({inputs!r}, "w") as inputs:
    print(*_inputs.below({roots!r}[0]), sep="\\n", file=inputs)

with open({warnings!r}, "w") as warnings:
    print(*_snapshot.warnings, sep="\\n", file=warnings)

_rehearsal.run()
_snapshot.seal()
"""


def build(
    project: Project, dependencies: Path | None, componentize_py: Path, output: Path, say: Callable[[str], None]
) -> list[str]:
    """Writes the component to `output`, and returns what it was built from: files of the project, which may not be there,
    and folders (with a `/` at the end) whose names matter. Warnings are said.

    Raises `BuildError`; if the handler's module cannot be loaded, the error has the module's traceback.
    """
    with tempfile.TemporaryDirectory(prefix="realtime-build-") as temporary:
        here = Path(temporary) / "entry"
        shutil.copytree(_PACKAGE, here / "realtime", ignore=shutil.ignore_patterns("__pycache__"))
        (here / f"{_ENTRY_NAME}.py").write_text(_entry(project))
        folders = [here, project.folder, *([dependencies] if dependencies else [])]
        made = Path(temporary) / "component.wasm"
        command = [*_command(componentize_py), "componentize", _ENTRY_NAME, "--output", str(made)]
        for folder in folders:
            command += ["--python-path", str(folder)]
        done = subprocess.run(command, env=_environment(Path(temporary)), capture_output=True, text=True)
        report = here / _REPORT
        if report.exists():
            raise BuildError(f"{project.file.name} cannot be a component:\n{report.read_text().strip()}")
        if done.returncode != 0:
            raise BuildError(f"componentize-py failed:\n{done.stdout}{done.stderr}".rstrip())
        output.parent.mkdir(parents=True, exist_ok=True)
        # So that readers always see a whole file, the old one or the new one.
        beside = output.with_name(f".{output.name}.new")
        shutil.copyfile(made, beside)
        beside.replace(output)
        for line in filter(None, (here / _WARNINGS).read_text().splitlines()):
            say(f"warning: {line}")
        read = (here / _INPUTS).read_text().splitlines()
        return [f"{project.folder}{path.removeprefix(_PROJECT)}" for path in read]


def bindings(componentize_py: Path, folder: Path) -> None:
    """Writes the Python bindings of the WIT world. In a component they exist without this."""
    shutil.rmtree(folder, ignore_errors=True)
    done = subprocess.run([*_command(componentize_py), "bindings", str(folder)], capture_output=True, text=True)
    if done.returncode != 0:
        raise BuildError(f"componentize-py failed:\n{done.stdout}{done.stderr}".rstrip())


def _command(componentize_py: Path) -> list[str]:
    return [str(componentize_py), "--quiet", "--wit-path", str(WIT), "--world", _WORLD]


def _entry(project: Project) -> str:
    return _ENTRY.format(
        file=f"{_PROJECT}/{project.file.name}",
        roots=[_PROJECT, _DEPENDENCIES],
        report=f"{_HERE}/{_REPORT}",
        inputs=f"{_HERE}/{_INPUTS}",
        warnings=f"{_HERE}/{_WARNINGS}",
    )


def _environment(temporary: Path) -> dict[str, str]:
    """The variables for componentize-py. It adds the packages of the virtual environment that they name: an empty
    one."""
    empty = temporary / "empty"
    (empty / "lib" / "python3" / "site-packages").mkdir(parents=True)
    return {**os.environ, "VIRTUAL_ENV": str(empty)}
