// First: whatwg-fetch looks for `URLSearchParams` while it is loaded.
import "./url.js";
import { Headers, Request, Response } from "../runtime/bodies.js";
import { fetch } from "../runtime/fetch.js";
import { define } from "./define.js";

define("fetch", fetch);
define("Headers", Headers);
define("Request", Request);
define("Response", Response);
