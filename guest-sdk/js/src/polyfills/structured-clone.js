// core-js, which supports every type of the language, including binary ones.
import structuredClone from "core-js-pure/actual/structured-clone.js";

import { define } from "./define.js";

define("structuredClone", structuredClone);
