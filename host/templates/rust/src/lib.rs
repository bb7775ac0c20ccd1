use guest_sdk::{ConnectError, RealtimeNamespace, json};

guest_sdk::export!(register);

fn register() -> RealtimeNamespace {
    let ns = RealtimeNamespace::new("/hello");

    ns.socket().on("$connect", move || -> Result<(), ConnectError> {
        match ns.socket().handshake().auth_value()["name"].as_str() {
            Some(name) => ns.socket().data().set("name", name),
            None => return Err(ConnectError::new("who are you?").data(json!({ "missing": "auth.name" }))),
        };
        Ok(())
    });

    // What a handler returns acknowledges the event.
    ns.socket().on("add", |a: f64, b: f64| a + b);

    ns.socket().on("shout", move |text: String| {
        let name: Option<String> = ns.socket().data().get("name");
        ns.emit("shouted", json!({ "by": name, "text": loud(&text) }))
    });

    ns
}

fn loud(text: &str) -> String {
    text.to_uppercase()
}

#[test]
fn shouts_are_loud() {
    assert_eq!(loud("hi"), "HI");
}
