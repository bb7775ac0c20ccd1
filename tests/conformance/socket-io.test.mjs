/** Socket.IO as the reference server speaks it. */

import { SOCKET_IO } from "./cases/all.mjs";
import { conform } from "./support/conform.mjs";

SOCKET_IO.forEach(conform);
