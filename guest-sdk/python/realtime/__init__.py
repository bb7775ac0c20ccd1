"""Write Socket.IO event handlers in Python, as WebAssembly components.

A component registers handlers on a `RealtimeNamespace`; `host run` serves it to any Socket.IO client. Each event runs
the component once, in a fresh instance. Handlers share only what the host keeps for them: rooms, `socket.data` and the
key-value store `ns.kv`.

    from realtime import RealtimeNamespace

    ns = RealtimeNamespace("/chat")

    @ns.socket.on("$connect")
    def connect() -> None:
        ns.socket.join("general")

    @ns.socket.on("message")
    async def message(data: dict[str, str]) -> None:
        ns.socket.to("general").emit("message", {"from": ns.socket.id, "text": data["text"]})

The module is loaded once, when the component is built. Every event starts from a copy of the memory as it was then.
"""

from ._calls import Done, Rooms
from ._host import ListedSocket
from ._kv_listing import KvListing
from .errors import (
    AckTimeoutError,
    ConnectError,
    InvalidArgumentsError,
    InvalidPayloadError,
    KvError,
    NotAllowedError,
    NotConnectedError,
    PayloadTooLargeError,
    RateLimitedError,
    RealtimeError,
    ReservedEventError,
)
from .handshake import Handshake
from .kv import Kv, KvEntry, KvValues
from .namespace import RealtimeNamespace
from .operator import Answers, BroadcastOperator, Count, FoundSockets, ListedSockets, RemoteSocket
from .socket import Socket

__all__ = [
    "AckTimeoutError",
    "Answers",
    "BroadcastOperator",
    "ConnectError",
    "Count",
    "Done",
    "FoundSockets",
    "Handshake",
    "InvalidArgumentsError",
    "InvalidPayloadError",
    "Kv",
    "KvEntry",
    "KvError",
    "KvListing",
    "KvValues",
    "ListedSocket",
    "ListedSockets",
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
        # So that logs and messages show the name that users import.
        _public.__module__ = __name__
