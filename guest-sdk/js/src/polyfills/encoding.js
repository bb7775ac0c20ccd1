// @exodus/bytes: the Encoding Standard, as jsdom uses it; `lite` leaves out the legacy tables of several bytes.
import { TextDecoder, TextEncoder } from "@exodus/bytes/encoding-lite.js";

import { define } from "./define.js";

define("TextDecoder", TextDecoder);
define("TextEncoder", TextEncoder);
