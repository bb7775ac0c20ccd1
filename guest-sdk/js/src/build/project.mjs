/** Finds a handler's file and the project around it. */

import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { BuildError } from "./errors.mjs";

/** Names of a folder's handler if its `package.json` has no `main`. */
const NAMES = ["index", "handler", "src/index", "src/handler"];
const SUFFIXES = [".ts", ".mts", ".js", ".mjs", ".cjs"];

/**
 * The handler's file, which is `source` itself, or a file in it if `source` is a folder; and the paths where it was looked
 * for before, from which on it would be another.
 */
export function handlerOf(source) {
  const path = resolve(source);
  if (!existsSync(path)) throw new BuildError(`there is no file ${source}`);
  return statSync(path).isDirectory() ? entryOf(path, source) : { file: path, lookedFor: [] };
}

function entryOf(folder, shown) {
  const { main } = manifest(folder);
  const names = main === undefined ? NAMES.flatMap(named) : mains(main);
  const files = names.map((name) => join(folder, name));
  const index = files.findIndex(isFile);
  if (index >= 0) return { file: files[index], lookedFor: [join(folder, "package.json"), ...files.slice(0, index)] };
  if (main !== undefined) throw new BuildError(`"main" in ${shown}/package.json is ${main}, which does not exist`);
  const hint = 'give the file, or set "main": "FILE" in package.json';
  throw new BuildError(`it is not clear which file of ${shown} is the handler`, { hint });
}

const named = (name) => SUFFIXES.map((suffix) => name + suffix);

/** What "main" may mean: a file, also without its extension, or a folder with an index. */
function mains(main) {
  if (typeof main !== "string") throw new BuildError(`"main" in package.json is ${JSON.stringify(main)}, and not a path`);
  return [main, ...named(main), ...named(join(main, "index"))];
}

function manifest(folder) {
  const file = join(folder, "package.json");
  if (!isFile(file)) return {};
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new BuildError(`cannot read ${file}: ${error.message}`);
  }
}

function isFile(path) {
  return existsSync(path) && statSync(path).isFile();
}

/** The folder that paths in stack traces are relative to: that of the package, else that of the file. */
export function projectOf(file) {
  for (let dir = dirname(file); dir !== dirname(dir); dir = dirname(dir)) {
    if (isFile(join(dir, "package.json"))) return dir;
  }
  return dirname(file);
}
