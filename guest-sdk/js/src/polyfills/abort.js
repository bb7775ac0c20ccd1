// abortcontroller-polyfill, which has `AbortSignal.timeout` and `AbortSignal.any` too.
import { AbortController, AbortSignal } from "abortcontroller-polyfill/dist/cjs-ponyfill.js";

import { define } from "./define.js";

define("AbortController", AbortController);
define("AbortSignal", AbortSignal);
