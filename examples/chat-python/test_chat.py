"""The chat's logic, without a host: `PYTHONPATH=../../guest-sdk/python python3 -m unittest`."""

import unittest

from realtime.testing import Target, TestSocket

from chat import ns


class Chat(unittest.TestCase):
    def test_a_message_goes_to_the_others_in_the_lobby(self) -> None:
        ada = TestSocket(ns, auth={"username": "Ada"})
        ada.fire("$connect")
        ada.fire("message", {"text": "hello"})
        call, target, event, sent = ada.commands[-1]
        self.assertEqual((call, target, event), ("broadcast", Target(("lobby",), exclude_sender=True), "message"))
        self.assertEqual((sent["from"], sent["text"]), ("Ada", "hello"))


if __name__ == "__main__":
    unittest.main()
