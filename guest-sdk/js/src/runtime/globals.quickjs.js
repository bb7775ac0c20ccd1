/** The expected globals that QuickJS lacks, except for those that are bundled only if the handler uses them. */

import { define } from "../polyfills/define.js";
import { console } from "./console.js";
import { ConnectError } from "./errors.js";
import { RealtimeNamespace } from "./namespace.js";
import { performance } from "./performance.js";
import { crypto, random } from "./random.js";
import * as timers from "./timers.js";

const globals = { RealtimeNamespace, ConnectError, console, crypto, performance, ...timers };
for (const [name, value] of Object.entries(globals)) define(name, value);
for (const name of ["global", "self"]) define(name, globalThis);
Math.random = random;
