//! What the tests ask of the key-value store.

use std::time::Duration;

use guest_sdk::serde_json::{Value, from_value, to_value};
use guest_sdk::{Bytes, Error, RealtimeNamespace, json};

pub fn register(ns: RealtimeNamespace) {
    if std::env::var_os("KV_IN_DESCRIBE").is_some() {
        ns.kv().get::<Value>("x").expect("a value");
    }
    ns.socket()
        .on("kv", move |call: String, args: Vec<Value>| match answer(ns, &call, args) {
            Ok(value) => json!({ "ok": value }),
            Err(error) => json!({ "error": error.to_string() }),
        })
        .on("kvBytes", move |key: String, bytes: Bytes| -> Result<Option<Bytes>, Error> {
            ns.kv().set_bytes(&key, &bytes)?;
            Ok(ns.kv().get_bytes(&key)?.map(Bytes::from))
        })
        .on("kvTrap", move |key: String| -> Result<(), Error> {
            ns.socket().emit("before", ());
            ns.kv().set(&key, 1)?;
            ns.socket().emit("after", ());
            assert!(std::hint::black_box(false), "as it was told");
            Ok(())
        });
}

/// | call | arguments | answer |
/// |---|---|---|
/// | `get`, `has`, `delete` | key | |
/// | `getMany`, `deleteMany` | keys | |
/// | `set` | key, value, milliseconds? | null |
/// | `setMany` | pairs | null |
/// | `fill` | key, n | null; the value is n characters |
/// | `increment` | key, delta, milliseconds? | the sum |
/// | `compareAndSet` | key, expected, value; null is absence | whether it was set |
/// | `push` | key, value | the array, to which it has added the value with `update` |
/// | `list`, `keys`, `clear` | prefix | pairs; keys; how many |
/// | `often` | n | how often `has` could be called, and the error |
fn answer(ns: RealtimeNamespace, call: &str, args: Vec<Value>) -> Result<Value, Error> {
    let kv = ns.kv();
    let [first, second, third] = [0, 1, 2].map(|index| args.get(index).cloned().unwrap_or_default());
    let key = first.as_str().unwrap_or_default();
    let keys = || from_value::<Vec<String>>(first.clone());
    let ttl = third.as_u64().map(Duration::from_millis);
    let some = |value: &Value| (!value.is_null()).then(|| value.clone());
    Ok(match call {
        "get" => json!(kv.get::<Value>(key)?),
        "has" => json!(kv.has(key)?),
        "delete" => json!(kv.delete(key)?),
        "getMany" => json!(kv.get_many::<Value>(keys()?)?),
        "deleteMany" => json!(kv.delete_many(keys()?)?),
        "set" => match ttl {
            Some(ttl) => json!(kv.set_for(key, second, ttl)?),
            None => json!(kv.set(key, second)?),
        },
        "setMany" => json!(kv.set_many(from_value::<Vec<(String, Value)>>(first)?)?),
        "fill" => json!(kv.set(key, "x".repeat(second.as_u64().unwrap_or_default() as usize))?),
        "increment" => {
            let delta = second.as_i64().unwrap_or_default();
            json!(match ttl {
                Some(ttl) => kv.increment_for(key, delta, ttl)?,
                None => kv.increment(key, delta)?,
            })
        }
        "compareAndSet" => json!(kv.compare_and_set(key, some(&second), some(&third))?),
        "push" => to_value(kv.update(key, |array: Option<Vec<Value>>| {
            let mut array = array.unwrap_or_default();
            array.push(second.clone());
            array
        })?)?,
        "list" => json!(kv.list::<Value>(key).collect::<Result<Vec<_>, _>>()?),
        "keys" => json!(kv.keys(key).collect::<Result<Vec<_>, _>>()?),
        "clear" => json!(kv.clear(key)?),
        "often" => {
            let mut called = 0;
            let error = loop {
                match kv.has("x") {
                    Ok(_) => called += 1,
                    Err(error) => break error,
                }
            };
            json!([called, error.to_string()])
        }
        other => return Err(Error::msg(format!("no such call: {other}"))),
    })
}
