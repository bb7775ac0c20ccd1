//! What can handle an event: functions, their arguments and what they return.

use crate::args::{Args, FromArg};
use crate::bindings::realtime::gateway::types::Payload;
use crate::encode::IntoArgs;
use crate::error::{ConnectError, Error};
use crate::outcome::Outcome;

/// A function or closure of zero to eight arguments that handles an event.
///
/// What it can take is told by [`FromArg`], what it can return by [`Reply`]. The bounds on both stand beside the one on
/// `Handler`, not in its implementations: so the compiler names the argument that does not fit, not the whole closure.
///
/// ```no_run
/// use guest_sdk::RealtimeNamespace;
///
/// fn greet(name: String, formal: Option<bool>) -> String {
///     if formal.unwrap_or(false) { format!("Good day, {name}.") } else { format!("Hi {name}!") }
/// }
///
/// let ns = RealtimeNamespace::new("/greetings");
/// ns.socket().on("greet", greet);
/// ns.socket().on("wave", move || ns.socket().broadcast().emit("wave", ns.socket().id()));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    label = "not a handler",
    note = "a handler is a function or a closure of zero to eight arguments that owns what it captures"
)]
pub trait Handler<Params>: 'static {
    /// What the function returns.
    type Output;

    #[doc(hidden)]
    fn call(self, params: Params) -> Self::Output;
}

/// The arguments of a handler: a tuple of zero to eight types that are [`FromArg`].
///
/// ```no_run
/// use guest_sdk::{Args, RealtimeNamespace};
///
/// let ns = RealtimeNamespace::new("/chat");
/// // (String, u32, Args)
/// ns.socket().on("say", |room: String, urgency: u32, more: Args| println!("{room} {urgency} {}", more.json()));
/// ```
#[diagnostic::on_unimplemented(
    message = "a handler cannot take the arguments `{Self}`",
    note = "each argument is an owned type that implements `serde::Deserialize`, or `guest_sdk::Args`; at most eight"
)]
pub trait FromArgs: Sized {
    #[doc(hidden)]
    fn from_args(args: Args) -> Result<Self, Error>;
}

impl<F, R> Handler<()> for F
where
    F: FnOnce() -> R + 'static,
{
    type Output = R;

    fn call(self, (): ()) -> R {
        self()
    }
}

impl FromArgs for () {
    fn from_args(_: Args) -> Result<Self, Error> {
        Ok(())
    }
}

macro_rules! functions_of {
    ($($param:ident $index:literal),*) => {
        impl<F, R, $($param),*> Handler<($($param,)*)> for F
        where
            F: FnOnce($($param),*) -> R + 'static,
        {
            type Output = R;

            #[expect(non_snake_case, reason = "a variable for each type parameter, of its name")]
            fn call(self, ($($param,)*): ($($param,)*)) -> R {
                self($($param),*)
            }
        }

        impl<$($param: FromArg),*> FromArgs for ($($param,)*) {
            fn from_args(mut args: Args) -> Result<Self, Error> {
                Ok(($($param::from_arg(&mut args, $index)?,)*))
            }
        }
    };
}

functions_of!(A 0);
functions_of!(A 0, B 1);
functions_of!(A 0, B 1, C 2);
functions_of!(A 0, B 1, C 2, D 3);
functions_of!(A 0, B 1, C 2, D 3, E 4);
functions_of!(A 0, B 1, C 2, D 3, E 4, G 5);
functions_of!(A 0, B 1, C 2, D 3, E 4, G 5, H 6);
functions_of!(A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7);

/// What a handler can return: the acknowledgement, where the client waits for one.
///
/// | value | acknowledgement |
/// |---|---|
/// | `()` | without arguments: the client learns that it was done |
/// | anything that can be emitted ([`IntoArgs`]): a value, a tuple, [`Args`] | its arguments |
/// | [`Outcome`](crate::Outcome) | as `()`, or as the error |
/// | `Result<_, Error>` | that of the value; none for an error, which the host logs |
/// | `Result<_, ConnectError>` | in `$connect`: accepts or refuses the connection |
///
/// A `Result` with another error that is `Serialize`, such as `Result<_, String>`, is a value like any other to serde: it
/// acknowledges with `{"Ok":…}` or `{"Err":…}`.
///
/// ```no_run
/// use guest_sdk::{Error, RealtimeNamespace};
///
/// let ns = RealtimeNamespace::new("/math");
/// ns.socket().on("add", |a: f64, b: f64| a + b);
/// ns.socket().on("divide", |a: u64, b: u64| (a / b.max(1), a % b.max(1)));
/// ns.socket().on("parse", |text: String| -> Result<i32, Error> { Ok(text.parse()?) });
/// ```
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    label = "cannot be an acknowledgement",
    note = "a handler returns nothing, what implements `serde::Serialize`, or a `Result` of these whose error is \
            `guest_sdk::Error` or `guest_sdk::ConnectError`"
)]
pub trait Reply<Kind> {
    #[doc(hidden)]
    fn into_reply(self) -> Result<Payload, Error>;
}

/// The kinds of [`Reply`], which the compiler works out. A trait without this parameter could not be implemented for
/// results beside everything that is `Serialize`: for all it knows, serde may add `Result<T, Error>` to that.
#[doc(hidden)]
pub enum Value {}
#[doc(hidden)]
pub enum Command {}
#[doc(hidden)]
pub struct Fallible<Kind>(Kind);
#[doc(hidden)]
pub struct Refusable<Kind>(Kind);

// So that the compiler talks of `Reply` where neither this nor the others fit.
#[diagnostic::do_not_recommend]
impl<T: IntoArgs> Reply<Value> for T {
    fn into_reply(self) -> Result<Payload, Error> {
        match self.into_payload() {
            Ok(payload) => Ok(payload),
            Err(error) => Err(Error::of_call(format_args!("acknowledgement"), error)),
        }
    }
}

impl Reply<Command> for Outcome {
    fn into_reply(self) -> Result<Payload, Error> {
        self.result()?;
        ().into_reply()
    }
}

impl<Kind, R: Reply<Kind>> Reply<Fallible<Kind>> for Result<R, Error> {
    fn into_reply(self) -> Result<Payload, Error> {
        self?.into_reply()
    }
}

impl<Kind, R: Reply<Kind>> Reply<Refusable<Kind>> for Result<R, ConnectError> {
    fn into_reply(self) -> Result<Payload, Error> {
        self?.into_reply()
    }
}
