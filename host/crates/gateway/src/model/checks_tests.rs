//! Which payloads, names and rooms handlers may use, and how they are counted.

use bytes::Bytes;
use engine_io::SessionLimits;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn payload(json: &str, attachments: &[usize]) -> Payload {
    let attachments = attachments.iter().map(|length| Bytes::from(vec![0; *length])).collect();
    Payload { json: json.to_owned(), attachments }
}

fn check_arguments(json: &str, attachments: usize) -> Result<(), String> {
    super::check_arguments(&payload(json, &vec![0; attachments]))
}

fn limits() -> GatewayLimits {
    let session = SessionLimits { payload: 20, ..SessionLimits::default() };
    GatewayLimits {
        session,
        attachments: 2,
        commands: 3,
        command_bytes: 100,
        rooms_per_socket: 2,
        socket_data: 10,
        ..GatewayLimits::default()
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn an_array_is_needed() {
    for good in ["[]", " [1, {\"a\": [null]}] ", r#"["\u00e9"]"#, r#"[{"_placeholder":true,"num":7}]"#] {
        assert_eq!(check_arguments(good, 0), Ok(()), "{good}");
    }
    for bad in ["", "{}", "1", "[1", "[1] 2", "[1,]", "[nul]", "[\"\n\"]", "['a']", "[01]"] {
        assert!(check_arguments(bad, 0).is_err(), "{bad}");
        assert!(check_arguments(bad, 1).is_err(), "{bad}");
    }
}

#[test]
fn depth_is_no_danger() {
    let deep = "[".repeat(500_000) + &"]".repeat(500_000);
    assert_eq!(check_arguments(&deep, 0), Ok(()));
    assert_eq!(check_arguments(&deep, 1), Ok(()));
}

#[test]
fn placeholders_and_attachments_fit() {
    let deep = r#"[1,{"a":[true,{"num":1,"_placeholder":true}]},{"_placeholder":true,"num":0}]"#;
    assert_eq!(check_arguments(deep, 2), Ok(()));
    let escaped = r#"[{"_\u0070laceholder":true,"num":0}]"#;
    assert_eq!(check_arguments(escaped, 1), Ok(()));
    let plain = r#"[{"_placeholder":false,"num":9},{"_placeholder":true,"num":0},{"num":9}]"#;
    assert_eq!(check_arguments(plain, 1), Ok(()));
    assert_eq!(check_arguments(deep, 3), Ok(()), "an attachment that nothing refers to is sent all the same");
    for bad in [
        r#"[{"_placeholder":true,"num":1}]"#,
        r#"[{"_placeholder":true}]"#,
        r#"[{"_placeholder":true,"num":-1}]"#,
        r#"[{"_placeholder":true,"num":0.5}]"#,
        r#"[{"_placeholder":true,"num":"0"}]"#,
        r#"[{"_placeholder":true,"num":0,"num":null}]"#,
    ] {
        assert!(check_arguments(bad, 1).is_err(), "{bad}");
    }
}

#[test]
fn objects_and_values() {
    assert_eq!(check_object(r#" {"a":[1]} "#), Ok(()));
    assert!(check_object("[]").is_err());
    assert!(check_object("{} {}").is_err());
    assert_eq!(check_value("null"), Ok(()));
    assert!(check_value("nul").is_err());
    assert!(check_value("").is_err());
}

proptest! {
    #[test]
    fn texts_are_judged_as_the_parser_does(text in r#"[\[\]{}:,"a1 .e-]{0,12}"#) {
        let expected = serde_json::from_str::<Vec<Value>>(&text).is_ok();
        prop_assert_eq!(check_arguments(&text, 0).is_ok(), expected);
    }

    #[test]
    fn any_text_is_safe_to_check(text in any::<String>(), attachments in 0_usize..3) {
        let _ = check_arguments(&text, attachments);
    }
}

#[test]
fn sizes_are_bounded_before_anything_is_read() {
    let limits = limits();
    assert!(check_size(&payload("[1,2]", &[12, 1]), 2, &limits).is_ok());
    assert_eq!(check_size(&payload("[1,2]", &[12, 1]), 3, &limits), Err(CheckError::PayloadTooLarge(20)));
    assert!(matches!(check_size(&payload("[]", &[0, 0, 0]), 0, &limits), Err(CheckError::InvalidPayload(_))));
}

#[test]
fn commands_are_counted() {
    let (mut checks, limits) = (CommandChecks::default(), limits());
    for _ in 0..3 {
        checks.packet("e", payload("[]", &[]), &limits).unwrap();
    }
    let refused = checks.packet("e", payload("[]", &[]), &limits);
    assert!(matches!(refused, Err(CheckError::RateLimited(text)) if text.contains("3 commands")));
}

#[test]
fn bytes_are_summed_and_a_refused_command_costs_no_bytes() {
    let (mut checks, limits) = (CommandChecks::default(), GatewayLimits { commands: 100, ..limits() });
    checks.spend(60, &limits).unwrap();
    assert!(matches!(checks.spend(50, &limits), Err(CheckError::RateLimited(text)) if text.contains("100 bytes")));
    assert!(checks.spend(usize::MAX, &limits).is_err());
    checks.spend(40, &limits).unwrap();
}

#[test]
fn calls_that_fail_count_too() {
    let (mut checks, limits) = (CommandChecks::default(), limits());
    for _ in 0..3 {
        assert!(matches!(checks.packet("connect", payload("[]", &[]), &limits), Err(CheckError::ReservedEvent(_))));
    }
    assert!(matches!(checks.disconnect(false, &limits), Err(CheckError::RateLimited(_))));
}

#[test]
fn rooms_are_bounded() {
    assert!(check_rooms(&names(&["a", "b"]), &limits()).is_ok());
    assert!(check_rooms(&names(&["a", "b", "c"]), &limits()).is_err());
    assert!(check_rooms(&[" ".repeat(ROOM)], &limits()).is_ok());
    assert!(check_rooms(&[" ".repeat(ROOM + 1)], &limits()).is_err());
    let target = Target { rooms: names(&["a", "b"]), except: names(&["c"]), ..Target::default() };
    assert!(matches!(CommandChecks::default().target(&target, &limits()), Err(CheckError::NotAllowed(_))));
}

#[test]
fn rooms_that_an_event_joins_and_leaves_count_at_once() {
    let (mut checks, limits) =
        (CommandChecks::default(), GatewayLimits { commands: 100, command_bytes: 1_000, ..limits() });
    let now = || names(&["own"]);
    assert_eq!(checks.join(names(&["a"]), now, &limits), Ok(Command::Join(names(&["a"]))));
    assert!(matches!(checks.join(names(&["b"]), now, &limits), Err(CheckError::NotAllowed(_))));
    checks.leave("own".into(), "own", now, &limits).unwrap();
    assert!(checks.join(names(&["b"]), now, &limits).is_err(), "its own room it never leaves");
    checks.leave("a".into(), "own", now, &limits).unwrap();
    assert!(checks.join(names(&["b"]), now, &limits).is_ok());
}

#[test]
fn data_is_a_small_object() {
    let (mut checks, limits) = (CommandChecks::default(), limits());
    assert!(checks.set_data("{}".into(), &limits).is_ok());
    assert!(matches!(checks.set_data("[]".into(), &limits), Err(CheckError::InvalidPayload(_))));
    assert_eq!(checks.set_data("{\"a\":\"long\"}".into(), &limits), Err(CheckError::PayloadTooLarge(10)));
}

#[test]
fn acknowledgements_are_checked() {
    assert_eq!(check_ack(payload("[1]", &[]), &limits()).unwrap().json, "[1]");
    for bad in ["{}", &format!("[{:20}]", 1)] {
        assert!(matches!(check_ack(payload(bad, &[]), &limits()), Err(HandlerError::Failed(_))));
    }
}

#[test]
fn only_connect_can_reject() {
    let rejected = check_rejection(CONNECT, "no".into(), Some("{\"a\":1}".into()), &limits());
    assert!(matches!(rejected, HandlerError::Rejected { message, data: Some(_) } if message == "no"));
    let failed = check_rejection("message", "a\nb".into(), None, &limits());
    assert!(matches!(failed, HandlerError::Failed(text) if text.ends_with("a\\nb")));
}

#[test]
fn rejections_go_to_the_client_and_are_checked() {
    for (message, data) in [("no".to_owned(), Some("{".to_owned())), ("n".repeat(21), None)] {
        assert!(matches!(check_rejection(CONNECT, message, data, &limits()), HandlerError::Failed(_)));
    }
}

#[test]
fn an_event_is_acknowledged_once() {
    let (mut checks, limits) = (CommandChecks::default(), limits());
    let refused = |checks: &mut CommandChecks, wanted| {
        let refused = checks.acknowledge(payload("[1]", &[]), wanted, &limits);
        assert!(matches!(refused, Err(CheckError::NotAllowed(_))), "{refused:?}");
    };
    refused(&mut checks, false);
    assert!(!checks.acknowledged());
    let acknowledged = checks.acknowledge(payload("[1]", &[]), true, &limits);
    assert_eq!(acknowledged, Ok(Command::Acknowledge(payload("[1]", &[]))));
    assert!(checks.acknowledged());
    (0..limits.commands - 1).for_each(|_| refused(&mut checks, true));
    let none_left = checks.acknowledge(payload("[1]", &[]), true, &limits);
    assert!(matches!(none_left, Err(CheckError::RateLimited(_))), "what is refused counts, too");

    let mut checks = CommandChecks::default();
    for bad in ["{}", "[1,2,3,4,5,6,7,8,9,0]"] {
        assert!(checks.acknowledge(payload(bad, &[]), true, &limits).is_err(), "{bad}");
    }
    assert!(checks.acknowledge(payload("[]", &[]), true, &limits).is_ok(), "a bad one was not sent");

    let mut checks = CommandChecks::default();
    while checks.leave("a".into(), "own", Vec::new, &limits).is_ok() {}
    assert!(checks.acknowledge(payload("[1]", &[]), true, &limits).is_ok(), "beside the limits, as what is returned");
}
