// core-js: the URL Standard, without the large tables for host names that are not ASCII.
import URL from "core-js-pure/actual/url/index.js";
import URLSearchParams from "core-js-pure/actual/url-search-params/index.js";

import { define } from "./define.js";

define("URL", URL);
define("URLSearchParams", URLSearchParams);
