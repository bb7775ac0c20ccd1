/**
 * Types of the globals that a handler's file has without an import: `RealtimeNamespace` and `ConnectError`.
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
}
