from realtime import ConnectError, RealtimeNamespace

ns = RealtimeNamespace("/hello")


@ns.socket.on("$connect")
def connect() -> None:
    name = ns.socket.handshake.auth.get("name")
    if not name:
        raise ConnectError("who are you?", data={"missing": "auth.name"})
    ns.socket.data["name"] = name


# What a handler returns acknowledges the event.
@ns.socket.on("add")
def add(a: float, b: float) -> float:
    return a + b


@ns.socket.on("shout")
def shout(text: str) -> None:
    ns.emit("shouted", {"by": ns.socket.data["name"], "text": text.upper()})
