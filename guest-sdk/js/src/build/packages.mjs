/** What is known about packages that do not work in a handler: what to do instead. */

/** The name of the package that an import names. */
export function packageOf(path) {
  return path.split("/").slice(0, path.startsWith("@") ? 2 : 1).join("/");
}

/** The package that a file belongs to; undefined for a file of the project. */
export function ownerOf(file) {
  const [, inside] = /^.*\bnode_modules[/\\](.+)$/.exec(file) ?? [];
  return inside && packageOf(inside.replaceAll("\\", "/"));
}

const SERVER = "which is a server: a handler needs none, as the host is the server";
const SERVERS = {
  "socket.io": "`RealtimeNamespace` is a global: `const ns = new RealtimeNamespace('/chat')`, handlers with `ns.socket.on`",
};
for (const name of ["engine.io", "ws", "uWebSockets.js"]) SERVERS[name] = "clients connect to the host: `host run FILE`";
for (const name of ["express", "fastify", "koa", "hono", "@hapi/hapi", "cors"]) {
  SERVERS[name] = "`host run --static DIR` serves files; other requests are not for handlers in JavaScript";
}

const TOKENS = "with QuickJS, tokens can be checked with `@noble/hashes` (HS256 is its `hmac` with `sha256`)";
/** Packages that need parts of Node that there are not. */
const ADVICE = {
  jsonwebtoken: TOKENS,
  jws: TOKENS,
  jwa: TOKENS,
  jose: TOKENS,
  ioredis: "there are no connections: use a database that has an API over HTTP, with `fetch`",
  redis: "there are no connections: use a database that has an API over HTTP, with `fetch`",
  pg: "there are no connections: use a database that has an API over HTTP, with `fetch`",
  mysql2: "there are no connections: use a database that has an API over HTTP, with `fetch`",
  mongodb: "there are no connections: use a database that has an API over HTTP, with `fetch`",
  dotenv: "give the variables with `host run --env NAME=VALUE`, and read `process.env` in handlers",
};

/** The hint for a package that does not work; undefined if nothing is known about it. */
export function adviceFor(name) {
  return name === undefined || !Object.hasOwn(ADVICE, name) ? undefined : ADVICE[name];
}

/** Refuses a server where it is imported: what it imports itself would only mislead. */
export const noServers = {
  name: "no-servers",
  setup({ onResolve }) {
    onResolve({ filter: /^[@\w]/ }, ({ path, importer }) => {
      const name = packageOf(path);
      if (!Object.hasOwn(SERVERS, name) || ownerOf(importer) !== undefined) return undefined;
      return { errors: [{ text: `imports \`${path}\`, ${SERVER}`, detail: { hint: SERVERS[name] } }] };
    });
  },
};
