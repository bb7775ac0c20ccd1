"""What `build.py` finds, refuses and says."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from builder import project
from builder.errors import SourceError
from builder.requirements import Requirements

PACKAGE = Path(__file__).parent.parent


class Folder(unittest.TestCase):
    def setUp(self) -> None:
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.path = Path(self.temporary.name)

    def write(self, name: str, text: str = "") -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file


class Projects(Folder):
    def refused(self, source: Path) -> str:
        with self.assertRaises(SourceError) as caught:
            project.find(source)
        return str(caught.exception)

    def test_the_handler_of_a_folder_is_found_by_its_name(self) -> None:
        chat = self.write("chat.py")
        self.assertEqual(project.find(self.path).file, chat)
        self.write("other.py")
        self.assertIn("chat.py, other.py", self.refused(self.path))
        main = self.write("main.py")
        self.assertEqual(project.find(self.path).file, main)
        handler = self.write("handler.py")
        self.assertEqual(project.find(self.path).file, handler)
        self.assertEqual(project.find(chat).file, chat)

    def test_what_is_no_python_file_is_refused(self) -> None:
        self.assertIn("does not exist", self.refused(self.path / "nowhere.py"))
        self.assertIn("not a Python file", self.refused(self.write("chat.txt")))
        self.assertIn("not clear", self.refused(self.write("empty/x.txt").parent))

    def test_dependencies_are_those_of_the_folder(self) -> None:
        chat = self.write("chat.py")
        self.assertEqual(project.find(chat).requirements.lines, [])
        pyproject = self.write("pyproject.toml", '[project]\ndependencies = ["six==1.16.0", "realtime-guest"]\n')
        self.assertEqual(project.find(chat).requirements, Requirements(["six==1.16.0"], [pyproject]))
        listed = self.write("requirements.txt", "# none\n\nsix  # a comment at the end\n")
        self.assertEqual(project.find(chat).requirements, Requirements(["six"], [listed]))

    def test_requirements_are_also_those_of_included_files(self) -> None:
        chat = self.write("chat.py")
        included = [
            self.write("requirements.txt", "-r base.txt\n--constraint=limits/all.txt\nsix; \\\n  python_version > '3'\n"),
            self.write("base.txt", "-r requirements.txt\n-c limits/all.txt\nhumanize>=4#egg\n-r https://example.com/x\n"),
            self.write("limits/all.txt", "-r more.txt\nsix==1.16.0\n"),
            self.write("limits/more.txt", "humanize==4.1\n"),
        ]
        found = project.find(chat).requirements
        self.assertEqual(sorted(found.files), sorted(included))
        self.assertEqual(found.lines, ["humanize>=4#egg", "-r https://example.com/x", "six;   python_version > '3'"])
        self.write("base.txt", "--requirement gone.txt\n")
        self.assertIn("base.txt includes gone.txt, which does not exist", self.refused(chat))

    def test_a_module_that_hides_the_package_is_refused(self) -> None:
        chat = self.write("chat.py")
        self.write("realtime.py")
        self.assertIn("hides the package", self.refused(chat))


class Commands(Folder):
    def build(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            str(PACKAGE / "build.py"),
            *map(str, arguments),
            "--cache-dir",
            str(self.path / "cache"),
        ]
        return subprocess.run(command, capture_output=True, text=True)

    def test_what_is_missing_is_named_with_the_flag_that_installs_it(self) -> None:
        done = self.build(self.write("chat.py"))
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr, r"error: componentize-py \S+ is missing\nhint: build with `--install`, .*cache")

    def test_wrong_usage_is_told_apart(self) -> None:
        self.assertEqual(self.build().returncode, 2)
        done = self.build(self.path / "nowhere.py")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"^error: .*nowhere\.py does not exist")


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
            "    try: _environment.check(print)\n    except RuntimeError as error: print(error)\n"
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
                "<4>the environment variable `IMPORTED` was read at imported.py:2 when the component was built, "
                "so the value that --env gives now is not used there",
                "<3>the environment variable `SECRET` was read at config.py:3, called at chat.py:6, when the "
                "component was built, so the value that --env gives now is not used there; call it inside of a handler",
                "environment variables were read when the component was built",
                "_Environ True",
            ],
        )

    def test_calls_need_an_event(self) -> None:
        text = "from realtime import RealtimeNamespace\nns = RealtimeNamespace()\nns.emit('x')\n"
        self.assertIn("RuntimeError: there is no event now", self.refused(text))


if __name__ == "__main__":
    unittest.main()
