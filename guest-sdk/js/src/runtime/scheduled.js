/** The component's optional export: its schedules, and running one. In the bundle only where the handler has some. */

import { after, fulfilled, handOver, rejected } from "./promises.js";
import { Call, namespaceOf } from "./serve.js";

const NO_ARGUMENTS = { json: "[]", attachments: [] };

/** The contract's `scheduled` for the exports of a file. */
export function serveSchedules(exported) {
  const { ns, schedules } = namespaceOf(exported);
  const run = (name, due) => {
    try {
      // In StarlingMonkey it is a `BigInt`.
      return handOver(after(fulfilled(ran(ns, name, schedules.handlerOf(name), new Date(Number(due)))), () => undefined));
    } catch (error) {
      return handOver(rejected(error));
    }
  };
  return { schedules: () => schedules.describe(), run };
}

function ran(ns, name, handler, due) {
  if (handler === undefined) throw { tag: "failed", val: `there is no schedule \`${name}\`` };
  const call = new Call({ name, payload: NO_ARGUMENTS, wantsAck: false }, [handler], ns);
  call.args.push(due);
  return call.from(0);
}
