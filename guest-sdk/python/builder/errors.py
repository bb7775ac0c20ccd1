"""The errors of `build.py`, and their exit codes."""

from __future__ import annotations


class BuildError(Exception):
    """The component could not be built. `exit_code` is for programs; `hint` tells the user what to do."""

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class SourceError(BuildError):
    """There is nothing to build, or it is not clear what to build."""

    exit_code = 2


class MissingError(BuildError):
    """Something must be installed first. The hint says how."""

    exit_code = 3
