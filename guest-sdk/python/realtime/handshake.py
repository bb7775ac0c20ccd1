"""The handshake: the data of a connection when its client joined the namespace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Handshake:
    """The data of the connection when the client joined the namespace."""

    headers: dict[str, str]
    """Headers of the first request. Names are lower-case; the values of a repeated header are joined with `, `."""
    query: dict[str, str]
    """The decoded query of the first request. Of a repeated name, the first value."""
    auth: Any
    """The client's `auth`; an empty `dict` if it sent none."""
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
