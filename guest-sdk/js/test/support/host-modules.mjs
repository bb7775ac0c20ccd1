/** Lets Node load the runtime: in place of the host's modules it gets ones whose functions do nothing. */

import { register } from "node:module";

const hooks = `
const names = ["emit", "emitWithAck", "fetchSockets", "socketsJoin", "socketsLeave", "disconnectSockets", "data", "setData", "waitFor", "now"];
const source = names.map((name) => "export const " + name + " = () => {};").join("");
const isHosts = (url) => /^(realtime|wasi|late):/.test(url);
export const resolve = (url, context, next) => (isHosts(url) ? { url, shortCircuit: true } : next(url, context));
export const load = (url, context, next) => (isHosts(url) ? { format: "module", source, shortCircuit: true } : next(url, context));
`;

register(`data:text/javascript,${encodeURIComponent(hooks)}`);
