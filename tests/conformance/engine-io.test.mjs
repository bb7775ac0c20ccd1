/** Engine.IO as the reference server speaks it. */

import { ENGINE_IO } from "./cases/all.mjs";
import { conform } from "./support/conform.mjs";

ENGINE_IO.forEach(conform);
