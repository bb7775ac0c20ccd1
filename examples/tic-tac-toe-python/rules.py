"""The rules: functions from a game to the next one. A game is plain JSON, as the store keeps it."""

from __future__ import annotations

from typing import Literal, TypedDict

Mark = Literal["X", "O"]

MARKS: tuple[Mark, Mark] = ("X", "O")
_ROWS = ((0, 1, 2), (3, 4, 5), (6, 7, 8))
_LINES = (*_ROWS, *zip(*_ROWS), (0, 4, 8), (2, 4, 6))


class Player(TypedDict):
    token: str
    """Only this player's browser knows it."""
    name: str


class Game(TypedDict):
    cells: list[Mark | None]
    turn: Mark
    round: int
    players: dict[Mark, Player]


class Refused(Exception):
    """Against the rules. The text is for the player."""


def new_game() -> Game:
    return {"cells": [None] * 9, "turn": "X", "round": 1, "players": {}}


def mark_of(game: Game, token: str) -> Mark | None:
    """The mark of a player; None for those who watch."""
    return next((mark for mark, player in game["players"].items() if player["token"] == token), None)


def seated(game: Game, token: str, name: str) -> Game:
    """Gives a seat to somebody who has none, if one is free. Who is back has the same one."""
    free = [mark for mark in MARKS if mark not in game["players"]]
    mark = mark_of(game, token) or (free[0] if free else None)
    if mark is None:
        return game
    return {**game, "players": {**game["players"], mark: {"token": token, "name": name}}}


def moved(game: Game, token: str, cell: int) -> Game:
    mark = mark_of(game, token)
    if mark is None:
        raise Refused("You are watching: both seats are taken.")
    if len(game["players"]) < 2:
        raise Refused("Wait for a second player.")
    if is_over(game):
        raise Refused("This game is over.")
    if game["turn"] != mark:
        raise Refused("It is not your turn.")
    if not 0 <= cell < 9:
        raise Refused(f"There is no cell {cell}.")
    if game["cells"][cell]:
        raise Refused("This cell is taken.")
    cells = [mark if index == cell else there for index, there in enumerate(game["cells"])]
    return {**game, "cells": cells, "turn": _other(mark)}


def again(game: Game, token: str) -> Game:
    """The next round, which the other one begins."""
    if mark_of(game, token) is None:
        raise Refused("Only players can begin another game.")
    if not is_over(game):
        raise Refused("This game is not over.")
    begins = MARKS[game["round"] % 2]
    return {**game, "cells": [None] * 9, "turn": begins, "round": game["round"] + 1}


def winning_line(game: Game) -> tuple[int, ...] | None:
    cells = game["cells"]
    return next((line for line in _LINES if cells[line[0]] and len({cells[cell] for cell in line}) == 1), None)


def is_over(game: Game) -> bool:
    return winning_line(game) is not None or None not in game["cells"]


def _other(mark: Mark) -> Mark:
    return "O" if mark == "X" else "X"
