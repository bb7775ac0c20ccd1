/** `host build` and `host run SOURCE`: what is built again and what is not, and what is said where something is missing. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { gunzipSync } from "node:zlib";

import { connect } from "./support/clients.mjs";
import { CACHE, FOUND, runHost, startHost } from "./support/host.mjs";
import { until } from "./support/wait.mjs";

/** A machine that has no tools. */
const BARE = { PATH: "/nowhere" };

/** A folder with these files, which goes with the test. */
async function folder(t, files = {}) {
  const dir = await mkdtemp(join(tmpdir(), "host-build-"));
  t.after(() => rm(dir, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text);
  }
  return dir;
}

const SAY = {
  "say.js": "const words = require('./words.js');\nconst ns = new RealtimeNamespace('/say');\nns.socket.on('say', () => words);\nmodule.exports = ns;\n",
  "words.js": "module.exports = 'one';\n",
};

/** Builds; returns the component's path. */
async function build(source, flags = ["--install"], env = {}) {
  const { code, stdout, stderr } = await runHost(["build", source, ...flags], env);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^\/.*\.wasm\n$/, "the path is all there is on stdout");
  return stdout.trimEnd();
}

/** What the host says where it cannot build. */
async function refused(args, env) {
  const { code, stdout, stderr } = await runHost(args, env);
  assert.deepEqual([code, stdout], [1, ""], stderr);
  return stderr;
}

describe("what was built before", () => {
  test("is used again while its files are the same, without any tool", async (t) => {
    const dir = await folder(t, SAY);
    const source = join(dir, "say.js");
    const component = await build(source);
    assert.equal(await build(source, [], BARE), component);

    const host = await startHost(t, { components: [source], env: BARE });
    assert.equal(await (await connect(t, host, "/say")).ask("say"), "one");
  });

  test("is built again where a file that it imports has changed", async (t) => {
    const dir = await folder(t, SAY);
    const source = join(dir, "say.js");
    await build(source);
    await writeFile(join(dir, "words.js"), "module.exports = 'two';\n");
    assert.match(await refused(["build", source], BARE), /`node` is missing/);

    const host = await startHost(t, { components: [source], flags: ["--install"] });
    assert.equal(await (await connect(t, host, "/say")).ask("say"), "two");
  });

  test("stays where the new source cannot be built, whose error names the line", async (t) => {
    const dir = await folder(t, SAY);
    const source = join(dir, "say.js");
    const component = await build(source);
    const before = await readFile(component);
    await writeFile(source, "const ns = new RealtimeNamespace('/say');\nns.socket.on('say' () => 1);\n");
    const error = await refused(["run", source, "--install", "--listen", "127.0.0.1:0"]);
    assert.match(error, /say\.js:2:\d+/);
    assert.match(error, /error: `.*say\.js` was not built/);
    assert.deepEqual(await readFile(component), before);
  });

  test("is named by its source where the host refuses it", async (t) => {
    const source = join(await folder(t, { "say.js": SAY["say.js"].replace("/say", "/a b"), "words.js": SAY["words.js"] }), "say.js");
    const error = await refused(["run", source, "--install", "--listen", "127.0.0.1:0"]);
    assert.ok(error.includes(`error: cannot load ${source}\n`), error);
    assert.match(error, /the namespace `\/a b`/);
  });

  test("-o puts the component where it is wanted", async (t) => {
    const dir = await folder(t, SAY);
    const output = join(dir, "out.wasm");
    assert.equal(await build(join(dir, "say.js"), ["--install", "-o", output]), output);
    const host = await startHost(t, { components: [output], env: BARE });
    assert.equal(await (await connect(t, host, "/say")).ask("say"), "one");
  });
});

describe("what is missing is named, with the command that gets it", () => {
  const PYTHON = "from realtime import RealtimeNamespace\n\nns = RealtimeNamespace('/py')\n";
  const CARGO = '[package]\nname = "empty"\n';
  for (const [source, files, missing] of [
    ["say.js", SAY, /`node` is missing\nhint: install Node\.js 20 or newer/],
    ["py.py", { "py.py": PYTHON }, /`python3` is missing\nhint: install Python 3\.11 or newer/],
    [".", { "Cargo.toml": CARGO, "src/lib.rs": "" }, /`rustc` is missing\nhint: .*rustup/],
  ]) {
    test(`the tools of ${source === "." ? "Cargo.toml" : source}`, async (t) => {
      assert.match(await refused(["build", join(await folder(t, files), source)], BARE), missing);
    });
  }

  test("what builds JavaScript and Python, which is installed with --install alone", async (t) => {
    const dir = await folder(t, { ...SAY, "py.py": PYTHON });
    const cache = { HOST_CACHE_DIR: join(dir, "cache") };
    const js = await refused(["build", join(dir, "say.js")], cache);
    assert.match(js, /the toolchain for JavaScript \(esbuild, QuickJS; \d+ MB\) is not installed\nhint: give --install: `npm ci /);
    assert.match(await refused(["build", join(dir, "py.py")], cache), /componentize-py .*\n.*hint: .*--install/s);
    const left = await readdir(join(dir, "cache"), { recursive: true });
    assert.deepEqual(left.filter((path) => /node_modules|site-packages/.test(path)), []);
  });

  test("a folder for what is built", async (t) => {
    const source = join(await folder(t, SAY), "say.js");
    assert.match(await refused(["run", source, "--no-cache"]), /hint: drop --no-cache, or build it before/);
  });
});

test("an npm project: its packages are installed with --install, and bundled", async (t) => {
  const dir = await folder(t, {
    "package.json": JSON.stringify({ name: "times", private: true, dependencies: { ms: "2.1.3" } }),
    "src/index.ts": `import ms from "ms";
const ns = new RealtimeNamespace("/times");
ns.socket.on("ms", (text: string) => ms(text));
export default ns;
`,
  });
  assert.match(await refused(["build", dir]), /src\/index\.ts:1:16: imports `ms`, which is not installed\n.*\n  hint: npm install/);
  const host = await startHost(t, { components: [dir], flags: ["--install"] });
  assert.equal(await (await connect(t, host, "/times")).ask("ms", "2 days"), 172_800_000);
  await build(dir, [], BARE);
});

/** A folder of programs that come first on the PATH; the scripts are `sh`. */
async function programs(t, scripts) {
  const dir = await folder(t, scripts);
  for (const name of Object.keys(scripts)) await chmod(join(dir, name), 0o755);
  return { PATH: `${dir}:${process.env.PATH}` };
}

describe("what a build depends on", () => {
  const FILES = {
    "package.json": '{ "private": true }',
    "tsconfig.json": '{ "extends": "./base.json" }',
    "base.json": '{ "compilerOptions": { /* where */ "paths": { "~v": ["./src/none.ts", "./src/one.ts"], } } }',
    "src/handler.ts": `import { v } from "~v";
import words from "./words";
import dep from "dep";
const ns = new RealtimeNamespace("/say");
ns.socket.on("say", (name: string) => [v, words, dep, require("./commands/" + name + ".js")]);
export default ns;
`,
    "src/one.ts": "export const v = 1;",
    "src/words.js": "module.exports = 'words';",
    "src/commands/hello.js": "module.exports = 'hello';",
    "node_modules/dep/package.json": '{ "name": "dep", "main": "./lib" }',
    "node_modules/dep/lib/index.js": "module.exports = 'dep';",
  };
  /** A file's new text, and what it means. */
  const CHANGES = [
    ["base.json", '{ "compilerOptions": { "paths": { "~v": ["./src/two.ts"] } } }', "a configuration that another extends"],
    ["src/tsconfig.json", "{}", "a nearer configuration"],
    ["src/none.ts", "", "a path that the configuration names first"],
    ["index.ts", "", "a handler that is looked for before"],
    ["src/words.ts", "", "a file that is looked for before"],
    ["src/commands/bye.js", "", "a file that a pattern fits"],
    ["src/commands/more/bye.js", "", "one in a new folder"],
    ["node_modules/dep/package.json", '{ "name": "dep", "main": "./other" }', "the manifest of a package"],
    ["node_modules/dep/lib.js", "", "a file of a package that is looked for before"],
    ["src/node_modules/dep/index.js", "", "a package that is nearer"],
    ["package.json", '{ "type": "module" }', "the project's manifest"],
  ];

  test("is not only what it read, but also what it looked for; and nothing else", async (t) => {
    const dir = await folder(t, FILES);
    await build(dir);
    const isBuilt = async () => (await runHost(["build", dir], BARE)).stderr.includes("`node` is missing");
    assert.equal(await isBuilt(), false);
    for (const [name, text, what] of CHANGES) {
      const file = join(dir, name);
      const made = await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
      assert.equal(await isBuilt(), true, what);
      if (FILES[name] !== undefined) await writeFile(file, FILES[name]);
      else await rm(made ?? file, { recursive: true });
      assert.equal(await isBuilt(), false, `${what}, undone`);
    }
    await writeFile(join(dir, "notes.txt"), "");
    await writeFile(join(dir, "src/other.ts"), "");
    assert.equal(await isBuilt(), false, "files that nobody looked for");
    assert.match(await refused(["build", dir, "--rebuild"], BARE), /`node` is missing/);
  });
});

describe("npm, which --install runs", () => {
  const MANIFEST = { name: "scripts", private: true, scripts: { preinstall: "touch ran" }, dependencies: { ms: "2.1.3" } };
  const files = (more = {}) => ({ "package.json": JSON.stringify({ ...MANIFEST, ...more }), "handler.js": SAY["words.js"] });
  /** Tells where it was called, and with what. */
  const NPM = '#!/bin/sh\necho "$PWD $npm_config_ignore_scripts $*" >> "$NPM_CALLED"\nmkdir node_modules\n';

  /** What npm was called with for a project, if it was; and what the host said. */
  async function called(t, source, home = "/nowhere") {
    const file = join(await folder(t, { called: "" }), "called");
    const env = { ...(await programs(t, { npm: NPM })), NPM_CALLED: file, HOME: home };
    const { stderr } = await runHost(["build", source, "--install"], env);
    const calls = (await readFile(file, "utf8")).split("\n").filter((line) => line !== "" && !line.startsWith(CACHE));
    return { calls, stderr };
  }

  test("runs no scripts of packages, unless --allow-scripts says so", async (t) => {
    for (const flags of [[], ["--allow-scripts"]]) {
      const dir = await folder(t, files());
      await runHost(["build", dir, "--install", ...flags]);
      const made = await readdir(dir);
      assert.ok(made.includes("node_modules"));
      assert.equal(made.includes("ran"), flags.length > 0);
    }
  });

  test("is called for the project's own folder", async (t) => {
    const dir = await folder(t, { ...files(), "src/handler.js": SAY["words.js"] });
    const { calls } = await called(t, join(dir, "src/handler.js"));
    assert.deepEqual(calls, [`${dir} true install --no-audit --no-fund --loglevel=error --prefix ${dir} --ignore-scripts`]);
  });

  test("is not called above the home folder, or in a folder that others can write to", async (t) => {
    const dir = await folder(t, { ...files(), "app/src/handler.js": SAY["words.js"] });
    const source = join(dir, "app/src/handler.js");
    assert.deepEqual((await called(t, source, join(dir, "app"))).calls, []);
    await chmod(dir, 0o777);
    const { calls, stderr } = await called(t, source);
    assert.deepEqual(calls, []);
    assert.match(stderr, /others can write to .*: what its package\.json names is not installed/);
  });

  for (const [manager, file] of [["pnpm", "pnpm-lock.yaml"], ["yarn", "yarn.lock"]]) {
    test(`is not called for a project of ${manager}`, async (t) => {
      const dir = await folder(t, { ...files(), [file]: "" });
      const { calls, stderr } = await called(t, dir);
      assert.deepEqual(calls, []);
      assert.match(stderr, new RegExp(`are for ${manager} to install in .*\nhint: run .${manager} install. in `));
    });
  }

  test("ends with a build that is killed", async (t) => {
    const dir = await folder(t, files());
    const pid = join(await folder(t), "pid");
    // What npm has started outlives it easily.
    const env = await programs(t, { npm: `#!/bin/sh\nsleep 600 &\necho $! > ${pid}.new; mv ${pid}.new ${pid}\nwait\n` });
    const child = spawn(FOUND.HOST_BIN, ["build", dir, "--install"], { env: { ...process.env, ...FOUND, ...env }, stdio: "ignore" });
    t.after(() => child.kill("SIGKILL"));
    await until(() => readFile(pid).then(() => true, () => false), "npm runs");
    const sleeper = (await readFile(pid, "utf8")).trim();
    child.kill("SIGKILL");
    await until(() => readFile(`/proc/${sleeper}/stat`, "utf8").then((stat) => /\) [ZX] /.test(stat), () => true), "npm has ended");
  });
});

test("--engine starlingmonkey: for code that needs its web APIs", async (t) => {
  const dir = await folder(t, {
    "web.mjs": `const ns = new RealtimeNamespace("/web");
ns.socket.on("compress", async (text) => {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
});
export default ns;
`,
  });
  const source = join(dir, "web.mjs");
  const small = await build(source);
  const large = await build(source, ["--install", "--engine", "starlingmonkey"]);
  assert.ok((await stat(large)).size > (await stat(small)).size);
  const host = await startHost(t, { components: [source], flags: ["--engine", "starlingmonkey"] });
  const compressed = await (await connect(t, host, "/web")).ask("compress", "hello");
  assert.equal(gunzipSync(compressed).toString(), "hello");
  assert.match(await refused(["build", large, "--engine", "quickjs"]), /--engine is for JavaScript/);
});
