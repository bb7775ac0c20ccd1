/** Clients on several nodes. */

import { connect } from "../../e2e/support/clients.mjs";

/** Four clients and their rooms; `ann` is the sender, `dan` is in none. */
const ROOMS = { ann: ["red"], bea: ["red", "blue"], cem: ["blue"], dan: [] };

/** The four, each on the node of its place; there may be fewer nodes. */
export async function crowd(t, nodes) {
  const clients = {};
  for (const [index, [name, rooms]] of Object.entries(ROOMS).entries()) {
    clients[name] = await connect(t, nodes[index % nodes.length], "/probe", { auth: { name, quiet: true } });
    if (rooms.length > 0) await clients[name].ask("join", rooms);
  }
  return clients;
}

/**
 * Who got the event, by name, as often as they did. Everybody's next event from the same sender is waited for, so that none
 * can still be under way: what one node says arrives in its order.
 */
export async function recipients(clients, event) {
  await clients.ann.ask("op", { from: "ns", event: "fence" });
  await Promise.all(Object.values(clients).map((client) => client.next("fence")));
  return Object.entries(clients).flatMap(([name, client]) => client.all(event).map(() => name));
}
