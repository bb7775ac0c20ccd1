"""Errors of calls and of handlers, and the refusal of a connection."""

from __future__ import annotations

from typing import Any, Literal


class ConnectError(Exception):
    """Refuses a connection when a `$connect` handler raises it.

    The client gets `connect_error` with this message and data. All commands of the handler are dropped, and no
    `$disconnect` follows. Raised by the handler of another event it is an ordinary failure.

    >>> raise ConnectError("not authorized", data={"code": 401})
    Traceback (most recent call last):
    realtime.ConnectError: not authorized
    """

    def __init__(self, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.data = data


class InvalidArgumentsError(Exception):
    """A client's arguments do not fit the handler.

    Raised before the handler runs, if arguments are missing or do not fit their type hints. A handler may raise it too.
    The host logs the text, without a traceback, and sends no acknowledgement.
    """


class RealtimeError(Exception):
    """The host did not accept a call. Nothing of the call was carried out."""


class NotConnectedError(RealtimeError):
    """The event has no socket, or its socket is gone."""


class InvalidPayloadError(RealtimeError):
    """The value cannot be written as JSON, or has more attachments than the host accepts."""


class ReservedEventError(RealtimeError):
    """An event of this name cannot be emitted: `connect`, `connect_error`, `disconnect`, `disconnecting`,
    `newListener`, `removeListener`."""


class PayloadTooLargeError(RealtimeError):
    """Larger than the host accepts. `limit` is the largest size that it accepts, in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"larger than {limit} bytes")
        self.limit = limit


class RateLimitedError(RealtimeError):
    """The event reached its limit of commands, or of their bytes."""


class AckTimeoutError(RealtimeError, TimeoutError):
    """No acknowledgement came in time."""


class NotAllowedError(RealtimeError):
    """Not possible in this event, such as waiting for the client in `$connect`."""


KvErrorCode = Literal[
    "key-too-long",
    "value-too-large",
    "too-much",
    "rate-limited",
    "quota-exceeded",
    "not-a-number",
    "invalid-ttl",
    "not-allowed",
    "unavailable",
    "conflict",
    "unreadable",
]


class KvError(RealtimeError):
    """A call of the key-value store failed. `code` says why:

    - `key-too-long`, `value-too-large`: larger than the host accepts
    - `too-much`: more keys in one call, or more bytes, than the host accepts
    - `rate-limited`: the event reached its limit of calls, or of their bytes
    - `quota-exceeded`: the store is full; reading and deleting go on
    - `not-a-number`: what is incremented is no integer of 64 bits, or would not be
    - `invalid-ttl`: a time to live is between a millisecond and 100 years
    - `not-allowed`: there is no store here, such as while the module is loaded
    - `unavailable`: the store cannot be reached, or its disk failed; the change may have been made or not
    - `conflict`: `update` gave up, as other handlers always were faster
    - `unreadable`: the value was not written by an SDK, and is no JSON
    """

    def __init__(self, code: KvErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
