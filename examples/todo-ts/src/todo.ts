/**
 * To-do lists: every user has one, all devices of a user see it change, and it is kept in the key-value store.
 *
 * A list is one value. `kv.update` replaces it, so that two devices that change it at once lose nothing. What clients send is
 * checked by zod before anything else sees it.
 */

import { z } from "zod";

const MOST_TODOS = 500;

const Title = z.string().trim().min(1).max(200);
const NewTodo = z.strictObject({ title: Title });
const Change = z.strictObject({ id: z.uuid(), title: Title.optional(), done: z.boolean().optional() });
const Id = z.uuid();

interface Todo {
  id: string;
  title: string;
  done: boolean;
}

/** What an acknowledgement says: the result, or what is wrong with the request. */
type Answer<T> = { data: T } | { error: string; details?: string[] };

interface ClientEvents {
  "todo:list": (answer: (answer: Answer<Todo[]>) => void) => void;
  "todo:create": (todo: unknown, answer: (answer: Answer<Todo>) => void) => void;
  "todo:update": (change: unknown, answer: (answer: Answer<Todo>) => void) => void;
  "todo:delete": (id: unknown, answer: (answer: Answer<Todo>) => void) => void;
}

/** To the user's other devices. */
interface ServerEvents {
  "todo:created": (todo: Todo) => void;
  "todo:updated": (todo: Todo) => void;
  "todo:deleted": (todo: Todo) => void;
}

const ns = new RealtimeNamespace<ClientEvents, ServerEvents, { userId: string }>("/todo");

/** A request that cannot be carried out, in words for the client. */
class Refusal extends Error {}

const listOf = (userId: string) => `todos:${userId}`;
const devicesOf = (userId: string) => `user:${userId}`;

/** What `work` returns, or why the client's request is refused. Other errors are the handler's own. */
async function answered<T>(work: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { data: await work() };
  } catch (error) {
    if (error instanceof Refusal) return { error: error.message };
    if (!(error instanceof z.ZodError)) throw error;
    const details = error.issues.map(({ path, message }) => (path.length > 0 ? `${path.join(".")}: ${message}` : message));
    return { error: "invalid", details };
  }
}

/** Replaces the user's list by one in which a to-do is new, changed or gone, and returns that to-do. */
async function changeList(change: (todos: Todo[]) => { todos: Todo[]; todo: Todo }): Promise<Todo> {
  let changed!: Todo;
  await kv.update<Todo[]>(listOf(ns.socket.data.userId), (old) => {
    const { todos, todo } = change(old ?? []);
    changed = todo;
    return todos;
  });
  return changed;
}

function found(todos: Todo[], id: string): Todo {
  const todo = todos.find((todo) => todo.id === id);
  if (todo === undefined) throw new Refusal("there is no such to-do");
  return todo;
}

const others = () => ns.socket.to(devicesOf(ns.socket.data.userId));

ns.socket.on("$connect", () => {
  const { userId } = ns.socket.handshake.auth;
  // A real application checks a token here.
  if (typeof userId !== "string" || userId === "") throw new ConnectError("who are you?", { missing: "auth.userId" });
  ns.socket.data.userId = userId;
  ns.socket.join(devicesOf(userId));
});

// What a handler returns acknowledges the event.
ns.socket.on("todo:list", () => answered(async () => (await kv.get<Todo[]>(listOf(ns.socket.data.userId))) ?? []));

ns.socket.on("todo:create", (request) =>
  answered(async () => {
    const todo = { id: crypto.randomUUID(), ...NewTodo.parse(request), done: false };
    await changeList((todos) => {
      if (todos.length >= MOST_TODOS) throw new Refusal(`a list has ${MOST_TODOS} to-dos at most`);
      return { todos: [...todos, todo], todo };
    });
    others().emit("todo:created", todo);
    return todo;
  }),
);

ns.socket.on("todo:update", (request) =>
  answered(async () => {
    const { id, ...changes } = Change.parse(request);
    const todo = await changeList((todos) => ({ todos, todo: Object.assign(found(todos, id), changes) }));
    others().emit("todo:updated", todo);
    return todo;
  }),
);

ns.socket.on("todo:delete", (request) =>
  answered(async () => {
    const id = Id.parse(request);
    const deleted = await changeList((todos) => {
      const todo = found(todos, id);
      return { todos: todos.filter((other) => other !== todo), todo };
    });
    others().emit("todo:deleted", deleted);
    return deleted;
  }),
);

export default ns;
