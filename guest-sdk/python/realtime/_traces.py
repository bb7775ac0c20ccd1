"""Tracebacks for the log: only the user's own frames, without those of this package and of asyncio."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

_AROUND = (
    str(Path(__file__).parent),
    str(Path(traceback.__file__).parent / "asyncio"),
    "<frozen importlib",
)


def log(error: BaseException) -> None:
    """Writes the traceback to stderr, which is the host's log."""
    print(text(error), end="", file=sys.stderr)


def text(error: BaseException) -> str:
    exception = traceback.TracebackException.from_exception(error)
    _strip(exception)
    return "".join(exception.format())


def last_line(error: BaseException) -> str:
    """The error in one line, such as `ZeroDivisionError: division by zero`."""
    return "".join(traceback.format_exception_only(error)).strip().rpartition("\n")[2]


def _strip(exception: traceback.TracebackException | None) -> None:
    if exception is None:
        return
    exception.stack[:] = [frame for frame in exception.stack if not frame.filename.startswith(_AROUND)]
    _strip(exception.__cause__)
    _strip(exception.__context__)
    for member in exception.exceptions or ():
        _strip(member)
