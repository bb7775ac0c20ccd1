/** StarlingMonkey has most of the globals that people expect. */

import { define } from "../polyfills/define.js";
import { console } from "./console.js";
import { ConnectError } from "./errors.js";
import { fetch } from "./fetch.js";
import { RealtimeNamespace } from "./namespace.js";

const globals = { RealtimeNamespace, ConnectError, console, fetch };
for (const [name, value] of Object.entries(globals)) define(name, value);
globalThis.global = globalThis;
