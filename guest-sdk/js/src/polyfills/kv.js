// The key-value store of the namespace, for handlers that name it.
import { kv } from "../runtime/kv/store.js";
import { define } from "./define.js";

define("kv", kv);
