"""What was known of a connection when the client joined the namespace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Handshake:
    """What was known of the connection when the client joined the namespace."""

    headers: dict[str, str]
    """Headers of the first request. Names are lower-case, a repeated header is joined with `, `."""
    query: dict[str, str]
    """The decoded query of the first request; the first value where a name is repeated."""
    auth: Any
    """What the client sent as `auth`; an empty `dict` where it sent nothing."""
    address: str
    """The client's IP address."""
    time: str
    """When the client joined, in RFC 3339, UTC."""
    issued: int
    """The same in milliseconds since 1970."""
    secure: bool
    """Whether the connection is encrypted."""
    url: str
    """Path and query of the first request."""
    xdomain: bool
    """Whether the first request came from another origin."""
