"""The game, without a host: `PYTHONPATH=../../guest-sdk/python python3 -m unittest`."""

from __future__ import annotations

import unittest
from typing import Any
from unittest import mock

import rules
from realtime import ConnectError
from realtime.testing import TestSocket, TestStore
from tic_tac_toe import ns


class Games(unittest.TestCase):
    def setUp(self) -> None:
        self.store = TestStore()
        self.ada, self.bob, self.eve = (self.open(name) for name in ("Ada", "Bob", "Eve"))

    def open(self, who: str, **auth: Any) -> TestSocket:
        given = {"game": "lunch", "token": f"the-secret-of-{who}", "name": who, **auth}
        socket = TestSocket(ns, id=who, kv=self.store, auth=given)
        socket.fire("$connect")
        return socket

    def play(self, *cells: int) -> list[Any]:
        """Ada and Bob move in turns. What they are told."""
        return [(self.ada, self.bob)[index % 2].fire("move", cell) for index, cell in enumerate(cells)]

    def shown(self, socket: TestSocket) -> Any:
        """The game as it was last shown."""
        return socket.commands[-1][3]

    def test_the_first_two_play_and_the_others_watch(self) -> None:
        self.assertEqual([one.fire("look")["mark"] for one in (self.ada, self.bob, self.eve)], ["X", "O", None])
        self.assertEqual(self.eve.fire("move", 0), {"error": "You are watching: both seats are taken."})
        self.assertNotIn("secret", str(self.eve.commands))

    def test_who_is_back_has_the_same_seat_and_board(self) -> None:
        self.play(4)
        self.ada.fire("$disconnect", "transport close")
        again = self.open("Ada")
        self.assertEqual(again.fire("look"), {"mark": "X"})
        self.assertEqual(self.shown(again)["cells"][4], "X")
        self.assertEqual(again.fire("move", 0), {"error": "It is not your turn."})

    def test_three_in_a_row_win(self) -> None:
        self.assertEqual(self.play(0, 3, 1, 4, 2), [{}] * 5)
        game = self.shown(self.ada)
        self.assertEqual((game["line"], game["turn"]), ([0, 1, 2], None))
        self.assertEqual(self.bob.fire("move", 5), {"error": "This game is over."})

    def test_a_full_board_is_over_and_the_other_one_begins_the_next_game(self) -> None:
        self.assertEqual(self.ada.fire("again"), {"error": "This game is not over."})
        self.play(0, 1, 2, 4, 3, 5, 7, 6, 8)
        game = self.shown(self.ada)
        self.assertEqual((game["line"], game["turn"], None in game["cells"]), (None, None, False))
        self.assertEqual(self.eve.fire("again"), {"error": "Only players can begin another game."})
        self.assertEqual(self.ada.fire("again"), {})
        game = self.shown(self.ada)
        self.assertEqual((game["cells"], game["turn"], game["round"]), ([None] * 9, "O", 2))

    def test_moves_against_the_rules_change_nothing(self) -> None:
        self.play(4)
        before = self.store.values
        for cell, error in [(4, "This cell is taken."), (9, "There is no cell 9."), (-1, "There is no cell -1.")]:
            self.assertEqual(self.bob.fire("move", cell), {"error": error})
        self.assertEqual(self.ada.fire("move", 0), {"error": "It is not your turn."})
        self.assertEqual(self.store.values, before)
        alone = self.open("Zoe", game="other")
        self.assertEqual(alone.fire("move", 0), {"error": "Wait for a second player."})

    def test_of_two_moves_at_once_one_counts(self) -> None:
        self.play(0, 3, 1, 4)
        moved = rules.moved
        boards = []

        def slow(game: rules.Game, token: str, cell: int) -> rules.Game:
            boards.append(game["cells"])
            if len(boards) == 1:
                # Ada's other window is faster.
                ns.kv.set("game:lunch", moved(game, token, 2))
            return moved(game, token, cell)

        with mock.patch.object(rules, "moved", slow):
            self.assertEqual(self.ada.fire("move", 5), {"error": "This game is over."})
        self.assertEqual([board[2] for board in boards], [None, "X"])
        self.eve.fire("look")
        self.assertEqual((self.shown(self.eve)["line"], self.shown(self.eve)["cells"][5]), ([0, 1, 2], None))

    def test_clients_that_send_something_else_are_refused(self) -> None:
        for wrong in ({"game": "../x"}, {"game": 1}, {"token": "short"}, {"name": " "}, {"name": "x" * 41}):
            with self.assertRaises(ConnectError):
                self.open("Ada", **wrong)
        with self.assertRaises(ConnectError):
            TestSocket(ns, auth=["no object"]).fire("$connect")

    def test_games_that_nobody_plays_are_gone_after_a_day(self) -> None:
        self.store.advance(24 * 60 * 60 - 1)
        self.play(0)
        self.store.advance(24 * 60 * 60 - 1)
        self.assertEqual(len(self.store.values), 1)
        self.store.advance(1)
        self.assertEqual(self.store.values, {})


if __name__ == "__main__":
    unittest.main()
