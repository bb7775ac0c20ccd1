import unittest

from handler import ns
from realtime import ConnectError
from realtime.testing import TestSocket


class Handlers(unittest.TestCase):
    def test_add(self) -> None:
        self.assertEqual(TestSocket(ns).fire("add", 1, 2), 3)

    def test_a_name_is_asked_for_and_kept(self) -> None:
        with self.assertRaises(ConnectError):
            TestSocket(ns, auth={}).fire("$connect")
        socket = TestSocket(ns, auth={"name": "Ada"})
        socket.fire("$connect")
        self.assertEqual(socket.stored, {"name": "Ada"})


if __name__ == "__main__":
    unittest.main()
