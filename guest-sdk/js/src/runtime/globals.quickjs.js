/** What QuickJS lacks of the globals that people expect, but for what is brought only where it is used. */

import { define } from "../polyfills/define.js";
import { console } from "./console.js";
import { ConnectError } from "./errors.js";
import { RealtimeNamespace } from "./namespace.js";
import { performance } from "./performance.js";
import { crypto, random } from "./random.js";
import * as timers from "./timers.js";

const globals = { RealtimeNamespace, ConnectError, console, crypto, performance, ...timers };
for (const [name, value] of Object.entries(globals)) define(name, value);
define("global", globalThis);
Math.random = random;
