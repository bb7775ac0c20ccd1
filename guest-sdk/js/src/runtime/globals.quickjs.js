/** The expected globals that QuickJS lacks, except for those that are bundled only if the handler uses them. */

import { waitFor } from "wasi:clocks/monotonic-clock@0.3.0";

import { define } from "../polyfills/define.js";
import { console } from "./console.js";
import { setHostTurn } from "./ending.js";
import { ConnectError } from "./errors.js";
import { RealtimeNamespace } from "./namespace.js";
import { queueMicrotask, reportError } from "./pending.js";
import { performance } from "./performance.js";
import { install } from "./promises.js";
import { crypto, random } from "./random.js";
import { install as installStacks } from "./stack.js";
import * as timers from "./timers.js";

const globals = { RealtimeNamespace, ConnectError, console, crypto, performance, queueMicrotask, reportError, ...timers };
for (const [name, value] of Object.entries(globals)) define(name, value);
for (const name of ["global", "self"]) define(name, globalThis);
Math.random = random;
install(define);
installStacks();
setHostTurn(() => waitFor(1));
