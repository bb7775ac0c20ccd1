// buffer: what browserify and webpack have always taken for Node's.
import { Buffer } from "buffer/index.js";

import { define } from "./define.js";

define("Buffer", Buffer);
