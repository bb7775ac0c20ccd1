// @exodus/bytes: the Encoding Standard, as in jsdom. `lite` leaves out the tables of legacy multi-byte encodings.
import { TextDecoder, TextEncoder } from "@exodus/bytes/encoding-lite.js";

import { define } from "./define.js";

define("TextDecoder", TextDecoder);
define("TextEncoder", TextEncoder);
