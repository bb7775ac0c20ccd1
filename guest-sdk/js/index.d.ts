/**
 * Types of what a handler's file has without an import: `RealtimeNamespace` and `ConnectError`.
 *
 * In TypeScript, `import type {} from "@realtime/guest-sdk"` (or `"types": ["@realtime/guest-sdk"]` in `tsconfig.json`)
 * makes them known.
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

/** Events whose last argument is a callback: those that can be acknowledged. */
export type EventNamesWithAck<Events extends EventsMap> = {
  [Event in EventNames<Events>]: Last<EventParams<Events, Event>> extends (...args: any[]) => any ? Event : never;
}[EventNames<Events>];

/** The arguments to emit with `emitWithAck`: without the callback. */
export type ParamsWithoutAck<Events extends EventsMap, Event extends EventNames<Events>> = AllButLast<
  EventParams<Events, Event>
>;

/** What a client answers. */
export type Answer<Events extends EventsMap, Event extends EventNames<Events>> = FirstParam<
  Last<EventParams<Events, Event>>
>;

/** What a handler of an event is called with; the callback is there only if the client waits for an answer. */
type ReceivedParams<Events extends EventsMap, Event extends EventNames<Events>> = EventParams<Events, Event>;

type ReservedHandler<This, Params extends any[]> = (this: This, ...args: Params) => unknown;

/** What was known of the connection when the client joined the namespace. */
export interface Handshake<Auth = { [key: string]: any }> {
  /** Headers of the first request; names are lower-case. */
  headers: { [name: string]: string | undefined };
  /** The query of the first request; a name that came several times has an array. */
  query: { [name: string]: any };
  /** What the client sent as `auth`. */
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

/** Sockets to send to. Immutable: every method returns a new one. */
export interface BroadcastOperator<EmitEvents extends EventsMap = DefaultEventsMap, SocketData = any> {
  /** Adds a room; sockets in any of the rooms are meant. */
  to(room: string | string[]): BroadcastOperator<EmitEvents, SocketData>;
  /** As `to`. */
  in(room: string | string[]): BroadcastOperator<EmitEvents, SocketData>;
  /** Leaves out the sockets of a room. */
  except(room: string | string[]): BroadcastOperator<EmitEvents, SocketData>;
  /** For events that may be dropped where a client is slow to receive. */
  readonly volatile: BroadcastOperator<EmitEvents, SocketData>;
  /** Sockets of this node only. */
  readonly local: BroadcastOperator<EmitEvents, SocketData>;
  /** Milliseconds that clients have to answer `emitWithAck`; 5000 by default. */
  timeout(ms: number): BroadcastOperator<EmitEvents, SocketData>;
  emit<Event extends EventNames<EmitEvents>>(event: Event, ...args: EventParams<EmitEvents, Event>): Promise<void>;
  /** The clients' answers. Rejects where one is missing; `error.responses` has the others. */
  emitWithAck<Event extends EventNamesWithAck<EmitEvents>>(
    event: Event,
    ...args: ParamsWithoutAck<EmitEvents, Event>
  ): Promise<Answer<EmitEvents, Event>[]>;
  fetchSockets(): Promise<RemoteSocket<EmitEvents, SocketData>[]>;
  socketsJoin(room: string | string[]): Promise<void>;
  socketsLeave(room: string | string[]): Promise<void>;
  /** With `close`, ends the whole sessions. */
  disconnectSockets(close?: boolean): Promise<void>;
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

/** Where handlers are registered; in a handler, the socket of the current event. */
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
  /** As `on`: each event has a new instance of the handler. */
  once: this["on"];
  /** Handles every event of clients, before its own handlers. */
  onAny(handler: (this: This, event: string, ...args: any[]) => unknown): this;

  /** 20 random characters, other ones in each namespace. */
  readonly id: string;
  /** The rooms as they were when the event began, the socket's own id among them. */
  readonly rooms: Set<string>;
  readonly handshake: Handshake;
  /** Kept for the connection's life; changes are kept when the handler waits or returns. */
  data: SocketData;
  readonly connected: boolean;
  /** Whether this connection took up an earlier one. */
  readonly recovered: boolean;

  emit<Event extends EventNames<EmitEvents>>(event: Event, ...args: EventParams<EmitEvents, Event>): Promise<void>;
  /** The client's answer. Rejects where none comes in time; not possible in `$connect`. */
  emitWithAck<Event extends EventNamesWithAck<EmitEvents>>(
    event: Event,
    ...args: ParamsWithoutAck<EmitEvents, Event>
  ): Promise<Answer<EmitEvents, Event>>;
  join(room: string | string[]): Promise<void>;
  leave(room: string | string[]): Promise<void>;
  /** With `close`, ends the whole session and every namespace on it. */
  disconnect(close?: boolean): Promise<void>;

  to(room: string | string[]): BroadcastOperator<EmitEvents, SocketData>;
  in(room: string | string[]): BroadcastOperator<EmitEvents, SocketData>;
  except(room: string | string[]): BroadcastOperator<EmitEvents, SocketData>;
  /** Every other socket of the namespace. */
  readonly broadcast: BroadcastOperator<EmitEvents, SocketData>;
  readonly local: BroadcastOperator<EmitEvents, SocketData>;
  /** This socket, for events that may be dropped where its client is slow to receive. */
  readonly volatile: this;
  /** This socket, with so many milliseconds for the answer to `emitWithAck`; 5000 by default. */
  timeout(ms: number): this;
}

declare class RealtimeNamespaceClass<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  SocketData = any,
> {
  /** Without a path, the one that `host run --namespace` gives, else `/`. */
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
  fetchSockets(): Promise<RemoteSocket<EmitEvents, SocketData>[]>;
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

/** A namespace, which is a function as well. */
export type RealtimeNamespace<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  SocketData = any,
> = RealtimeNamespaceClass<ListenEvents, EmitEvents, SocketData> &
  ((request: unknown, response?: unknown, next?: () => unknown) => unknown);

declare class ConnectErrorClass extends Error {
  /** The client sees both: `error.message` and `error.data`. */
  constructor(message: string, data?: unknown);
  data?: unknown;
}

/** An error of a call that the host did not take; `code` says why, such as `payload-too-large` or `timeout`. */
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
  /** Refuses a connection: thrown in `$connect`, the client gets `connect_error` with this message and data. */
  const ConnectError: typeof ConnectErrorClass;
  type ConnectError = ConnectErrorClass;
}
