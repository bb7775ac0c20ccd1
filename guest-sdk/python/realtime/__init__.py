"""Write Socket.IO event handlers in Python, as WebAssembly components.

A component registers handlers on a `RealtimeNamespace`; `host run` serves it to any Socket.IO client. Each event runs
the component once, in a fresh instance: handlers share nothing but what the host keeps for them (rooms and
`socket.data`).

    from realtime import RealtimeNamespace

    ns = RealtimeNamespace("/chat")

    @ns.socket.on("$connect")
    def connect() -> None:
        ns.socket.join("general")

    @ns.socket.on("message")
    async def message(data: dict[str, str]) -> None:
        ns.socket.to("general").emit("message", {"from": ns.socket.id, "text": data["text"]})

The module is loaded once, when the component is built, and every event starts from what it was then.
"""

from ._calls import Done, Rooms
from .errors import (
    AckTimeoutError,
    ConnectError,
    InvalidArgumentsError,
    InvalidPayloadError,
    NotAllowedError,
    NotConnectedError,
    PayloadTooLargeError,
    RateLimitedError,
    RealtimeError,
    ReservedEventError,
)
from .handshake import Handshake
from .namespace import RealtimeNamespace
from .operator import Answers, BroadcastOperator, FoundSockets, RemoteSocket
from .socket import Socket

__all__ = [
    "AckTimeoutError",
    "Answers",
    "BroadcastOperator",
    "ConnectError",
    "Done",
    "FoundSockets",
    "Handshake",
    "InvalidArgumentsError",
    "InvalidPayloadError",
    "NotAllowedError",
    "NotConnectedError",
    "PayloadTooLargeError",
    "RateLimitedError",
    "RealtimeError",
    "RealtimeNamespace",
    "RemoteSocket",
    "ReservedEventError",
    "Rooms",
    "Socket",
]

for _name in __all__:
    if isinstance(_public := globals()[_name], type):
        # What logs and messages call it is what users import.
        _public.__module__ = __name__
