"""How a module is loaded while the component is built, and what is left of that in an event."""

from __future__ import annotations

import subprocess
import sys
import unittest
from pathlib import Path

from .test_builder import PACKAGE, Folder


class Loading(Folder):
    """What is wrong with a module, as the build finds it."""

    def refused(self, text: str) -> str:
        file = self.write("chat.py", text)
        code = (
            # componentize-py has the folders on its path.
            f"import sys; sys.path.append({str(self.path)!r})\n"
            "from realtime import _snapshot\n"
            f"try: _snapshot.load({str(file)!r}, [{str(self.path)!r}])\n"
            "except _snapshot.Refused as refused: print(refused)\n"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE, capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def test_the_files_that_it_reads_are_noted(self) -> None:
        self.write("text.txt", "hello")
        self.write("unused.py")
        self.write("words.py", "from pathlib import Path\nTEXT = (Path(__file__).parent / 'text.txt').read_text()\n")
        self.assertLessEqual({"chat.py", "text.txt", "words.py"}, self.noted("import words"))
        self.assertNotIn("unused.py", self.noted("import words"))

    def test_what_it_looks_for_is_noted(self) -> None:
        (self.path / "plugins").mkdir()
        self.write("plugins/one.py")
        self.assertIn("plugins/", self.noted("import pkgutil, plugins; list(pkgutil.iter_modules(plugins.__path__))"))
        self.assertIn("plugins/", self.noted("import os; os.listdir('@/plugins')"))
        self.assertIn("plugins/", self.noted("from pathlib import Path; list(Path('@/plugins').glob('*.py'))"))
        self.assertIn("plugins/one.py", self.noted("import glob; [open(name) for name in glob.glob('@/plugins/*.py')]"))
        self.assertIn("settings.json", self.noted("import os; os.path.exists('@/settings.json')"))
        # What is imported from elsewhere, or from nowhere, would be found here first.
        self.assertLessEqual({"json.py", "json"}, self.noted("import json"))
        self.assertLessEqual({"nope.py", "nope"}, self.noted("try: import nope\nexcept ImportError: pass"))
        self.assertIn("plugins/two.py", self.noted("try: from plugins import two\nexcept ImportError: pass"))
        self.assertNotIn("/", self.noted("import json"))

    def noted(self, text: str) -> set[str]:
        """The paths that are noted for a module; `@` is its folder."""
        note = f"from realtime import _inputs\nprint(*_inputs.below({str(self.path)!r}))\n"
        shown = self.refused(text.replace("@", str(self.path)) + "\n" + note)
        return {name.removeprefix(f"{self.path}/") for name in shown.splitlines()[0].split()}

    def test_there_is_one_namespace(self) -> None:
        self.assertIn("there is no `ns = RealtimeNamespace", self.refused(""))
        two = "from realtime import RealtimeNamespace as N\na = N('/a')\nb = N('/b')\n"
        self.assertIn("there are 2 namespaces in the module (`a`, `b`)", self.refused(two))

    def test_errors_of_the_module_have_its_own_lines(self) -> None:
        self.write("helper.py", "def half():\n    return 1 / 0\n")
        self.assertEqual(
            [line for line in self.refused("import helper\n\nhelper.half()\n").strip().splitlines() if "^" not in line],
            [
                "Traceback (most recent call last):",
                '  File "chat.py", line 3, in <module>',
                "    helper.half()",
                '  File "helper.py", line 2, in half',
                "    return 1 / 0",
                "ZeroDivisionError: division by zero",
            ],
        )

    def test_handlers_that_cannot_be_are_named(self) -> None:
        text = (
            "from realtime import RealtimeNamespace\nns = RealtimeNamespace()\n"
            "@ns.socket.on('buy')\ndef buy(what: complex): ...\n"
        )
        refused = self.refused(text)
        self.assertIn("handler `buy` of `buy`: parameter `what`: a client's data cannot become `complex`", refused)

    def test_handlers_that_would_never_run_are_refused(self) -> None:
        start = "from realtime import RealtimeNamespace\nns = RealtimeNamespace()\n"
        for handler, why in [
            ("@ns.socket.on('$connect')\ndef hello(sid, environ): ...\n", "gets no arguments"),
            ("@ns.socket.on('$disconnect')\ndef bye(sid, reason): ...\n", "gets the reason only"),
        ]:
            self.assertRegex(
                self.refused(start + handler), f"^handler `.*{why}, so it would never run; the socket is `ns.socket`"
            )
        fits = "@ns.socket.on('$connect')\ndef hello(*args, more=1): ...\n@ns.socket.on('$disconnect')\ndef bye(reason): ...\n"
        self.assertEqual(self.refused(start + fits), "")

    def test_own_files_do_not_read_the_environment_before_there_is_one(self) -> None:
        self.write("settings.py", "import os\n\ndef setting(name):\n    return os.getenv(name, 'none')\n")
        text = (
            "import os\nfrom os import environ\nfrom settings import setting\n"
            "from realtime import RealtimeNamespace\nns = RealtimeNamespace()\n"
            "A = os.environ.get('JWT_SECRET', 'dev-secret')\n"
            "try: B = environ['MISSING']\nexcept: B = None\n"
            "C = 'DEBUG' in os.environ\n"
            "D = setting('D')\n"
            "E = {**environ}\n"
            "class Settings:\n    port = os.getenv('PORT')\n"
            "def later(key=os.getenv('KEY')): return os.environ['OK']\n"
        )
        lines = self.refused(text).splitlines()
        self.assertEqual(
            [line for line in lines[:-1] if not line.startswith(" ")],
            [
                "chat.py:6: the environment variable `JWT_SECRET` is read while the component is built",
                "chat.py:7: the environment variable `MISSING` is read while the component is built",
                "chat.py:9: the environment variable `DEBUG` is read while the component is built",
                "settings.py:4: the environment variable `D` is read while the component is built",
                "chat.py:11: the environment is read while the component is built",
                "chat.py:13: the environment variable `PORT` is read while the component is built",
                "chat.py:14: the environment variable `KEY` is read while the component is built",
            ],
        )
        self.assertEqual(lines[1], "    A = os.environ.get('JWT_SECRET', 'dev-secret')")
        self.assertRegex(lines[-1], "^hint: .*inside of a handler")

    def test_so_do_those_that_functions_import(self) -> None:
        self.write("late.py", "import os\nA = os.getenv('LATE')\n")
        text = "from realtime import RealtimeNamespace\nns = RealtimeNamespace()\ndef handler():\n    import late\n"
        self.assertIn("late.py:2: the environment variable `LATE`", self.refused(text))

    def test_a_variable_that_is_missing_at_build_is_the_error(self) -> None:
        text = "import os\nPORT = int(os.environ['PORT'])\n"
        self.assertTrue(self.refused(text).startswith("chat.py:2: the environment variable `PORT`"))

    def test_what_packages_read_is_compared_when_the_component_starts(self) -> None:
        self.write("packages/imported.py", "import os\nA = os.environ.get('IMPORTED')\nB = os.environ.get('UNUSED')\n")
        self.write("packages/config.py", "import os\ndef config(name):\n    return os.environ.get(name, 'dev')\n")
        self.write(
            "packages/loads.py",
            "import os\ndef load():\n    if 'LOADED' not in os.environ: os.environ['LOADED'] = 'file'\n",
        )
        text = (
            "import imported, loads, config, os\nfrom realtime import RealtimeNamespace, _environment, _snapshot\n"
            "ns = RealtimeNamespace()\nenviron = os.environ\nloads.load()\nSECRET = config.config('SECRET')\n"
            "environ.setdefault('MODE', 'test')\n"
            # What the host does when the component starts.
            "def start(**variables):\n"
            "    _snapshot.seal()\n    os.environ.update(variables)\n"
            "    print(_environment.check(print))\n"
        )
        chat = self.write("own/chat.py", text)
        roots = [str(self.path / "own"), str(self.path / "packages")]
        code = (
            f"import sys; sys.path[:0] = {roots!r}\n"
            "from realtime import _snapshot\n"
            f"_snapshot.load({str(chat)!r}, {roots!r})\n"
            "import os, chat; chat.start(OTHER='1'); chat.start(IMPORTED='1', LOADED='2', MODE='3'); chat.start(SECRET='x')\n"
            "print(type(os.environ).__name__, chat.environ is os.environ)\n"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE, capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        self.assertEqual(
            done.stdout.splitlines(),
            [
                "True",
                "<4>the environment variable `IMPORTED` was read at imported.py:2 when the component was built, "
                "so the value that --env gives now is not used there",
                "True",
                "<3>the environment variable `SECRET` was read at config.py:3, called at chat.py:6, when the "
                "component was built, so the value that --env gives now is not used there; call it inside of a handler",
                "False",
                "_Environ True",
            ],
        )

    def test_calls_need_an_event(self) -> None:
        text = "from realtime import RealtimeNamespace\nns = RealtimeNamespace()\nns.emit('x')\n"
        self.assertIn("RuntimeError: there is no event now", self.refused(text))


class Sandboxed(Folder):
    """What handlers find in an event. The process stands for the component: it loads the module and seals it, then
    calls its `event`."""

    def event(self, text: str) -> tuple[list[str], list[str]]:
        """What it printed, and the warnings of the build."""
        start = "from realtime import RealtimeNamespace\nns = RealtimeNamespace()\n"
        file = self.write("own/chat.py", start + text)
        roots = [str(self.path / "own"), str(self.path / "packages")]
        code = (
            # CPython in a component has no OpenSSL.
            "import sys; sys.modules['_ssl'] = None\n"
            f"sys.path[:0] = {roots!r}\n"
            "from realtime import _snapshot\n"
            f"_snapshot.load({str(file)!r}, {roots!r})\n"
            "_snapshot.seal()\n"
            # There are no files in an event.
            "sys.path.clear()\n"
            "import chat; chat.event(); print('--'); print(*_snapshot.warnings, sep='\\n')\n"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE, capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        printed, _, warnings = done.stdout.partition("--\n")
        return printed.splitlines(), warnings.split("\n")[:-1]

    def test_there_is_no_tls_but_its_names_for_modules_that_need_them(self) -> None:
        self.write("packages/can.py", "try:\n    import ssl\nexcept ImportError:\n    ssl = None\n")
        self.write(
            "packages/needs.py",
            "import ssl\nimport can\nfrom ssl import SSLContext\ndef use(a: ssl.SSLContext | None = None): return SSLContext()\n",
        )
        text = (
            "import can, needs, sys\n"
            "def event():\n"
            "    print(can.ssl, 'ssl' in sys.modules, issubclass(needs.ssl.SSLError, OSError))\n"
            "    def late(): import ssl\n"
            "    for call in (late, needs.use, needs.ssl.create_default_context, lambda: needs.ssl.CERT_NONE):\n"
            "        try: call()\n"
            "        except Exception as error: print(type(error).__name__, error)\n"
        )
        none = "there is no TLS in a component, and no sockets"
        self.assertEqual(
            self.event(text)[0],
            [
                "None False True",
                f"ModuleNotFoundError {none}",
                f"SSLError {none}",
                f"SSLError {none}",
                f"AttributeError `ssl.CERT_NONE`: {none}",
            ],
        )

    def test_no_handle_of_the_build_is_left(self) -> None:
        text = (
            "import os, socket\n"
            "def look():\n"
            "    for call in (socket.getaddrinfo, socket.gethostbyname, lambda *a: socket.create_connection(a)):\n"
            "        try: call('localhost', 80)\n"
            "        except socket.gaierror as error: print(error)\n"
            "look()\n"
            "here = os.path.dirname(__file__)\nwith os.scandir(here) as kept: first = next(kept)\n"
            "names = [name for _, _, name in os.walk(here)]\n"
            "def event():\n    look()\n    print(type(kept).__name__, list(kept), first.name, names)\n"
        )
        printed, _ = self.event(text)
        self.assertEqual(len(printed), 7)
        for line in printed[:6]:
            self.assertIn("a component has no sockets", line)
        self.assertEqual(printed[6], "_Folder [] chat.py [['chat.py']]")

    def test_what_is_imported_too_late_says_so(self) -> None:
        self.write("packages/broken.py", "1 / 0\n")
        text = (
            "import importlib.util\n"
            "def unused():\n"
            "    import broken\n"
            "    from nowhere.at import all\n"
            "    try:\n        import optional\n    except ImportError:\n        pass\n"
            "def event():\n"
            "    for name in ('broken', 'this.too', 'late'):\n"
            "        try: __import__(name)\n"
            "        except ModuleNotFoundError as error: print(error.name, '|', error)\n"
            "    print(importlib.util.find_spec('late'))\n"
        )
        self.write("packages/late.py")
        printed, warnings = self.event(text)
        late = "in an event; it was not imported when the component was built: import it at the top of a module"
        self.assertEqual(
            [line for line in printed if line.startswith(("broken", "late"))],
            [
                "broken | there is no module `broken` in an event; when the component was built, its import failed with "
                "ZeroDivisionError: division by zero",
                f"late | there is no module `late` {late}",
            ],
        )
        self.assertEqual(
            warnings,
            [
                "chat.py:5: the import of `broken` will fail in every event: ZeroDivisionError: division by zero",
                "chat.py:6: the import of `nowhere.at` will fail in every event: ModuleNotFoundError: No module named "
                "'nowhere'",
            ],
        )

    def test_time_zones_are_kept(self) -> None:
        text = (
            "from datetime import datetime\n"
            "def event():\n"
            "    import zoneinfo\n"
            "    for key in ('Test/Here', 'Test/Nowhere'):\n"
            "        try: print(datetime(2026, 1, 1, tzinfo=zoneinfo.ZoneInfo(key)).isoformat())\n"
            "        except zoneinfo.ZoneInfoNotFoundError as error: print(error)\n"
            "    print(sorted(zoneinfo.available_timezones()))\n"
        )
        hint = "; add the package `tzdata` to the dependencies"
        missing = [f"No time zone found with key Test/{name}" for name in ("Here", "Nowhere")]
        self.assertEqual(self.event(text)[0], [f"'{line}{hint}'" for line in missing] + ["[]"])
        for name in ("", "zoneinfo/", "zoneinfo/Test/"):
            self.write(f"packages/tzdata/{name}__init__.py")
        self.write("packages/tzdata/zones", "Test/Here\n")
        # One hour east (RFC 8536).
        counts = b"".join(number.to_bytes(4, "big") for number in (0, 0, 0, 0, 1, 4))
        zone = b"TZif" + bytes(16) + counts + (3600).to_bytes(4, "big") + bytes(2) + b"ONE\0"
        (self.path / "packages/tzdata/zoneinfo/Test/Here").write_bytes(zone)
        self.assertEqual(self.event(text)[0], ["2026-01-01T00:00:00+01:00", f"'{missing[1]}'", "['Test/Here']"])


if __name__ == "__main__":
    unittest.main()
