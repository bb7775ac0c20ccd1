/**
 * A Redis of the test's own, on a free port of the loopback interface, and with a folder of its own.
 *
 * `cargo xtask test` installs `redis-server`. `HOST_TEST_REDIS` names another program, such as `valkey-server`.
 */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { within } from "./wait.mjs";

const { HOST_TEST_REDIS: SERVER = "redis-server" } = process.env;
/** How often another port is tried, if somebody else has taken the one that was free. */
const TRIES = 5;

/**
 * Starts one, and stops it after the test; `t` is a test, or anything with its `after`. `flags` are those of `redis-server`,
 * where `PORT` stands for its port; by default it keeps nothing on disk.
 */
export async function startRedis(t, ...flags) {
  const redis = new Redis(flags);
  t.after(() => redis.end());
  for (let left = TRIES; ; left--) {
    redis.port = await freePort();
    try {
      await redis.start();
      return redis;
    } catch (error) {
      if (left === 1 || !/address already in use/i.test(String(error))) throw error;
    }
  }
}

class Redis {
  #dir = mkdtempSync(join(tmpdir(), "redis-"));
  #flags;
  #child;
  #exited;

  constructor(flags) {
    this.#flags = flags;
  }

  get url() {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it again, on the same port, with what it had kept on disk. */
  async start() {
    const own = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.#dir, "--save", ""];
    const flags = this.#flags.map((flag) => (flag === "PORT" ? String(this.port) : flag));
    this.#child = spawn(SERVER, [...own, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
    const said = [];
    this.#exited = new Promise((resolve, reject) => {
      this.#child.once("close", resolve);
      this.#child.once("error", (error) => {
        const missing = `${SERVER} is missing: run \`apt-get install redis-server\`, or \`cargo xtask test\`, which does`;
        reject(error.code === "ENOENT" ? new Error(missing) : error);
      });
    });
    const ready = new Promise((resolve) => {
      createInterface(this.#child.stdout).on("line", (line) => {
        said.push(line);
        if (/Ready to accept connections/.test(line)) resolve();
      });
    });
    const refused = this.#exited.then(() => {
      throw new Error(`${SERVER} did not start:\n${said.join("\n")}`);
    });
    refused.catch(() => {});
    await within(Promise.race([ready, refused]), `${SERVER} is ready`);
  }

  /** Ends the process, in order or not. */
  async stop(signal = "SIGTERM") {
    this.#child.kill(signal);
    await within(this.#exited, `${SERVER} ends`);
  }

  /** Takes the processor away from it: it answers nobody, but connections stay. */
  pause() {
    this.#child.kill("SIGSTOP");
  }

  resume() {
    this.#child.kill("SIGCONT");
  }

  async end() {
    this.#child?.kill("SIGKILL");
    await this.#exited?.catch(() => {});
    rmSync(this.#dir, { recursive: true });
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
