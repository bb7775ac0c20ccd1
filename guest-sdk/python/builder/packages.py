"""Installs the handler's dependencies: releases in pure Python, as a component cannot run machine code.

pip takes an older release where the newest has machine code, and says nothing. So it is asked a second time, for a
machine; the releases that differ are named with their reason.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

from .errors import BuildError
from .requirements import Requirements

# The version of Python in the component. Dependencies are chosen for it.
PYTHON = "3.14"
PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input", "install")
_WHEELS = ("--only-binary=:all:", f"--python-version={PYTHON}")
# Wheels for any platform.
_PURE = (*_WHEELS, "--platform=any", "--implementation=py", "--abi=none")
# What a machine would get. The names are those of Linux; for others there is as much.
_MACHINE = (
    *_WHEELS,
    "--platform=manylinux_2_28_x86_64",
    "--platform=manylinux2014_x86_64",
    "--implementation=cp",
    "--abi=cp" + PYTHON.replace(".", ""),
    "--abi=abi3",
    "--abi=none",
)


@dataclass(frozen=True)
class Release:
    """A release that pip chose."""

    name: str
    version: str
    is_pure: bool
    needs: tuple[str, ...]
    """Names of packages."""

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def install(python: Path, requirements: Requirements, folder: Path, into: Path, say: Callable[[str], None]) -> None:
    """Installs into `into / "packages"`, and says which releases are older than they would be on a machine.

    Raises `BuildError`, which names the packages to blame.
    """
    listed = requirements.files[0] if requirements.is_for_pip else into / "requirements.txt"
    if not requirements.is_for_pip:
        listed.write_text("\n".join(requirements.lines))
    pip = [str(python), *PIP, "--requirement", str(listed), f"--target={into / 'packages'}"]
    done = _run([*pip, *_PURE, "--no-compile"], folder)
    report = into / "report.json"
    asked = _run([*pip, *_MACHINE, "--dry-run", "--ignore-installed", f"--report={report}"], folder)
    on_a_machine = _releases(report) if asked.returncode == 0 else {}
    if done.returncode != 0:
        raise _error(on_a_machine, (done if on_a_machine else asked).stdout)
    installed = {_plain(one.metadata["Name"]): one.version for one in _distributions(into / "packages")}
    for line in older(installed, on_a_machine):
        say(f"warning: {line}")


def older(installed: dict[str, str], on_a_machine: dict[str, Release]) -> list[str]:
    """One line for each installed release that is not the one that a machine would get."""
    lines = []
    for name, release in sorted(on_a_machine.items()):
        if name not in installed or installed[name] == release.version:
            continue
        why = _why(release, installed, on_a_machine)
        lines.append(f"{release.name} {installed[name]} is installed, not {release.version}: {why}")
    return lines


def _why(release: Release, installed: dict[str, str], on_a_machine: dict[str, Release]) -> str:
    """The nearest package with machine code that a release needs."""
    seen, waiting = {_plain(release.name)}, [release]
    while waiting:
        one = waiting.pop(0)
        if not one.is_pure:
            which = "it" if one is release else f"it needs {one}, which"
            return f"{which} has machine code, which a component cannot run"
        for name in one.needs:
            if name in on_a_machine and name not in seen:
                seen.add(name)
                waiting.append(on_a_machine[name])
    return "what else is to be installed only fits the older one"


def _error(on_a_machine: dict[str, Release], output: str) -> BuildError:
    blamed = [release for release in on_a_machine.values() if not release.is_pure]
    if not blamed:
        return BuildError(
            f"cannot install the dependencies:\n{_problem(output)}",
            "a component can only contain pure Python: packages whose wheels end in `-none-any.whl`",
        )
    lines = []
    for release in blamed:
        users = [str(one) for one in on_a_machine.values() if _plain(release.name) in one.needs]
        lines.append(f"  {release}" + (f", which {' and '.join(users)} needs" if users else ""))
    return BuildError(
        "cannot install the dependencies, as these have machine code, which a component cannot run:\n"
        + "\n".join(lines),
        "use packages in pure Python, whose wheels end in `-none-any.whl`, or older releases that were",
    )


def _problem(output: str) -> str:
    """What pip says about its failure, with the cause that it puts before."""
    lines = [line for line in output.strip().splitlines() if not line.startswith("[notice]")]
    starts = (index for index, line in enumerate(lines) if line.startswith(("ERROR", "error", "The conflict")))
    return "\n".join(lines[next(starts, 0) :])


def _releases(report: Path) -> dict[str, Release]:
    found = {}
    for item in json.loads(report.read_text(encoding="utf-8"))["install"]:
        metadata: dict[str, Any] = item["metadata"]
        is_pure = str(item["download_info"]["url"]).endswith("-none-any.whl")
        needs = tuple(_needs(metadata.get("requires_dist", [])))
        release = Release(metadata["name"], metadata["version"], is_pure, needs)
        found[_plain(release.name)] = release
    return found


def _needs(lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        if name := re.match(r"[\w.-]+", line):
            yield _plain(name[0])


def _plain(name: str) -> str:
    """A package's name as it is compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _distributions(folder: Path) -> list[Distribution]:
    return [Distribution.at(path) for path in sorted(folder.glob("*.dist-info"))]


def _run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
