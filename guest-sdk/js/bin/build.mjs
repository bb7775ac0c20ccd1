#!/usr/bin/env node
/** The command line of the build; `host build` calls it. */

import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";

import { EXIT } from "../src/build/errors.mjs";

const USAGE = `usage: realtime-build HANDLER -o FILE.wasm [--engine ENGINE] [--inputs FILE]

  HANDLER             a file of JavaScript or TypeScript that exports a RealtimeNamespace, or an npm project: the
                      "main" of its package.json, else index.ts, index.js, handler.ts …, here or in src
  -o, --output FILE   where the component goes
  --engine ENGINE     quickjs (the default), or starlingmonkey for its own web APIs; it is larger and slower
  --inputs FILE       write which files the component was made of, a path a line

exit codes: 0 built, 1 the handler cannot be built, 2 wrong usage, 3 something is not installed
`;

function usage(message) {
  process.stderr.write(message === undefined ? USAGE : `error: ${message}\n\n${USAGE}`);
  process.exit(EXIT.usage);
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        output: { type: "string", short: "o" },
        engine: { type: "string", default: "quickjs" },
        inputs: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    return usage(error.message);
  }
}

/** The builder, which cannot be loaded before `npm ci`. */
async function builder() {
  try {
    return await import("../src/build/index.mjs");
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    process.stderr.write(`error: ${error.message}\n  hint: in the SDK's folder: npm ci\n`);
    return process.exit(EXIT.missing);
  }
}

const { values, positionals } = parse();
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
if (positionals.length !== 1) usage("name one file");
if (values.output === undefined) usage("name the output with `-o`");

const { buildHandler, BuildError, engines } = await builder();
if (!engines.includes(values.engine)) usage(`the engine is one of: ${engines.join(", ")}`);
try {
  const { component, warnings, inputs } = await buildHandler(positionals[0], values);
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  await writeFile(values.output, component);
  if (values.inputs) await writeFile(values.inputs, inputs.map((path) => `${path}\n`).join(""));
} catch (error) {
  if (!(error instanceof BuildError) && error.syscall === undefined) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  for (const hint of error.hint?.split("\n") ?? []) process.stderr.write(`  hint: ${hint}\n`);
  process.exit(error.exit ?? EXIT.handler);
}
