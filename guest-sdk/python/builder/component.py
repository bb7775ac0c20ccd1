"""Builds a component from a project. componentize-py does the work; its first folder has a generated entry module and
the package `realtime`, before the project's folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from realtime._worlds import ATTRIBUTES

from .errors import BuildError
from .project import Project

_PACKAGE = Path(__file__).parent.parent / "realtime"
WIT = Path(__file__).parent.parent.parent.parent / "wit"
_WORLD = """\
world component {{
  {includes}
}}
"""

# componentize-py numbers the folders that it is given. The component sees them under these names.
_HERE, _PROJECT, _DEPENDENCIES = "/0", "/1", "/2"
_REPORT = "refused.txt"
_WORLDS = "worlds.txt"
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

from realtime import _worlds

if _worlds.used != {worlds!r}:
    with open({needed!r}, "w") as needed:
        print(*_worlds.used, file=needed)
    raise SystemExit("the component needs other worlds")

from realtime import _inputs, _rehearsal
from realtime._component import EventHandler
{exports}

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
        made = Path(temporary) / "component.wasm"
        folders = [here, project.folder, *([dependencies] if dependencies else [])]
        arguments = ["componentize", _ENTRY_NAME, "--output", str(made)]
        for folder in folders:
            arguments += ["--python-path", str(folder)]
        environment = _environment(Path(temporary))

        def run(worlds: set[str]) -> subprocess.CompletedProcess[str]:
            (here / f"{_ENTRY_NAME}.py").write_text(_entry(project, worlds))
            command = [*_command(componentize_py, Path(temporary), worlds), *arguments]
            return subprocess.run(command, env=environment, capture_output=True, text=True)

        done = run(_guessed_worlds(project))
        needed = here / _WORLDS
        if needed.exists():
            done = run(set(needed.read_text().split()))
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


def _guessed_worlds(project: Project) -> set[str]:
    """The worlds that the component will need. Loading the module tells which it does; if the guess was wrong, it is
    built a second time."""
    texts = [file.read_text(errors="replace") for file in project.folder.glob("*.py")]
    return {world for name, world in ATTRIBUTES.items() if any(f".{name}" in text for text in texts)}


def bindings(componentize_py: Path, folder: Path) -> None:
    """Writes the Python bindings of all WIT worlds. In a component they exist without this."""
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="realtime-build-") as temporary:
        command = [*_command(componentize_py, Path(temporary), set(ATTRIBUTES.values())), "bindings", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise BuildError(f"componentize-py failed:\n{done.stdout}{done.stderr}".rstrip())


def _command(componentize_py: Path, temporary: Path, optional_worlds: set[str]) -> list[str]:
    """componentize-py, with a world of its own for this component: 0.25.1 takes several, but cannot make a component of
    them."""
    wit = temporary / "wit"
    shutil.copytree(WIT, wit, dirs_exist_ok=True)
    includes = "\n  ".join(f"include {world};" for world in ["handler", *sorted(optional_worlds)])
    (wit / "component.wit").write_text(_WORLD.format(includes=includes))
    return [str(componentize_py), "--quiet", "--wit-path", str(wit), "--world", "component"]


def _entry(project: Project, worlds: set[str]) -> str:
    return _ENTRY.format(
        file=f"{_PROJECT}/{project.file.name}",
        roots=[_PROJECT, _DEPENDENCIES],
        report=f"{_HERE}/{_REPORT}",
        worlds=worlds,
        needed=f"{_HERE}/{_WORLDS}",
        exports="from realtime._component_scheduled import Scheduled" if "scheduling" in worlds else "",
        inputs=f"{_HERE}/{_INPUTS}",
        warnings=f"{_HERE}/{_WARNINGS}",
    )


def _environment(temporary: Path) -> dict[str, str]:
    """The variables for componentize-py. It adds the packages of the virtual environment that they name: an empty
    one."""
    empty = temporary / "empty"
    (empty / "lib" / "python3" / "site-packages").mkdir(parents=True)
    return {**os.environ, "VIRTUAL_ENV": str(empty)}
