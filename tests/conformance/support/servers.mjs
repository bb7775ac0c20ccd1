/** Pairs of servers with the same settings. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { startHost } from "../../e2e/support/host.mjs";
import { within } from "../../e2e/support/wait.mjs";

const REFERENCE = fileURLToPath(new URL("reference.mjs", import.meta.url));

const COMPONENTS = ["probe", "/=nameless", "/other=nameless", "wildcard"];

/** Settings by name: the host's flags and the reference server's options. */
export const SETTINGS = {
  default: settings({}),
  small: settings({ payload: 300 }),
  pings: settings({ interval: 400, timeout: 600 }),
  impatient: settings({ upgrade: 300, connect: 700 }),
  recovery: settings({ recovery: 60_000 }),
  anyOrigin: settings({ origins: ["*"] }),
  oneOrigin: settings({ origins: ["http://a.test"] }),
  twoOrigins: settings({ origins: ["http://a.test", "http://b.test"] }),
};

function settings({
  payload = 1_000_000,
  interval = 25_000,
  timeout = 20_000,
  upgrade = 10_000,
  connect = 45_000,
  recovery,
  origins = [],
}) {
  return {
    flags: [
      ...["--max-payload", `${payload}`, "--ping-interval", `${interval}ms`, "--ping-timeout", `${timeout}ms`],
      ...["--upgrade-timeout", `${upgrade}ms`, "--connect-timeout", `${connect}ms`],
      ...(recovery ? ["--recovery", `${recovery}ms`] : []),
      ...origins.flatMap((origin) => ["--cors-origin", origin]),
    ],
    options: {
      ...{ maxHttpBufferSize: payload, pingInterval: interval, pingTimeout: timeout },
      ...{ upgradeTimeout: upgrade, connectTimeout: connect },
      connectionStateRecovery: recovery && { maxDisconnectionDuration: recovery },
      cors: cors(origins),
    },
  };
}

/** The host lets origins that are named send cookies. */
function cors(origins) {
  if (origins.length === 0) return undefined;
  return origins[0] === "*" ? { origin: "*" } : { origin: origins, credentials: true };
}

/** Starts both servers with settings of that name. */
export async function startPair(t, name) {
  const { flags, options } = SETTINGS[name];
  const [reference, host] = await Promise.all([
    startReference(t, options),
    startHost(t, { components: COMPONENTS, flags }),
  ]);
  return { reference, host };
}

async function startReference(t, options) {
  const child = spawn(process.execPath, [REFERENCE, JSON.stringify(options)], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const [port] = await within(once(createInterface(child.stdout), "line"), "the reference server listens");
  return { port: Number(port) };
}
