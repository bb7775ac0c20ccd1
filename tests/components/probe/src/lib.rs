//! The guest that end-to-end tests drive, in the namespace `/probe`. Everything that the API promises can be provoked.
//!
//! `auth.mode` of the client says what `$connect` does:
//!
//! | mode | does |
//! |---|---|
//! | none | emits `hello` id, rooms; sets `data` to `{"mode":null}` |
//! | `slow` | waits `auth.ms`, then emits `ready` |
//! | `reject` | emits `hello`, joins `room`, emits `leak` to all, then rejects with message `no` and data `{"code":7}` |
//! | `rejectPlain` | rejects with message `no` and no data |
//! | `fail` | returns an error |
//! | `trap` | emits `hello`, then panics |
//! | `ask` | `emit_with_ack`, emits its error as `asked` |
//! | `join` | joins `auth.room`, emits `first` 1 and `first` 2, emits `arrived` id to all others |
//! | `bye` | emits `hello`, then disconnects |
//! | `kv` | increments `auth.key`, then rejects with the sum as message |
//!
//! `$disconnect` emits `left` `{id, reason, connected, rooms, data, user-agent}` to the whole namespace, and `ghost` to
//! its own socket. In mode `slowLeave` it waits `auth.ms` before. With `auth.quiet` there is no `left`, and no `hello`
//! where no mode is given: thousands of clients would drown in each other's.
//!
//! | event | does |
//! |---|---|
//! | `info` | acks `{id, rooms, connected, recovered, handshake, data, name}` |
//! | `echo` … | acks all arguments as they came |
//! | `nested` `{blob}` | acks `{size, copy}` with the same bytes, and emits `blob` `{deep: [bytes]}` |
//! | `typed` `{a: number}`, `optional` number? | acks twice the number; acks the number or null |
//! | `nothing`, `pair`, `array` | acks nothing; acks 1 and 2; acks `[1, 2]` as one argument |
//! | `fail` | returns an error after emitting `before` |
//! | `set` key, value; `setSize` n; `get` | `data.key = value`, acks data; sets n bytes, acks `ok` or the error; acks data |
//! | `join` rooms; `leave` room | acks the rooms as the handler sees them |
//! | `joinMany` n | joins n rooms, acks `ok` or the first error |
//! | `op` `{from, to, in, except, broadcast, volatile, local, event, args}` | emits with that operator; `from`: `socket`, `ns` |
//! | `emit` event, arg; `emitVolatile` event, arg | to its own socket |
//! | `ask` ms | emits `question` 42, acks `{answer}` or `{error}` |
//! | `relay` ms; `pass` … | emits `question` 42, acks the answer as it came; emits `passed` and all arguments to all others |
//! | `askAll` `{…op, ms}` | emits with acks, acks `{answers, missing}` |
//! | `fetch` `{…op}` | acks `[{id, rooms, data, address, auth}]` |
//! | `count`, `list` `{…op}` | acks how many; acks `[{id, rooms}]` |
//! | `socketsJoin`, `socketsLeave` `{…op, rooms}`; `disconnectSockets` `{…op, close}` | acks nothing |
//! | `quit` close | disconnects itself |
//! | `order` n | emits `order` n |
//! | `sleep` ms | waits, acks ms |
//! | `loop` | never returns; emits `before` first |
//! | `compute` then | computes for 100 ms, then emits `computed` 1 (`emit`), acks `done` (`ack`), acks the answer to `question` (`ask`), panics (`trap`) |
//! | `trap` | emits `before`, joins `trapped`, panics |
//! | `oom` | allocates without end; emits `before` first |
//! | `halfway` | emits `before`, asks the client with `question`, emits `after`, panics |
//! | `many` n, bytes | emits n events of so many bytes to a room that nobody is in; acks how many were taken and the error |
//! | `big` n | emits `big` with n bytes; acks `ok` or the error |
//! | `reserved` name | emits an event of that name; acks `ok` or the error |
//! | `state` | acks how often this instance was called: 1 |
//! | `print` text | writes it to stdout, and `err ` and it to stderr; acks |
//! | `env`, `fs`, `net`, `args` | acks the environment; the error of reading a file; of connecting; the arguments |
//! | `kv` call, args | calls the key-value store, acks `{ok}` or `{error}`; the calls are in `state.rs` |
//! | `kvBytes` key, bytes | sets bytes, acks what it reads back |
//! | `kvTrap` key | emits `before`, sets `key` to 1, emits `after`, panics |
//! | `random`, `clock` | acks 8 random bytes as a number; milliseconds since 1970 |

mod state;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use guest_sdk::serde_json::{Value, to_value};
use guest_sdk::{Args, BroadcastOperator, Bytes, ConnectError, Error, RealtimeNamespace, json};
use serde::Deserialize;

guest_sdk::export!(register);

static CALLS: AtomicU32 = AtomicU32::new(0);

fn register() -> RealtimeNamespace {
    let ns = RealtimeNamespace::new("/probe");
    connection(ns);
    socket(ns);
    broadcasts(ns);
    failures(ns);
    sandbox(ns);
    state::register(ns);
    ns
}

fn connection(ns: RealtimeNamespace) {
    ns.socket()
        .on("$connect", move || -> Result<(), Error> {
            let auth = ns.socket().handshake().auth_value();
            let hello = || ns.socket().emit("hello", (ns.socket().id(), sorted(ns)));
            ns.socket().data().set("mode", &auth["mode"]);
            match auth["mode"].as_str().unwrap_or_default() {
                "slow" => {
                    sleep(&auth["ms"]);
                    ns.socket().emit("ready", ());
                }
                "reject" => {
                    hello();
                    ns.socket().join("room");
                    ns.emit("leak", ());
                    return Err(ConnectError::new("no").data(json!({ "code": 7 })).into());
                }
                "rejectPlain" => return Err(ConnectError::new("no").into()),
                "fail" => return Err(Error::msg("secret reason")),
                "trap" => {
                    hello();
                    panic!("trapped in $connect");
                }
                "ask" => {
                    let answer = ns.socket().emit_with_ack("question", 1, Duration::from_secs(1));
                    ns.socket().emit("asked", text(answer.map(|_| ())));
                }
                "join" => {
                    ns.socket().join(auth["room"].as_str().unwrap_or_default());
                    ns.socket().emit("first", 1);
                    ns.socket().emit("first", 2);
                    ns.socket().broadcast().emit("arrived", ns.socket().id());
                }
                "bye" => {
                    hello();
                    ns.socket().disconnect();
                }
                "kv" => {
                    let sum = ns.kv().increment(auth["key"].as_str().unwrap_or_default(), 1)?;
                    return Err(ConnectError::new(sum.to_string()).into());
                }
                _ if auth["quiet"] == true => {}
                _ => drop(hello()),
            }
            Ok(())
        })
        .on("$disconnect", move |reason: String| {
            let handshake = ns.socket().handshake();
            let auth = handshake.auth_value();
            if auth["mode"] == "slowLeave" {
                sleep(&auth["ms"]);
            }
            ns.socket().emit("ghost", ());
            let left = json!({
                "id": ns.socket().id(), "reason": reason, "connected": ns.socket().connected(), "rooms": sorted(ns),
                "data": data(ns), "user-agent": handshake.headers.get("user-agent"),
            });
            if auth["quiet"] != true {
                ns.emit("left", left);
            }
        });
}

fn socket(ns: RealtimeNamespace) {
    ns.socket()
        .on("info", move || {
            let handshake = ns.socket().handshake();
            json!({
                "id": ns.socket().id(), "rooms": sorted(ns), "connected": ns.socket().connected(),
                "recovered": ns.socket().recovered(), "data": data(ns), "name": ns.name(),
                "handshake": {
                    "headers": handshake.headers.iter().collect::<HashMap<_, _>>(),
                    "query": handshake.query.iter().collect::<HashMap<_, _>>(),
                    "auth": handshake.auth_value(), "address": handshake.address, "time": handshake.time,
                    "issued": handshake.issued, "secure": handshake.secure, "url": handshake.url,
                    "xdomain": handshake.xdomain,
                },
            })
        })
        .on("echo", |args: Args| args)
        .on("nested", move |blob: Blob| {
            ns.socket().emit("blob", HashMap::from([("deep", [blob.blob.clone()])]));
            Copied { size: blob.blob.len(), copy: blob.blob }
        })
        .on("typed", |number: Number| number.a * 2.0)
        .on("optional", |number: Option<f64>| number)
        .on("nothing", || ())
        .on("pair", || (1, 2))
        .on("array", || [1, 2])
        .on("fail", move || -> Result<(), Error> {
            ns.socket().emit("before", ());
            Err(Error::msg("as it was told"))
        })
        .on("set", move |key: String, value: Value| {
            ns.socket().data().set(&key, value);
            data(ns)
        })
        .on("setSize", move |size: usize| text(ns.socket().data().replace(json!({ "x": "x".repeat(size) })).result()))
        .on("get", move || data(ns))
        .on("join", move |rooms: Vec<String>| {
            ns.socket().join(rooms);
            sorted(ns)
        })
        .on("leave", move |room: String| {
            ns.socket().leave(&room);
            sorted(ns)
        })
        .on("joinMany", move |count: u32| {
            text((0..count).try_for_each(|number| ns.socket().join(format!("room {number}")).result()))
        })
        .on("emit", move |event: String, arg: Value| ns.socket().emit(&event, arg))
        .on("emitVolatile", move |event: String, arg: Value| ns.socket().volatile().emit(&event, arg))
        .on("ask", move |ms: u64| match ns.socket().emit_with_ack("question", 42, Duration::from_millis(ms)) {
            Ok(answer) => json!({ "answer": answer.values().unwrap_or_default() }),
            Err(error) => json!({ "error": error.to_string() }),
        })
        .on("relay", move |ms: u64| ns.socket().emit_with_ack("question", 42, Duration::from_millis(ms)))
        .on("quit", move |close: bool| if close { ns.socket().disconnect_session() } else { ns.socket().disconnect() })
        .on("order", move |number: u64| ns.socket().emit("order", number));
}

fn broadcasts(ns: RealtimeNamespace) {
    ns.socket()
        .on("op", move |op: Op| match (op.direct(), op.from.as_str()) {
            (true, "ns") => ns.emit(&op.event, &op.args),
            _ => op.operator(ns).emit(&op.event, &op.args),
        })
        .on("pass", move |args: Args| ns.socket().broadcast().emit("passed", args))
        .on("askAll", move |op: Op| -> Result<Value, Error> {
            let answers = op.operator(ns).emit_with_ack(&op.event, &op.args, Duration::from_millis(op.ms))?;
            Ok(json!({ "answers": answers.values::<Value>()?, "missing": answers.missing }))
        })
        .on("fetch", move |op: Op| -> Result<Value, Error> {
            let found = op.operator(ns).fetch_sockets()?;
            let sockets = found.iter().map(|socket| {
                let mut rooms: Vec<_> = socket.rooms.iter().collect();
                rooms.sort();
                json!({ "id": socket.id, "rooms": rooms, "address": socket.handshake.address,
                        "auth": socket.handshake.auth_value(), "data": socket.data::<Value>().unwrap_or_default() })
            });
            Ok(Value::Array(sockets.collect()))
        })
        .on("count", move |op: Op| op.operator(ns).count_sockets())
        .on("list", move |op: Op| -> Result<Value, Error> {
            let listed = op.operator(ns).list_sockets()?;
            Ok(listed.iter().map(|socket| json!({ "id": socket.id, "rooms": socket.rooms })).collect())
        })
        .on("socketsJoin", move |op: Op| op.operator(ns).sockets_join(op.rooms.clone()))
        .on("socketsLeave", move |op: Op| op.operator(ns).sockets_leave(op.rooms.clone()))
        .on("disconnectSockets", move |op: Op| {
            if op.close { op.operator(ns).disconnect_sessions() } else { op.operator(ns).disconnect_sockets() }
        });
}

fn failures(ns: RealtimeNamespace) {
    let before = move || ns.socket().emit("before", ());
    ns.socket()
        .on("sleep", |ms: Value| {
            sleep(&ms);
            ms
        })
        .on("loop", move || {
            before();
            while std::hint::black_box(true) {}
        })
        .on("compute", move |then: String| -> Result<Value, Error> {
            let begun = std::time::Instant::now();
            while begun.elapsed() < Duration::from_millis(100) {}
            match then.as_str() {
                "emit" => drop(ns.socket().emit("computed", 1)),
                "ask" => {
                    let answer = ns.socket().emit_with_ack("question", 42, Duration::from_secs(30))?;
                    return Ok(json!(answer.values().unwrap_or_default()));
                }
                "trap" => assert!(std::hint::black_box(false), "as it was told"),
                _ => {}
            }
            Ok(json!("done"))
        })
        .on("trap", move || {
            before();
            ns.socket().join("trapped");
            assert!(std::hint::black_box(false), "as it was told");
        })
        .on("oom", move || {
            before();
            let mut hoard: Vec<Vec<u8>> = Vec::new();
            while std::hint::black_box(true) {
                hoard.push(vec![1; 1 << 20]);
            }
        })
        .on("halfway", move || {
            before();
            let answer = ns.socket().emit_with_ack("question", 1, Duration::from_secs(5));
            ns.socket().emit("after", ());
            assert!(std::hint::black_box(false), "answered: {}", answer.is_ok());
        })
        .on("many", move |count: u32, bytes: usize| {
            let nobody = ns.to("nobody");
            let filler = "x".repeat(bytes);
            for taken in 0..count {
                if let Err(error) = nobody.emit("many", &filler).result() {
                    return json!({ "taken": taken, "error": error.to_string() });
                }
            }
            json!({ "taken": count })
        })
        .on("big", move |size: usize| text(ns.socket().emit("big", "x".repeat(size)).result()))
        .on("reserved", move |name: String| text(ns.socket().emit(&name, ()).result()));
}

fn sandbox(ns: RealtimeNamespace) {
    ns.socket()
        .on("state", || CALLS.fetch_add(1, Ordering::Relaxed) + 1)
        .on("print", |line: String| {
            println!("{line}");
            eprintln!("err {line}");
        })
        .on("env", || to_value(std::env::vars().collect::<HashMap<_, _>>()).unwrap_or_default())
        .on("args", || std::env::args().collect::<Vec<_>>())
        .on("fs", || text(std::fs::read("/etc/passwd").map(drop)))
        .on("net", || text(std::net::TcpStream::connect("127.0.0.1:1").map(drop)))
        .on("random", || {
            // The standard library seeds its maps from the host's generator.
            use std::hash::{BuildHasher, RandomState};
            RandomState::new().hash_one(0).to_string()
        })
        .on("clock", || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64));
}

/// An operator, and what is done with it.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Op {
    from: String,
    to: Vec<String>,
    r#in: Vec<String>,
    except: Vec<String>,
    broadcast: bool,
    volatile: bool,
    local: bool,
    event: String,
    args: Value,
    ms: u64,
    rooms: Vec<String>,
    close: bool,
}

impl Default for Op {
    fn default() -> Self {
        Self {
            from: "socket".into(),
            to: Vec::new(),
            r#in: Vec::new(),
            except: Vec::new(),
            broadcast: false,
            volatile: false,
            local: false,
            event: "op".into(),
            args: Value::Null,
            ms: 0,
            rooms: Vec::new(),
            close: false,
        }
    }
}

impl Op {
    /// Whether nothing but the namespace itself is asked for.
    fn direct(&self) -> bool {
        self.to.is_empty() && self.r#in.is_empty() && self.except.is_empty() && !self.volatile && !self.local
    }

    /// Chained step by step, as handlers do.
    fn operator(&self, ns: RealtimeNamespace) -> BroadcastOperator {
        let mut operator = if self.from == "ns" { ns.to(&[] as &[&str]) } else { ns.socket().broadcast() };
        for room in &self.to {
            operator = operator.to(room);
        }
        for room in &self.r#in {
            operator = operator.in_(room);
        }
        for room in &self.except {
            operator = operator.except(room);
        }
        if self.volatile {
            operator = operator.volatile();
        }
        if self.local { operator.local() } else { operator }
    }
}

#[derive(Deserialize)]
struct Number {
    a: f64,
}

#[derive(Deserialize)]
struct Blob {
    blob: Bytes,
}

#[derive(serde::Serialize)]
struct Copied {
    size: usize,
    copy: Bytes,
}

fn sorted(ns: RealtimeNamespace) -> Vec<String> {
    ns.socket().rooms().into_iter().collect()
}

fn data(ns: RealtimeNamespace) -> Value {
    ns.socket().data().all().unwrap_or_default()
}

fn sleep(ms: &Value) {
    std::thread::sleep(Duration::from_millis(ms.as_u64().unwrap_or_default()));
}

/// `ok`, or the error.
fn text<E: std::fmt::Display>(result: Result<(), E>) -> String {
    result.map_or_else(|error| error.to_string(), |()| "ok".to_owned())
}
