/** `host build` and `host run SOURCE`: what is built again and what is not, and what is said where something is missing. */

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { gunzipSync } from "node:zlib";

import { connect } from "./support/clients.mjs";
import { runHost, startHost } from "./support/host.mjs";

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
