"""Tic-tac-toe for two browsers, and for as many as like to watch.

A game is one value of the key-value store. It is only ever changed by `ns.kv.update`: of two moves at once, the second
one is checked again, on the board that the first one has left. So nobody moves twice, and the two cannot both win. What
the rules do not allow raises `Refused` inside of the update, which then changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import rules
from realtime import ConnectError, RealtimeNamespace
from rules import Game, Mark, Refused

ns = RealtimeNamespace("/tic-tac-toe")

# Games that nobody plays are gone after a day.
_KEPT = 24 * 60 * 60
_CODE = re.compile(r"[a-z0-9-]{1,40}")
_TOKEN = re.compile(r"[a-zA-Z0-9-]{16,64}")
_LONGEST_NAME = 40


@ns.socket.on("$connect")
def connect() -> None:
    """The client sends `auth: {game, token, name}`."""
    auth = ns.socket.handshake.auth
    given = auth if isinstance(auth, dict) else {}
    code, token, name = (given.get(field) for field in ("game", "token", "name"))
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise ConnectError("auth.game is a game's code: 1 to 40 lower-case letters, digits and hyphens")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise ConnectError("auth.token is the player's secret: 16 to 64 letters, digits and hyphens")
    if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST_NAME:
        raise ConnectError(f"auth.name is the player's name: 1 to {_LONGEST_NAME} characters")
    ns.socket.data = {"game": code, "token": token}
    ns.socket.join(f"game:{code}")
    change(lambda game: rules.seated(game, token, name.strip()))


# The page asks for it when it is connected, so that the others see that it is there.
@ns.socket.on("look")
def look() -> dict[str, Any]:
    game = current()
    tell(game)
    return {"mark": rules.mark_of(game, token())}


@ns.socket.on("move")
def move(cell: int) -> dict[str, str]:
    return played(lambda game: rules.moved(game, token(), cell))


@ns.socket.on("again")
def again() -> dict[str, str]:
    return played(lambda game: rules.again(game, token()))


@ns.socket.on("$disconnect")
def disconnect(reason: str) -> None:
    tell(current())


def played(rule: Callable[[Game], Game]) -> dict[str, str]:
    """What the player is told: nothing, or why not."""
    try:
        tell(change(rule))
    except Refused as refused:
        return {"error": str(refused)}
    return {}


def change(rule: Callable[[Game], Game]) -> Game:
    game: Game = ns.kv.update(key(), lambda game: rule(game or rules.new_game()), ttl=_KEPT)
    return game


def current() -> Game:
    game: Game = ns.kv.get(key()) or rules.new_game()
    return game


def tell(game: Game) -> None:
    """Shows the game to everybody in its room."""
    room = ns.to(f"game:{ns.socket.data['game']}")
    here = {socket.data.get("token") for socket in room.fetch_sockets()}
    line = rules.winning_line(game)
    shown = {
        "cells": game["cells"],
        "turn": None if rules.is_over(game) else game["turn"],
        "round": game["round"],
        "line": list(line) if line else None,
        "players": {
            mark: {"name": player["name"], "here": player["token"] in here} for mark, player in game["players"].items()
        },
    }
    room.emit("game", shown)


def key() -> str:
    return f"game:{ns.socket.data['game']}"


def token() -> str:
    secret: str = ns.socket.data["token"]
    return secret
