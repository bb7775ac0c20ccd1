"""What can go wrong, for handlers that want to know or to say so."""

from __future__ import annotations

from typing import Any


class ConnectError(Exception):
    """Refuses a connection: raised by a `$connect` handler.

    The client gets `connect_error` with this message and data, everything else that the handler called is dropped, and
    no `$disconnect` follows. Raised by the handler of another event it is a failure like any other.

    >>> raise ConnectError("not authorized", data={"code": 401})
    Traceback (most recent call last):
    realtime.ConnectError: not authorized
    """

    def __init__(self, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.data = data


class InvalidArgumentsError(Exception):
    """What a client sent is not what the handler takes.

    Raised for arguments that are missing or do not fit their type hints, before the handler runs. A handler may raise
    it itself. The host logs the text, without a traceback, and sends no acknowledgement.
    """


class RealtimeError(Exception):
    """The host did not take a call. Nothing of the call was carried out."""


class NotConnectedError(RealtimeError):
    """The event has no socket, or its socket is gone."""


class InvalidPayloadError(RealtimeError):
    """What was to be sent is not JSON, or has more attachments than the host takes."""


class ReservedEventError(RealtimeError):
    """An event of this name cannot be emitted: `connect`, `connect_error`, `disconnect`, `disconnecting`,
    `newListener`, `removeListener`."""


class PayloadTooLargeError(RealtimeError):
    """Larger than the host takes. `limit` is the largest size, in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"larger than {limit} bytes")
        self.limit = limit


class RateLimitedError(RealtimeError):
    """The event called as many commands, or bytes of commands, as one event may."""


class AckTimeoutError(RealtimeError, TimeoutError):
    """No acknowledgement came in time."""


class NotAllowedError(RealtimeError):
    """Not possible in this event, such as waiting for the client in `$connect`."""
