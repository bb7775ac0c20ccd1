// buffer, the package with which browserify and webpack replace Node's.
import { Buffer } from "buffer/index.js";

import { define } from "./define.js";

define("Buffer", Buffer);
