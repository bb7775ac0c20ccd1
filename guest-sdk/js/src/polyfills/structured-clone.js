// core-js: knows every type of the language, binary ones among them.
import structuredClone from "core-js-pure/actual/structured-clone.js";

import { define } from "./define.js";

define("structuredClone", structuredClone);
