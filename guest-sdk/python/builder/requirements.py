"""Reads requirements files as pip does: comments, lines that go on, and the files that they include."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from .errors import SourceError

_INCLUDE = re.compile(r"(?:(-r|--requirement)|-c|--constraint)(?:\s*=\s*|\s+|(?<=-[rc]))(\S.*)")
_COMMENT = re.compile(r"(^|\s)#.*$")


@dataclass
class Requirements:
    lines: list[str] = field(default_factory=list)
    """What is to be installed, those of included files too. Options of pip are lines as well."""
    files: list[Path] = field(default_factory=list)
    """The file itself, and those that it includes at any depth."""

    @property
    def is_for_pip(self) -> bool:
        """Whether pip reads the first file itself."""
        return bool(self.files) and self.files[0].suffix == ".txt"


def read(file: Path) -> Requirements:
    """Raises `SourceError` for a file that cannot be read."""
    found = Requirements()
    _read(file, True, found)
    return found


def _read(file: Path, is_installed: bool, found: Requirements) -> None:
    """`is_installed` is false for constraints, which only say which version."""
    found.files.append(file)
    for line in _lines(file):
        include = _INCLUDE.fullmatch(line)
        if include is None or "://" in line:
            if is_installed:
                found.lines.append(line)
            continue
        other = file.parent / include[2].strip()
        if not other.is_file():
            raise SourceError(f"{file} includes {include[2]}, which does not exist", f"there is no {other}")
        if other not in found.files:
            _read(other, is_installed and include[1] is not None, found)


def _lines(file: Path) -> list[str]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"cannot read {file}: {error}") from None
    lines = [_COMMENT.sub("", line).strip() for line in text.replace("\\\n", "").splitlines()]
    return [line for line in lines if line]
