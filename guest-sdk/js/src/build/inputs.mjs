/**
 * What a bundle depends on: the files that were read, those that were looked for and are not there (one that comes later
 * may be found first), the folders in which an import matches names, and the files that configure all this.
 *
 * esbuild tells what it read, not where it looked. So this repeats where it looks, and rather lists too much.
 */

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";

/** In esbuild's order. */
const EXTENSIONS = [".tsx", ".ts", ".jsx", ".js", ".css", ".json"];
/** TypeScript's, which may stand behind the name of what it is compiled to. */
const SOURCES = { ".js": [".ts", ".tsx"], ".jsx": [".ts", ".tsx"], ".mjs": [".mts"], ".cjs": [".cts"] };
const CONFIGURATIONS = ["tsconfig.json", "jsconfig.json"];
const PLUG_AND_PLAY = [".pnp.cjs", ".pnp.js", ".pnp.data.json"];

export class Inputs {
  #paths = new Set();
  #imports = [];
  #configured = new Map();
  #sdk;

  /** `sdk` is the folder whose files are none of the project's. */
  constructor(sdk) {
    this.#sdk = sdk;
  }

  /** Notes every import of a bundle. */
  plugin = {
    name: "inputs",
    setup: ({ onResolve }) => {
      onResolve({ filter: /./ }, ({ path, resolveDir }) => void this.#imports.push({ path, resolveDir }));
    },
  };

  /** A file that is read, or would be if it were there. */
  add(...paths) {
    for (const path of paths) if (!path.startsWith(this.#sdk)) this.#paths.add(path);
  }

  /** The paths, once the bundle is made: files, and folders whose names matter, which end with a slash. */
  list(metafile, root) {
    for (const [name, { imports }] of Object.entries(metafile.inputs)) {
      const file = resolve(root, name);
      if (!existsSync(file) || file.startsWith(this.#sdk)) continue;
      this.add(file);
      this.#settings(dirname(file));
      for (const { path, external } of imports) if (external && path.includes("*")) this.#glob(dirname(file), path);
    }
    for (const { path, resolveDir } of this.#imports) {
      if (!resolveDir.startsWith(this.#sdk)) this.#lookedFor(path, resolveDir);
    }
    for (const folder of upwards(root)) this.add(...PLUG_AND_PLAY.map((name) => join(folder, name)));
    return [...this.#paths].sort();
  }

  /** The files in and above a folder that say how its code is bundled. */
  #settings(folder) {
    const inPackage = folder.includes(`${sep}node_modules${sep}`);
    let typed = inPackage;
    for (const dir of upwards(folder)) {
      const manifest = join(dir, "package.json");
      this.add(manifest);
      if (!typed) {
        const files = CONFIGURATIONS.map((name) => join(dir, name));
        this.add(...files);
        const file = files.find(existsSync);
        if (file) this.#configuration(file);
        typed = file !== undefined;
      }
      // A package ends where it is installed, whatever manifests are in its folders.
      if (inPackage ? /[/\\]node_modules([/\\]@[^/\\]+)?$/.test(dirname(dir)) : typed && existsSync(manifest)) return;
    }
  }

  /** A tsconfig.json and those that it extends; returns the functions that tell where it has paths looked for. */
  #configuration(file) {
    if (this.#configured.has(file)) return this.#configured.get(file);
    this.add(file);
    const places = [];
    this.#configured.set(file, places);
    const { extends: parents = [], compilerOptions } = parsed(file);
    for (const parent of [parents].flat().filter((parent) => typeof parent === "string")) {
      const found = this.#parent(parent, dirname(file));
      if (found) places.push(...this.#configuration(found));
    }
    const { baseUrl, paths } = compilerOptions ?? {};
    const base = resolve(dirname(file), typeof baseUrl === "string" ? baseUrl : ".");
    if (typeof baseUrl === "string") places.push((path) => [join(base, path)]);
    for (const [pattern, targets] of Object.entries(paths ?? {})) places.push((path) => mapped(path, pattern, targets, base));
    return places;
  }

  /** The file that a tsconfig.json extends. */
  #parent(name, folder) {
    const candidates = (path) => [path, `${path}.json`, join(path, "tsconfig.json")];
    const relative = /^[./]/.test(name) || /^[a-z]:/i.test(name);
    const places = relative ? [resolve(folder, name)] : upwards(folder).map((dir) => join(dir, "node_modules", name));
    const files = places.flatMap(candidates);
    const index = files.findIndex(isFile);
    this.add(...files.slice(0, index < 0 ? files.length : index));
    return files[index];
  }

  #lookedFor(path, folder) {
    if (/^(\.\.?$|\.\.?[/\\]|[/\\]|[a-z]:)/i.test(path)) return this.#candidates(resolve(folder, path));
    if (path.startsWith("#")) return undefined;
    for (const place of this.#configured.values()) {
      for (const target of place.flatMap((where) => where(path))) this.#candidates(target);
    }
    return this.#package(path, folder);
  }

  /** The files that a path without its extension may mean, or the files of the folder that it is. */
  #candidates(path) {
    const extension = /\.\w+$/.exec(path)?.[0];
    const sources = (SOURCES[extension] ?? []).map((source) => path.slice(0, -extension.length) + source);
    const files = [...["", ...EXTENSIONS].map((end) => path + end), ...sources];
    const index = EXTENSIONS.map((end) => join(path, `index${end}`));
    const places = [...files, join(path, "package.json"), ...index];
    // What comes after the first file does not matter while that is there.
    const found = places.findIndex((place) => !place.endsWith("package.json") && isFile(place));
    this.add(...(found < 0 ? places : places.slice(0, found)));
  }

  #package(path, folder) {
    const [name, inside] = /^(@[^/]+\/[^/]+|[^/]+)(?:\/(.*))?$/.exec(path)?.slice(1) ?? [];
    if (name === undefined) return;
    for (const dir of upwards(folder)) {
      const installed = join(dir, "node_modules", name);
      this.add(installed);
      if (!existsSync(installed)) continue;
      this.#candidates(inside ? join(installed, inside) : installed);
      const { main, module, browser } = parsed(join(installed, "package.json"));
      if (inside) return;
      for (const file of [main, module, browser]) if (typeof file === "string") this.#candidates(join(installed, file));
      return;
    }
  }

  /** The folders in which an import with a pattern (`./commands/` + name) finds its files. */
  #glob(folder, pattern) {
    const base = resolve(folder, pattern.slice(0, pattern.lastIndexOf("/", pattern.indexOf("*")) + 1));
    this.#listed(base, pattern.includes("**"));
  }

  #listed(folder, deep) {
    this.add(folder + sep);
    if (!deep || !existsSync(folder)) return;
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory() && entry.name !== "node_modules") this.#listed(join(folder, entry.name), deep);
    }
  }
}

/** A folder and those above it. */
function upwards(folder) {
  const all = [];
  for (let dir = folder; ; dir = dirname(dir)) {
    all.push(dir);
    if (dir === dirname(dir)) return all;
  }
}

/** Where a pattern of `paths` has a path looked for. */
function mapped(path, pattern, targets, base) {
  const [before, after] = pattern.split("*");
  const fits = after === undefined ? path === pattern : path.startsWith(before) && path.endsWith(after);
  if (!fits || !Array.isArray(targets)) return [];
  const star = after === undefined ? "" : path.slice(before.length, path.length - after.length);
  return targets.filter((target) => typeof target === "string").map((target) => resolve(base, target.replace("*", star)));
}

/** A file of JSON, with comments and trailing commas; empty if it cannot be read, which is for esbuild to say. */
function parsed(file) {
  try {
    const text = readFileSync(file, "utf8").replace(/^\uFEFF/, "");
    const plain = text.replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[^]*?\*\//g, "$1");
    return Object(JSON.parse(plain.replace(/("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])/g, "$1")));
  } catch {
    return {};
  }
}

function isFile(path) {
  return existsSync(path) && statSync(path).isFile();
}
