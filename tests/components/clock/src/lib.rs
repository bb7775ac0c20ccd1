//! The guest with schedules that end-to-end tests watch, in the namespace `/clock`. What it emits goes to all.
//!
//! | schedule, each every second | does |
//! |---|---|
//! | the first | counts itself in the store, emits `tick` `{n, due, sockets, id, rooms, connected}`, prints `tick` |
//! | the second | takes 4 s; emits `begun` and how many of it are under way, then prints `slow is over` |
//! | the third | counts itself; with an odd count emits `before` and panics, else emits `survived` and the count |
//! | the fourth | returns an error after emitting `failing` |
//!
//! One more is due on Mondays at 9:00 in Berlin. The event `count` acknowledges how often the first has run.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use guest_sdk::{Error, RealtimeNamespace, json};

guest_sdk::export!(register, scheduled);

fn register() -> RealtimeNamespace {
    let ns = RealtimeNamespace::new("/clock");
    ns.socket().on("count", move || ns.kv().get::<u64>("ticks"));
    ns.schedule("every 1s", move |due: SystemTime| tick(ns, due))
        .schedule("every 1s", move || slow(ns))
        .schedule("every 1s", move || odd(ns))
        .schedule("every 1s", move || -> Result<(), Error> {
            ns.emit("failing", ());
            Err(Error::msg("as it was told"))
        })
        .schedule_in("0 9 * * mon", "Europe/Berlin", move || ns.emit("monday", ()));
    ns
}

fn tick(ns: RealtimeNamespace, due: SystemTime) -> Result<(), Error> {
    println!("tick");
    let due = due.duration_since(UNIX_EPOCH)?.as_millis() as u64;
    let (n, sockets) = (ns.kv().increment("ticks", 1)?, ns.fetch_sockets()?.len());
    let socket = ns.socket();
    let rooms = socket.rooms().len();
    ns.emit(
        "tick",
        json!({ "n": n, "due": due, "sockets": sockets, "id": socket.id(), "rooms": rooms, "connected": socket.connected() }),
    )
    .result()
}

fn slow(ns: RealtimeNamespace) -> Result<(), Error> {
    ns.emit("begun", ns.kv().increment("under way", 1)?);
    std::thread::sleep(Duration::from_secs(4));
    ns.kv().increment("under way", -1)?;
    println!("slow is over");
    Ok(())
}

fn odd(ns: RealtimeNamespace) -> Result<(), Error> {
    let n = ns.kv().increment("tries", 1)?;
    if n % 2 == 1 {
        ns.emit("before", n);
        panic!("as it was told");
    }
    ns.emit("survived", n).result()
}
