// event-target-shim: the DOM Standard's events, as packages that were written for browsers and workers expect them.
import { Event, EventTarget } from "event-target-shim";

import { define } from "./define.js";

class CustomEvent extends Event {
  #detail;

  constructor(type, init) {
    super(type, init);
    this.#detail = init?.detail ?? null;
  }

  get detail() {
    return this.#detail;
  }
}

define("Event", Event);
define("EventTarget", EventTarget);
define("CustomEvent", CustomEvent);
