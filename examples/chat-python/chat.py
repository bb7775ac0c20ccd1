"""Group chat: rooms, who is typing, and private messages.

Everybody starts in the room `lobby`. A user's name is what the client sent as `auth.username`; the host keeps it in
`socket.data`, for each event runs in a fresh instance of this component.
"""

from __future__ import annotations

import time
from typing import NotRequired, TypedDict

from realtime import RealtimeNamespace

ns = RealtimeNamespace("/chat")


class JoinRoom(TypedDict):
    room: str


class Message(TypedDict):
    room: NotRequired[str | None]
    text: str


class Typing(TypedDict):
    room: NotRequired[str | None]


class PrivateMessage(TypedDict):
    targetSocketId: str
    text: str


@ns.socket.on("$connect")
def connect() -> None:
    username = ns.socket.handshake.auth.get("username") or "Anonymous"
    ns.socket.data["username"] = username
    ns.socket.join("lobby")
    ns.socket.emit("welcome", {"message": f"Hello, {username}!"})
    ns.socket.to("lobby").emit("userJoined", {"username": username})


@ns.socket.on("joinRoom")
def join_room(data: JoinRoom) -> None:
    ns.socket.leave("lobby")
    ns.socket.join(data["room"])
    ns.socket.to(data["room"]).emit("userJoined", {"username": username()})


@ns.socket.on("message")
def message(data: Message) -> None:
    sent = {"from": username(), "text": data["text"], "timestamp": int(time.time() * 1000)}
    ns.socket.to(data.get("room") or "lobby").emit("message", sent)


@ns.socket.on("typing")
def typing(data: Typing) -> None:
    ns.socket.to(data.get("room") or "lobby").emit("typing", {"username": username()})


@ns.socket.on("privateMessage")
def private_message(data: PrivateMessage) -> None:
    sent = {"from": username(), "text": data["text"]}
    ns.socket.emit("privateMessage", sent)
    # A socket's id is a room that only this socket is in.
    ns.to(data["targetSocketId"]).emit("privateMessage", sent)


@ns.socket.on("$disconnect")
def disconnect(reason: str) -> None:
    ns.emit("userLeft", {"username": username(), "reason": reason})


def username() -> str:
    name: str = ns.socket.data.get("username", "")
    return name
