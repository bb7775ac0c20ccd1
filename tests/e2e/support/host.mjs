/**
 * The real binary on a free port.
 *
 * `cargo xtask test` builds it and the components, and says where they are: `HOST_BIN`, `HOST_GUESTS`. By hand they are
 * looked for in the workspace's target directory. With `HOST_TEST_LOG=1` the hosts' logs are shown. With
 * `HOST_TEST_LANGUAGE=js` or `python` the guests that exist in that language are used: `probe-js` for `probe`. With
 * `HOST_TEST_CLUSTER=streams` or `pubsub` each host is two, nodes of one cluster that take clients in turn.
 */

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { within } from "./wait.mjs";

const TARGET = fileURLToPath(new URL("../../../target/", import.meta.url));
const BINARY = process.env.HOST_BIN ?? resolve(TARGET, "debug/host");
const GUESTS = process.env.HOST_GUESTS ?? resolve(TARGET, "wasm32-wasip2/release");
/** What the guests that exist in every language are written in. */
export const { HOST_TEST_LANGUAGE: LANGUAGE = "rust" } = process.env;
/** The format in which each host is a cluster of two nodes; none if it is alone. */
export const { HOST_TEST_CLUSTER: CLUSTER } = process.env;
// Here, because what it ends when all tests are done belongs to the file, not to a test.
const { clusterFlags } = CLUSTER ? await import("./cluster.mjs") : { clusterFlags: () => [] };
/** Guests that are written in every language. */
const EVERYWHERE = ["probe", "chat", "clock"];
/** Compiling a component of some interpreter takes long where the machine is busy; a host that fails exits at once. */
const START = 600_000;
/** Compiled components are shared between tests, and not with the hosts of whoever runs them. */
export const CACHE = resolve(GUESTS, "e2e-cache");

/** Hosts that run at once cannot share a file of state. A test that wants one gives `--data`. */
const STATE = { HOST_DATA: "none" };

const usual = () => STATE;
/** Where hosts keep state: in memory, or each below a prefix of its own in the Redis that `keepStateIn` has named. */
let state = usual;

/** From now on the hosts of this file keep state in a Redis. */
export function keepStateIn(url) {
  state = () => ({ HOST_KV_URL: url, HOST_KV_PREFIX: randomUUID() });
}

export const isStateInRedis = () => state !== usual;

/** The environment without what would change the host's settings. */
const inherited = () => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(HOST_|RUST_LOG$)/.test(name))),
  ...state(),
});

/** Variables by which other programs find the host, and it what it made before. */
export const FOUND = { HOST_BIN: BINARY, HOST_CACHE_DIR: CACHE, ...STATE };

/** The file of a guest, by its name. */
export const guest = (name, language = LANGUAGE) =>
  `${GUESTS}/${language !== "rust" && EVERYWHERE.includes(name) ? `${name}-${language}` : name}.wasm`;

/** Runs a subcommand of the host to its end: `{code, stdout, stderr}`. */
export function runHost(args, env = {}) {
  return new Promise((ended, failed) => {
    const options = { env: { ...inherited(), HOST_CACHE_DIR: CACHE, ...env }, maxBuffer: Infinity };
    execFile(BINARY, args, options, (error, stdout, stderr) => {
      if (error && typeof error.code !== "number") failed(error);
      else ended({ code: error?.code ?? 0, stdout, stderr });
    });
  });
}

/**
 * Starts a host for a test, and stops it after the test: it must exit with 0.
 *
 * `components` are names of guests (`probe`), with a namespace where one is given (`/x=nameless`), or absolute paths of
 * sources; `flags` are those of `host run`. `stderr` is a file that takes the log in place of the test; with `"unread"` it is a
 * pipe that nobody reads.
 */
export async function startHost(t, { components = ["probe"], flags = [], env = {}, stderr = "pipe" } = {}) {
  const all = [...flags, ...(await clusterFlags(CLUSTER))];
  const host = new Host(components, all, env, stderr);
  t.after(() => host.stop());
  await host.listening();
  if (CLUSTER) {
    const twin = new Host(components, all, env, stderr, host);
    t.after(() => twin.stop());
    await twin.listening();
    host.nodes.push(twin);
  }
  return host;
}

class Host {
  /** Log lines so far, parsed. */
  lines = [];
  #child;
  #address;
  #exited;
  #watchers = new Set();
  #first;
  #opened = 0;
  /** The nodes that take clients: this one, and others of its cluster. */
  nodes = [this];

  /** `first` is another node, whose log has the lines of this one, too. */
  constructor(components, flags, env, stderr, first) {
    this.#first = first;
    const files = components.map((component) => component.replace(/^(\/[^=]*=)?([\w-]+)$/, (_, at = "", name) => at + guest(name)));
    const args = ["run", ...files, "--listen", "127.0.0.1:0", "--log-format", "json", "--cache-dir", CACHE, ...flags];
    this.#child = spawn(BINARY, args, { env: { ...inherited(), ...env }, stdio: ["ignore", "pipe", stderr === "unread" ? "pipe" : stderr] });
    this.#exited = new Promise((exited, failed) => {
      // An unread pipe is never closed.
      this.#child.once(stderr === "unread" ? "exit" : "close", (code, signal) => exited({ code, signal }));
      this.#child.once("error", failed);
    });
    this.#address = new Promise((found) => createInterface(this.#child.stdout).once("line", found));
    if (stderr === "pipe") createInterface(this.#child.stderr).on("line", (line) => this.#logged(line));
  }

  /** From now on the log of a host that was started with an unread one is read. */
  readLog() {
    createInterface(this.#child.stderr).on("line", (line) => this.#logged(line));
  }

  /** From now on nobody reads the log, and its pipe is closed. */
  closeLog() {
    this.#child.stderr.destroy();
  }

  async listening() {
    const refused = this.#exited.then(() => {
      throw new Error(`the host did not start:\n${this.#text()}`);
    });
    refused.catch(() => {});
    const line = await within(Promise.race([this.#address, refused]), "the host listens", START);
    const [, url] = line.match(/^listening on (http:\/\/\S+)$/) ?? assert.fail(`unexpected line on stdout: ${line}`);
    this.url = url;
    this.port = Number(new URL(url).port);
  }

  /** The node for the next client. */
  next() {
    return this.nodes[this.#opened++ % this.nodes.length];
  }

  get pid() {
    return this.#child.pid;
  }

  /** The first log line that fits; waits for it. */
  log(fits) {
    const found = this.lines.find(fits);
    if (found) return Promise.resolve(found);
    const line = new Promise((resolve) => {
      const watcher = (line) => {
        if (!fits(line)) return;
        this.#watchers.delete(watcher);
        resolve(line);
      };
      this.#watchers.add(watcher);
    });
    return within(line, `a log line that fits ${fits}; there is:\n${this.#text()}`);
  }

  /** What the host says it holds now, and its counters so far. */
  status() {
    const told = this.lines.length;
    // Not the child's own `kill`, after which it counts as told to stop.
    process.kill(this.pid, "SIGUSR1");
    return this.log((line) => line.message === "status" && this.lines.indexOf(line, told) >= 0);
  }

  /** Bytes of memory that the process has now. */
  async memory() {
    const status = await readFile(`/proc/${this.pid}/status`, "utf8");
    return Number(status.match(/^VmRSS:\s+(\d+) kB$/m)[1]) * 1024;
  }

  signal(name) {
    this.#child.kill(name);
  }

  /** How the process ended: `{code, signal}`. */
  exited() {
    return within(this.#exited, "the host exits");
  }

  /** Stops it in order, if it still runs and was not told to stop, and returns its counters. */
  async stop() {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      if (!this.#child.killed) this.signal("SIGTERM");
      try {
        assert.deepEqual(await this.exited(), { code: 0, signal: null }, this.#text());
      } finally {
        this.signal("SIGKILL");
      }
    }
    return this.lines.find((line) => line.message === "counters");
  }

  #logged(text) {
    if (process.env.HOST_TEST_LOG) console.error(text);
    let line;
    try {
      line = JSON.parse(text);
    } catch {
      line = { message: text };
    }
    this.#take(line);
    this.#first?.#take(line);
  }

  #take(line) {
    this.lines.push(line);
    for (const watcher of [...this.#watchers]) watcher(line);
  }

  #text() {
    return this.lines.map((line) => JSON.stringify(line)).join("\n");
  }
}
