"""What `build.py` says and how it exits."""

from __future__ import annotations


class BuildError(Exception):
    """The component could not be built. `exit_code` tells programs why; `hint` is what to do about it."""

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class SourceError(BuildError):
    """There is nothing to build, or it is not clear what."""

    exit_code = 2


class MissingError(BuildError):
    """Something has to be installed first. The hint is the command."""

    exit_code = 3
