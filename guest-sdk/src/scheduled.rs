//! Work that the host starts at certain times: registration, and running it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::RealtimeNamespace;
use crate::bindings::realtime::gateway::types::{HandlerError, Schedule};
use crate::error::Error;
use crate::handler::{Handler, Reply};
use crate::registry;

/// A handler of a schedule with its types erased.
type Boxed = Box<dyn FnOnce(SystemTime) -> Result<(), Error>>;

/// Schedules that are being registered.
#[derive(Default)]
pub(crate) struct Plan {
    /// Those so far.
    schedules: Vec<Schedule>,
    /// The one that is to run; none if the host only asks for all.
    wanted: Option<Wanted>,
}

struct Wanted {
    name: String,
    handler: Option<Boxed>,
}

/// The arguments of a schedule's handler: none, or the time at which it was to begin.
#[diagnostic::on_unimplemented(
    message = "the handler of a schedule cannot take the arguments `{Self}`",
    note = "it takes nothing, or the `std::time::SystemTime` at which it was to begin"
)]
pub trait FromDue: Sized {
    #[doc(hidden)]
    fn from_due(due: SystemTime) -> Self;
}

impl FromDue for () {
    fn from_due(_: SystemTime) -> Self {}
}

impl FromDue for (SystemTime,) {
    fn from_due(due: SystemTime) -> Self {
        (due,)
    }
}

/// Schedules: handlers that the host runs at certain times.
///
/// They need a word in the crate's export: `guest_sdk::export!(register, scheduled)`.
impl RealtimeNamespace {
    /// Registers a handler that the host runs at certain times: at an interval, such as `every 10s` or `every 1h 30m`, or as
    /// a cron expression of five fields says (minute, hour, day of the month, month, day of the week), in UTC.
    ///
    /// It runs in a fresh instance without a socket: broadcasts, `fetch_sockets` and [`kv`](RealtimeNamespace::kv) work,
    /// [`socket`](RealtimeNamespace::socket) has nothing. It takes no argument, or the [`SystemTime`] at which it was to
    /// begin. What it returns is as in [`Socket::on`](crate::Socket::on), but nobody gets it; an error is logged.
    ///
    /// A run that is due while the last one still goes is skipped. The page `docs/schedules.md` has all that holds.
    ///
    /// ```no_run
    /// use std::time::SystemTime;
    /// use guest_sdk::{Error, RealtimeNamespace};
    ///
    /// guest_sdk::export!(register, scheduled);
    ///
    /// fn register() -> RealtimeNamespace {
    ///     let ns = RealtimeNamespace::new("/clock");
    ///     ns.schedule("every 10s", move || ns.emit("tick", ()));
    ///     ns.schedule("*/15 * * * *", move |due: SystemTime| -> Result<(), Error> {
    ///         println!("due at {due:?}: {} sockets", ns.count_sockets()?);
    ///         Ok(())
    ///     });
    ///     ns
    /// }
    /// # fn main() {}
    /// ```
    pub fn schedule<Params, Kind, H>(self, times: &str, handler: H) -> Self
    where
        Params: FromDue,
        H: Handler<Params>,
        H::Output: Reply<Kind>,
    {
        self.register_schedule(times, None, handler)
    }

    /// As [`schedule`](RealtimeNamespace::schedule), with a cron expression in a time zone, by its IANA name.
    ///
    /// Where clocks are set forward, a time that does not exist is run as much later; where they are set back, one that
    /// comes twice is run the first time.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/office");
    /// ns.schedule_in("0 9 * * mon-fri", "Europe/Berlin", move || ns.emit("goodMorning", ()));
    /// ```
    pub fn schedule_in<Params, Kind, H>(self, times: &str, time_zone: &str, handler: H) -> Self
    where
        Params: FromDue,
        H: Handler<Params>,
        H::Output: Reply<Kind>,
    {
        self.register_schedule(times, Some(time_zone), handler)
    }

    fn register_schedule<Params, Kind, H>(self, times: &str, time_zone: Option<&str>, handler: H) -> Self
    where
        Params: FromDue,
        H: Handler<Params>,
        H::Output: Reply<Kind>,
    {
        let run = move |due| handler.call(Params::from_due(due)).into_reply().map(|_| ());
        registry::with_plan(times, |plan| plan.add(times, time_zone, run));
        self
    }
}

impl Plan {
    fn add(
        &mut self,
        times: &str,
        time_zone: Option<&str>,
        run: impl FnOnce(SystemTime) -> Result<(), Error> + 'static,
    ) {
        let name = self.name(times, time_zone);
        if let Some(wanted) = self.wanted.as_mut().filter(|wanted| wanted.name == name) {
            wanted.handler = Some(Box::new(run));
        }
        let (times, time_zone) = (times.to_owned(), time_zone.map(str::to_owned));
        self.schedules.push(Schedule { name, times, time_zone });
    }

    /// The schedule's times; the second one with the same times also has its number.
    fn name(&self, times: &str, time_zone: Option<&str>) -> String {
        let same = |schedule: &&Schedule| schedule.times == times && schedule.time_zone.as_deref() == time_zone;
        let earlier = self.schedules.iter().filter(same).count();
        let zone = time_zone.map(|zone| format!(" {zone}")).unwrap_or_default();
        if earlier == 0 { format!("{times}{zone}") } else { format!("{times}{zone} #{}", earlier + 1) }
    }
}

/// The component's schedules.
#[doc(hidden)]
pub fn schedules(register: fn() -> RealtimeNamespace) -> Vec<Schedule> {
    registry::plan(register, Plan::default()).schedules
}

/// Runs the handler of a schedule, which was to begin at so many milliseconds since 1970.
#[doc(hidden)]
pub fn run(register: fn() -> RealtimeNamespace, name: String, due: u64) -> Result<(), HandlerError> {
    let wanted = Some(Wanted { name: name.clone(), handler: None });
    let plan = registry::plan(register, Plan { schedules: Vec::new(), wanted });
    let Some(handler) = plan.wanted.and_then(|wanted| wanted.handler) else {
        return Err(HandlerError::Failed(format!("there is no schedule `{name}`")));
    };
    handler(UNIX_EPOCH + Duration::from_millis(due)).map_err(|error| error.into_handler_error(&name))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::Outcome;

    thread_local!(static RUN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) });

    fn note(text: &str) {
        RUN.with_borrow_mut(|run| run.push(text.to_owned()));
    }

    fn example() -> RealtimeNamespace {
        let ns = RealtimeNamespace::new("/example");
        ns.schedule("every 10s", || note("first")).schedule("every 10s", || note("second"));
        ns.socket().on("a", || ());
        ns.schedule_in("0 9 * * 1", "Europe/Berlin", |due: SystemTime| note(&format!("{due:?}")));
        ns.schedule("0 9 * * 1", || -> Result<(), Error> { Err(Error::msg("it fails")) });
        ns
    }

    #[test]
    fn schedules_are_named_by_their_times() {
        let names: Vec<_> = schedules(example).into_iter().map(|schedule| schedule.name).collect();
        assert_eq!(names, ["every 10s", "every 10s #2", "0 9 * * 1 Europe/Berlin", "0 9 * * 1"]);
    }

    #[test]
    fn only_the_one_that_is_due_runs() {
        assert!(run(example, "every 10s #2".to_owned(), 0).is_ok());
        assert!(run(example, "every 10s".to_owned(), 0).is_ok());
        assert!(run(example, "0 9 * * 1 Europe/Berlin".to_owned(), 1_500).is_ok());
        let due = UNIX_EPOCH + Duration::from_millis(1_500);
        assert_eq!(RUN.take(), ["second".to_owned(), "first".to_owned(), format!("{due:?}")]);
    }

    #[test]
    fn errors_are_failures() {
        let failed = |name: &str| match run(example, name.to_owned(), 0) {
            Err(HandlerError::Failed(text)) => text,
            _ => panic!("it did not fail"),
        };
        assert_eq!(failed("0 9 * * 1"), "it fails");
        assert_eq!(failed("every 1s"), "there is no schedule `every 1s`");
    }

    #[test]
    fn commands_and_values_are_results_too() {
        fn register() -> RealtimeNamespace {
            RealtimeNamespace::default()
                .schedule("every 1s", || 1)
                .schedule("every 2s", || -> Outcome { unreachable!() })
        }
        assert!(run(register, "every 1s".to_owned(), 0).is_ok());
    }

    #[test]
    #[should_panic(expected = "write `guest_sdk::export!(register, scheduled)`")]
    fn schedules_without_their_export_are_told() {
        registry::describe(example);
    }

    #[test]
    fn with_their_export_the_component_describes_itself() {
        assert_eq!(registry::describe_with_schedules(example).events, ["a"]);
    }
}
