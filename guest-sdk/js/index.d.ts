/**
 * Types of the globals that a handler's file has without an import: `RealtimeNamespace`, `ConnectError` and `kv`.
 *
 * In TypeScript, `import type {} from "@realtime/guest-sdk"` (or `"types": ["@realtime/guest-sdk"]` in `tsconfig.json`)
 * declares them.
 */

/** The events of one direction, each with the function that handles it. */
export interface EventsMap {
  [event: string]: any;
}

/** Any event, with any arguments. */
export interface DefaultEventsMap {
  [event: string]: (...args: any[]) => any;
}

export type EventNames<Events extends EventsMap> = keyof Events & string;
export type EventParams<Events extends EventsMap, Event extends EventNames<Events>> = Parameters<Events[Event]>;

type Last<List extends any[]> = List extends [...any[], infer Item] ? Item : never;
type AllButLast<List extends any[]> = List extends [...infer Items, any] ? Items : [];
type FirstParam<Callback> = Callback extends (...args: infer Params) => any ? Params[0] : never;

/** The names of events that can be acknowledged: their last argument is a callback. */
export type EventNamesWithAck<Events extends EventsMap> = {
  [Event in EventNames<Events>]: Last<EventParams<Events, Event>> extends (...args: any[]) => any ? Event : never;
}[EventNames<Events>];

/** The arguments of `emitWithAck`: those of the event without the callback. */
export type ParamsWithoutAck<Events extends EventsMap, Event extends EventNames<Events>> = AllButLast<
  EventParams<Events, Event>
>;

/** The value that a client answers with. */
export type Answer<Events extends EventsMap, Event extends EventNames<Events>> = FirstParam<
  Last<EventParams<Events, Event>>
>;

/** The arguments of a handler. The callback is present only if the client waits for an answer. */
type ReceivedParams<Events extends EventsMap, Event extends EventNames<Events>> = EventParams<Events, Event>;

type ReservedHandler<This, Params extends any[]> = (this: This, ...args: Params) => unknown;

/** The data of the connection when the client joined the namespace. */
export interface Handshake<Auth = { [key: string]: any }> {
  /** Headers of the first request; names are lower-case. */
  headers: { [name: string]: string | undefined };
  /** The query of the first request. A repeated name has an array of values. */
  query: { [name: string]: any };
  /** The client's `auth`. */
  auth: Auth;
  /** The client's IP address. */
  address: string;
  /** When the client joined, in RFC 3339. */
  time: string;
  /** The same in milliseconds since 1970. */
  issued: number;
  /** Whether the connection is encrypted. */
  secure: boolean;
  /** Path and query of the first request. */
  url: string;
  /** Whether the first request came from another origin. */
  xdomain: boolean;
}

/** A selection of sockets. Immutable: `to`, `except` and the like return a new one. */
export interface BroadcastOperator<EmitEvents extends EventsMap = DefaultEventsMap, SocketData = any> {
  /** Adds one or several rooms. A socket in any of the rooms is selected. */
  to(room: string | string[]): BroadcastOperator<EmitEvents, SocketData>;
  /** Alias of `to`. */
  in(room: string | string[]): BroadcastOperator<EmitEvents, SocketData>;
  /** Excludes the sockets in one or several rooms. */
  except(room: string | string[]): BroadcastOperator<EmitEvents, SocketData>;
  /** The same sockets, but events may be dropped for clients that are slow to receive. */
  readonly volatile: BroadcastOperator<EmitEvents, SocketData>;
  /** Only the sockets that are connected to this node. */
  readonly local: BroadcastOperator<EmitEvents, SocketData>;
  /** Sets how many milliseconds `emitWithAck` waits for answers; 5000 by default. */
  timeout(ms: number): BroadcastOperator<EmitEvents, SocketData>;
  emit<Event extends EventNames<EmitEvents>>(event: Event, ...args: EventParams<EmitEvents, Event>): Promise<void>;
  /** Resolves to the clients' answers. Rejects if one is missing; `error.responses` has the others. */
  emitWithAck<Event extends EventNamesWithAck<EmitEvents>>(
    event: Event,
    ...args: ParamsWithoutAck<EmitEvents, Event>
  ): Promise<Answer<EmitEvents, Event>[]>;
  /** The sockets, with handshake and data. */
  fetchSockets(): Promise<RemoteSocket<EmitEvents, SocketData>[]>;
  /** How many sockets there are. Costs much less than `fetchSockets()`. */
  countSockets(): Promise<number>;
  /** Ids and rooms of the sockets, without handshake and data. */
  listSockets(): Promise<ListedSocket[]>;
  socketsJoin(room: string | string[]): Promise<void>;
  socketsLeave(room: string | string[]): Promise<void>;
  /** Disconnects the sockets. With `close`, ends their whole sessions. */
  disconnectSockets(close?: boolean): Promise<void>;
}

/** Another socket, as it was when it was listed. To send to it, use `ns.to(id)`. */
export interface ListedSocket {
  readonly id: string;
  readonly rooms: Set<string>;
}

/** Another socket, as it was when it was fetched. */
export interface RemoteSocket<EmitEvents extends EventsMap = DefaultEventsMap, SocketData = any> {
  readonly id: string;
  readonly rooms: Set<string>;
  readonly handshake: Handshake;
  readonly data: SocketData;
  emit<Event extends EventNames<EmitEvents>>(event: Event, ...args: EventParams<EmitEvents, Event>): Promise<void>;
  emitWithAck<Event extends EventNamesWithAck<EmitEvents>>(
    event: Event,
    ...args: ParamsWithoutAck<EmitEvents, Event>
  ): Promise<Answer<EmitEvents, Event>>;
  timeout(ms: number): Pick<RemoteSocket<EmitEvents, SocketData>, "emitWithAck">;
  join(room: string | string[]): Promise<void>;
  leave(room: string | string[]): Promise<void>;
  disconnect(close?: boolean): this;
}

/** The socket of the current event. Handlers are registered on it, at the top level of the file. */
export interface Socket<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  SocketData = any,
  This = unknown,
> {
  on(event: "$connect", handler: ReservedHandler<This, []>): this;
  on(event: "$disconnect", handler: ReservedHandler<This, [reason: string]>): this;
  on<Event extends EventNames<ListenEvents>>(
    event: Event,
    handler: (this: This, ...args: ReceivedParams<ListenEvents, Event>) => unknown,
  ): this;
  /** Alias of `on`: each event runs in a fresh instance, which cannot know that the handler ran before. */
  once: this["on"];
  /** Registers a handler for every event that clients emit. It runs before the event's own handlers. */
  onAny(handler: (this: This, event: string, ...args: any[]) => unknown): this;

  /** 20 random characters, different in each namespace. */
  readonly id: string;
  /** The socket's rooms when the event began, including its own id. */
  readonly rooms: Set<string>;
  readonly handshake: Handshake;
  /** An object that lasts as long as the connection. Changes are saved when the handler waits or returns. */
  data: SocketData;
  readonly connected: boolean;
  /** Whether this connection recovered an earlier one. */
  readonly recovered: boolean;

  emit<Event extends EventNames<EmitEvents>>(event: Event, ...args: EventParams<EmitEvents, Event>): Promise<void>;
  /** Resolves to the client's answer. Rejects if none comes in time. Not possible in `$connect`. */
  emitWithAck<Event extends EventNamesWithAck<EmitEvents>>(
    event: Event,
    ...args: ParamsWithoutAck<EmitEvents, Event>
  ): Promise<Answer<EmitEvents, Event>>;
  join(room: string | string[]): Promise<void>;
  leave(room: string | string[]): Promise<void>;
  /** Disconnects the socket from the namespace. With `close`, ends the whole session with every namespace on it. */
  disconnect(close?: boolean): Promise<void>;

  to(room: string | string[]): BroadcastOperator<EmitEvents, SocketData>;
  in(room: string | string[]): BroadcastOperator<EmitEvents, SocketData>;
  except(room: string | string[]): BroadcastOperator<EmitEvents, SocketData>;
  /** Every other socket of the namespace. */
  readonly broadcast: BroadcastOperator<EmitEvents, SocketData>;
  readonly local: BroadcastOperator<EmitEvents, SocketData>;
  /** The same socket, but events may be dropped if its client is slow to receive. */
  readonly volatile: this;
  /** The same socket, but `emitWithAck` waits this many milliseconds for the answer; 5000 by default. */
  timeout(ms: number): this;
}

declare class RealtimeNamespaceClass<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  SocketData = any,
> {
  /** Without a path, the namespace is the one given to `host run --namespace`, else `/`. */
  constructor(path?: string);
  readonly name: string;
  readonly socket: Socket<ListenEvents, EmitEvents, SocketData, RealtimeNamespace<ListenEvents, EmitEvents, SocketData>>;
  /**
   * Registers a handler that the host runs at certain times, at the top level of the file: at an interval, such as
   * `every 10s` or `every 1h 30m`, or as a cron expression of five fields says (minute, hour, day of the month, month, day of
   * the week), in UTC. It runs without a socket. `due` is when it was to begin. A run that is due while the last one still
   * goes is skipped.
   */
  schedule(
    times: string,
    handler: (this: RealtimeNamespace<ListenEvents, EmitEvents, SocketData>, due: Date) => unknown,
  ): this;
  /** The same, with a cron expression in a time zone, by its IANA name, such as `Europe/Berlin`. */
  schedule(
    times: string,
    timeZone: string,
    handler: (this: RealtimeNamespace<ListenEvents, EmitEvents, SocketData>, due: Date) => unknown,
  ): this;
  to(room: string | string[]): BroadcastOperator<EmitEvents, SocketData>;
  in(room: string | string[]): BroadcastOperator<EmitEvents, SocketData>;
  except(room: string | string[]): BroadcastOperator<EmitEvents, SocketData>;
  readonly volatile: BroadcastOperator<EmitEvents, SocketData>;
  readonly local: BroadcastOperator<EmitEvents, SocketData>;
  timeout(ms: number): BroadcastOperator<EmitEvents, SocketData>;
  emit<Event extends EventNames<EmitEvents>>(event: Event, ...args: EventParams<EmitEvents, Event>): Promise<void>;
  emitWithAck<Event extends EventNamesWithAck<EmitEvents>>(
    event: Event,
    ...args: ParamsWithoutAck<EmitEvents, Event>
  ): Promise<Answer<EmitEvents, Event>[]>;
  /** The sockets, with handshake and data. */
  fetchSockets(): Promise<RemoteSocket<EmitEvents, SocketData>[]>;
  /** How many sockets there are. Costs much less than `fetchSockets()`. */
  countSockets(): Promise<number>;
  /** Ids and rooms of the sockets, without handshake and data. */
  listSockets(): Promise<ListedSocket[]>;
  socketsJoin(room: string | string[]): Promise<void>;
  socketsLeave(room: string | string[]): Promise<void>;
  disconnectSockets(close?: boolean): Promise<void>;
  /** @deprecated Not available: use `ns.socket.join(room)` inside an event handler. */
  join: never;
  /** @deprecated Not available: use `ns.socket.leave(room)` inside an event handler. */
  leave: never;
  /** @deprecated Not available: use `ns.socket.broadcast` inside an event handler. */
  broadcast: never;
}

/** A namespace. It can also be called like a function that handles HTTP requests. */
export type RealtimeNamespace<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  SocketData = any,
> = RealtimeNamespaceClass<ListenEvents, EmitEvents, SocketData> &
  ((request: unknown, response?: unknown, next?: () => unknown) => unknown);

declare class ConnectErrorClass extends Error {
  /** The client sees both arguments, as `error.message` and `error.data`. */
  constructor(message: string, data?: unknown);
  data?: unknown;
}

/** The error of a call that the host did not accept. `code` says why, such as `payload-too-large` or `timeout`. */
export interface RealtimeError extends Error {
  name: "RealtimeError";
  code: string;
}

/** What the key-value store keeps: JSON, or bytes (a buffer or any view), which are read as a `Uint8Array`. */
export type KvValue = {} | null;

/**
 * The key-value store of the namespace, which outlives events, clients and the host's process.
 *
 * Calls are no commands: each takes effect at once, is durable when its promise is fulfilled, and stands although the
 * handler fails later or refuses the client. They work in handlers only. Keys have at most 1 KiB, values 1 MiB; an event
 * may make 1,000 calls and exchange 8 MiB (settings of the host). Errors are `KvError`s.
 */
export interface KeyValueStore {
  /** The value, or null where there is none. */
  get<T = any>(key: string): Promise<T | null>;
  /** The values of several keys, in their order, as they are at one moment. */
  getMany<T = any>(keys: Iterable<string>): Promise<(T | null)[]>;
  has(key: string): Promise<boolean>;
  /** Sets a value. After `ttlMs` milliseconds it is gone; without, it stays until it is replaced or deleted. */
  set<T extends KvValue>(key: string, value: T, ttlMs?: number): Promise<void>;
  /** Sets all values or none. */
  setMany(
    values: Iterable<readonly [key: string, value: KvValue]> | { [key: string]: KvValue },
    ttlMs?: number,
  ): Promise<void>;
  /** Whether there was a value. */
  delete(key: string): Promise<boolean>;
  /** Deletes all or none. How many there were. */
  deleteMany(keys: Iterable<string>): Promise<number>;
  /** Deletes all values whose keys begin with this; without, all of them. How many there were. */
  clear(prefix?: string): Promise<number>;
  /**
   * Adds to a number, which is 0 where it is not there, and returns the sum. However many handlers do so at once, nothing
   * is lost. `ttlMs` is for a new number; one that is there keeps its own. Sums beyond 2⁵³ are rounded.
   */
  increment(key: string, delta?: number, ttlMs?: number): Promise<number>;
  /**
   * Sets a value if another is there; `null` is the absence of one. Whether it was set. Values are compared as JSON text,
   * where the order of an object's keys matters. To compute a value from the old one, `update` is simpler.
   */
  compareAndSet<T extends KvValue>(key: string, expected: T | null, value: T | null, ttlMs?: number): Promise<boolean>;
  /**
   * Replaces a value by what the function returns, and returns the new one; `null` deletes the key. If another handler
   * changes the value meanwhile, the function is called again with the changed one.
   */
  update<T extends KvValue>(
    key: string,
    change: (old: T | null) => T | Promise<T>,
    options?: KvUpdateOptions,
  ): Promise<T>;
  /** Keys and values whose keys begin with this, in the order of the keys' bytes, fetched as they are asked for. */
  list<T = any>(prefix?: string, options?: KvListOptions): AsyncIterableIterator<[key: string, value: T]>;
  /** The keys that begin with this. */
  keys(prefix?: string, options?: KvListOptions): AsyncIterableIterator<string>;
}

export interface KvUpdateOptions {
  /** The time to live of the new value, in milliseconds; without, it has none. */
  ttlMs?: number;
  /** How often the function is called at most; 100 by default. Beyond: an error with the code `conflict`. */
  attempts?: number;
}

export interface KvListOptions {
  /** Begins behind this key, which need not be there. */
  after?: string;
  /** How many entries at most. */
  limit?: number;
}

/** The error of a call of `kv`. */
export interface KvError extends Error {
  name: "KvError";
  code:
    | "key-too-long"
    | "value-too-large"
    | "too-much"
    | "rate-limited"
    | "quota-exceeded"
    | "not-a-number"
    | "invalid-ttl"
    | "not-allowed"
    | "unavailable"
    | "conflict"
    | "unreadable";
}

interface RealtimeNamespaceConstructor {
  new <
    ListenEvents extends EventsMap = DefaultEventsMap,
    EmitEvents extends EventsMap = ListenEvents,
    SocketData = any,
  >(
    path?: string,
  ): RealtimeNamespace<ListenEvents, EmitEvents, SocketData>;
  readonly prototype: RealtimeNamespace;
}

type Namespace<L extends EventsMap, E extends EventsMap, D> = RealtimeNamespace<L, E, D>;

declare global {
  const RealtimeNamespace: RealtimeNamespaceConstructor;
  type RealtimeNamespace<
    ListenEvents extends EventsMap = DefaultEventsMap,
    EmitEvents extends EventsMap = ListenEvents,
    SocketData = any,
  > = Namespace<ListenEvents, EmitEvents, SocketData>;
  /** Refuses a connection when it is thrown in `$connect`: the client gets `connect_error` with this message and data. */
  const ConnectError: typeof ConnectErrorClass;
  type ConnectError = ConnectErrorClass;
  /** The key-value store of the namespace. A component has it only where its handler, or a package, uses this name. */
  const kv: KeyValueStore;
}
