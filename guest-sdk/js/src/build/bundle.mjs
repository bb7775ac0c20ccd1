/** Bundles a handler, everything that it imports, and the SDK into one JavaScript file. */

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { isBuiltin, replacement, unavailable } from "./builtins.mjs";
import { BuildError } from "./errors.mjs";
import { Inputs } from "./inputs.mjs";
import { instrumented } from "./instrument.mjs";
import { ENTRY, handlersMap } from "./map.mjs";
import { adviceFor, noServers, ownerOf, packageOf } from "./packages.mjs";
import { marks, needed } from "./polyfills.mjs";
import { projectOf } from "./project.mjs";
import { warningsOf } from "./warnings.mjs";

const SDK = fileURLToPath(new URL("../..", import.meta.url));
const RUNTIME = join(SDK, "src/runtime");
const PROCESS = join(SDK, "src/polyfills/process.js");
const ERROR_NAMES = join(SDK, "src/polyfills/error-names.js");
const ENVIRONMENT = join(SDK, "src/polyfills/environment.js");

/** The exports that the worlds of each engine ask for. */
const EXPORTS = {
  quickjs: { events: "asyncEventHandler", schedules: "asyncScheduled" },
  starlingmonkey: { events: "eventHandler", schedules: "scheduled" },
};

/**
 * Bundles the handler in `file`, which was found after `lookedFor`. Returns code, source map, what it uses that not every
 * component has, warnings, and what it depends on.
 */
export async function bundle({ file, lookedFor }, { engine }) {
  const root = projectOf(file);
  const inputs = new Inputs(SDK);
  inputs.add(...lookedFor);
  const options = optionsFor(root);
  const handler = JSON.stringify(file);
  try {
    const marked = await build({
      ...options,
      stdin: { contents: `export * as handler from ${handler}`, resolveDir: root },
      define: { ...options.define, ...marks },
    });
    const { polyfills, uses } = needed(marked.outputFiles[0].text, engine);
    const { outputFiles, metafile } = await build({
      ...options,
      stdin: { contents: entrySource(handler, engine, { polyfills, uses }), resolveDir: root, sourcefile: ENTRY },
      plugins: [inputs.plugin, ...options.plugins],
      metafile: true,
      sourcemap: "external",
      sourcesContent: false,
    });
    const text = (suffix) => outputFiles.find(({ path }) => path.endsWith(suffix)).text;
    const { code, moved } = instrumented(text(".js"));
    const map = handlersMap(JSON.parse(text(".map")), root, moved);
    const warnings = [...marked.warnings.map(located), ...warningsOf(code, map, engine)];
    return { code, map, uses, warnings, inputs: inputs.list(metafile, root) };
  } catch (error) {
    throw error.errors ? buildErrorOf(error.errors) : error;
  }
}

function optionsFor(root) {
  return {
    absWorkingDir: root,
    outfile: join(root, "bundle.js"),
    bundle: true,
    write: false,
    format: "esm",
    // So that packages use their variant without Node's modules, if they have one.
    platform: "browser",
    conditions: ["worker", "browser"],
    mainFields: ["browser", "module", "main"],
    target: "es2022",
    external: ["realtime:*", "wasi:*", "late:*"],
    define: { "process.env.NODE_ENV": '"production"' },
    // Saves memory in each instance. Names are kept, for stack traces.
    minifySyntax: true,
    minifyWhitespace: true,
    charset: "utf8",
    legalComments: "none",
    logLevel: "silent",
    plugins: [noServers, nodeBuiltins, bareEngine],
  };
}

/** The module that the bundle starts with. */
function entrySource(handler, engine, { polyfills, uses }) {
  const sdk = (name) => JSON.stringify(join(RUNTIME, name));
  const reads = polyfills.includes(PROCESS);
  const schedules = uses.includes("schedules");
  return `${engine === "quickjs" ? `import ${JSON.stringify(ERROR_NAMES)};` : ""}
import ${sdk(`globals.${engine}.js`)};
${polyfills.map((path) => `import ${JSON.stringify(path)};`).join("\n")}
import { settle } from ${sdk("heap.js")};
import { serve } from ${sdk("serve.js")};
${reads ? `import { checkReads } from ${JSON.stringify(ENVIRONMENT)};` : ""}
${schedules ? `import { serveSchedules } from ${sdk("scheduled.js")};` : ""}
import * as handler from ${handler};
export const ${EXPORTS[engine].events} = serve(handler);
${schedules ? `export const ${EXPORTS[engine].schedules} = serveSchedules(handler);` : ""}
${reads ? "checkReads();" : ""}
settle();
`;
}

const nodeBuiltins = {
  name: "node-builtins",
  setup({ onResolve }) {
    onResolve({ filter: /^[a-z]/ }, ({ path }) => {
      const file = isBuiltin(path) ? replacement(path) : undefined;
      // The others fail in esbuild, which allows that for a `require` inside `try`.
      return file && { path: file };
    });
  },
};

/** `@exodus/bytes` has files for engines without a `TextDecoder`: `*.native.js`, meant for React Native. */
const bareEngine = {
  name: "bare-engine",
  setup({ onResolve }) {
    onResolve({ filter: /\.js$/ }, ({ path, resolveDir }) => {
      const [folder] = /^.*@exodus[/\\]bytes/.exec(resolveDir) ?? [];
      if (folder === undefined) return undefined;
      const file = path.startsWith(".") ? resolve(resolveDir, path) : path.replace("@exodus/bytes", folder);
      const native = file.replace(/\.js$/, ".native.js");
      return existsSync(native) ? { path: native } : undefined;
    });
  },
};

function buildErrorOf(errors) {
  const hints = new Set();
  const texts = errors.map((error) => {
    const [, path] = /^Could not resolve "(.+)"$/.exec(error.text) ?? [];
    if (path === undefined) {
      if (error.detail?.hint) hints.add(error.detail.hint);
      return located(error);
    }
    const { why, hint } = isBuiltin(path) ? unavailable(path) : notFound(path);
    hints.add(adviceFor(ownerOf(error.location?.file ?? "")) ?? hint);
    return located({ ...error, text: `imports \`${path}\`, ${why}` });
  });
  return new BuildError(texts.join("\n"), { hint: [...hints].join("\n") || undefined });
}

function notFound(path) {
  if (/^[./]/.test(path)) return { why: "which does not exist", hint: `check the path \`${path}\`` };
  const name = packageOf(path);
  return { why: "which is not installed", hint: adviceFor(name) ?? `npm install ${name}` };
}

function located({ text, location }) {
  if (!location) return text;
  return `${location.file}:${location.line}:${location.column + 1}: ${text}\n    ${location.lineText.trim()}`;
}
