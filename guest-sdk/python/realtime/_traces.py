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
_MOST_NAMES = 5
_LONGEST_NAME = 100


def say(line: str) -> None:
    """Writes a line to stderr, which is the host's log. `<3>` in front makes it an error, `<4>` a warning."""
    print(line, file=sys.stderr)


def log(error: BaseException) -> None:
    """Writes the traceback to stderr, which is the host's log."""
    print(text(error), end="", file=sys.stderr)


def log_left(what: str, error: BaseException | None) -> None:
    """Writes what failed although no handler waits for it. The first line has the level of an error in the host's log;
    the host adds the event and the socket."""
    print(f"<3>{what} failed\n{text(error) if error is not None else ''}", end="", file=sys.stderr)


def warn_left(event: str, names: list[str], seconds: float) -> None:
    """Writes that an event has left tasks and callbacks, which were dropped."""
    shown = ", ".join(f"`{name}`" for name in names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")
    what = "task or timer" if len(names) == 1 else "tasks or timers"
    # A client may have chosen the event's name.
    print(
        f"<4>event {event[:_LONGEST_NAME]!r} was over, and {len(names)} {what} would not end within {seconds:g} s "
        f"(dropped): {shown}; await what must be done",
        file=sys.stderr,
    )


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
