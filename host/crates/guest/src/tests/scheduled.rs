//! Schedules, on both engines: how a component lists them, and what happens in a run.

use std::fmt::Write as _;

use super::*;

/// A guest with one schedule, whose runs do only this.
fn run(run: &str) -> Guest<'_> {
    Guest { scheduled: Some(Scheduled { list: EVERY_SECOND, run }), ..Guest::default() }
}

/// One schedule `a` with the times `every 1s`, at 3100; its texts are at 3200.
const EVERY_SECOND: &str = r#"
  (i32.store (i32.const 3072) (i32.const 3100)) (i32.store (i32.const 3076) (i32.const 1))
  (i32.store (i32.const 3100) (i32.const 512)) (i32.store (i32.const 3104) (i32.const 1))
  (i32.store (i32.const 3108) (i32.const 3200)) (i32.store (i32.const 3112) (i32.const 8))
  (i64.store (i32.const 3200) (i64.const 0x7331207972657665))"#;

impl Served {
    async fn run_schedule(&self) -> (Result<(), HandlerError>, Vec<String>) {
        let context = EventContext::without_socket(self.namespace.clone());
        let due = jiff::Timestamp::from_millisecond(5_000).unwrap();
        let outcome = EventHandler::run(self.handler.clone(), "a".into(), due, context).await;
        (outcome, std::mem::take(&mut *self.journal.lines.lock()))
    }
}

#[tokio::test]
async fn schedules_are_part_of_the_description() {
    for calls in BOTH {
        let served = serve(run(""), calls, &limits()).await;
        let schedules = &served.handler.description().schedules;
        let told: Vec<_> = schedules.iter().map(|one| format!("{} {}", one.name, one.times)).collect();
        assert_eq!(told, ["a every 1s"], "{calls:?}");
        assert!(serve(handle(""), calls, &limits()).await.handler.description().schedules.is_empty());
    }
}

#[tokio::test]
async fn a_run_gets_its_name_and_time_and_its_commands_take_effect() {
    let mut expects = String::from("(drop (call $join (i32.const 0)))");
    for wrong in [
        "(i32.ne (local.get $name-length) (i32.const 1))",
        "(i32.ne (i32.load8_u (local.get $name)) (i32.const 97))",
        "(i64.ne (local.get $due) (i64.const 5000))",
    ] {
        write!(expects, "(if {wrong} (then unreachable))").unwrap();
    }
    for calls in BOTH {
        let served = serve(run(&expects), calls, &limits()).await;
        let (outcome, lines) = served.run_schedule().await;
        assert!(outcome.is_ok(), "{calls:?}: {outcome:?}");
        assert_eq!(lines, ["join a"]);
    }
}

#[tokio::test]
async fn a_trap_loses_what_was_called_and_an_error_does_not() {
    let trap = "(drop (call $join (i32.const 0))) unreachable";
    // The error case with its third variant: failed("a").
    let error = "(drop (call $join (i32.const 0))) (i32.store (i32.const 2048) (i32.const 1))
        (i32.store (i32.const 2052) (i32.const 2)) (i32.store (i32.const 2056) (i32.const 512))
        (i32.store (i32.const 2060) (i32.const 1))";
    for calls in BOTH {
        let (outcome, lines) = serve(run(trap), calls, &limits()).await.run_schedule().await;
        assert!(matches!(outcome, Err(HandlerError::Trapped(_))), "{calls:?}: {outcome:?}");
        assert_eq!(lines, [""; 0]);
        let (outcome, lines) = serve(run(error), calls, &limits()).await.run_schedule().await;
        assert!(matches!(outcome, Err(HandlerError::Failed(text)) if text == "a"), "{calls:?}");
        assert_eq!(lines, ["join a"]);
    }
}

#[tokio::test]
async fn a_run_has_the_time_of_an_event() {
    let limits = within(SHORT);
    for calls in BOTH {
        let (outcome, _) = serve(run(LOOP), calls, &limits).await.run_schedule().await;
        assert!(matches!(outcome, Err(HandlerError::TimedOut(_))), "{calls:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn schedules_that_are_not_valid_are_refused() {
    // `every 0s` in place of `every 1s`.
    let list = format!("{EVERY_SECOND} (i32.store8 (i32.const 3206) (i32.const 48))");
    let guest = Guest { scheduled: Some(Scheduled { list: &list, run: "" }), ..Guest::default() };
    let error = load(guest.component(Calls::Plain), &limits()).await.err().unwrap();
    assert_eq!(error.to_string(), "the schedule `every 0s` is no interval from one second to 366 days");
}

#[tokio::test]
async fn listing_schedules_must_not_fail() {
    let guest = Guest { scheduled: Some(Scheduled { list: "unreachable", run: "" }), ..Guest::default() };
    for calls in BOTH {
        let error = load(guest.component(calls), &limits()).await.err().unwrap();
        assert!(matches!(error, LoadReason::Describe(HandlerError::Trapped(_))), "{error:?}");
    }
}
