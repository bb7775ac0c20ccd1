//! Handlers: which functions can handle an event, with which arguments and return values.

use crate::args::{Args, FromArg};
use crate::bindings::realtime::gateway::types::Payload;
use crate::encode::IntoArgs;
use crate::error::{ConnectError, Error};
use crate::outcome::Outcome;

/// A function or closure of zero to eight arguments that handles an event.
///
/// [`FromArg`] lists the types of parameters, [`Reply`] those of return values. `Socket::on` has the bounds on both,
/// not the implementations of `Handler`: so the compiler names the argument that does not fit, not the whole closure.
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
    /// The function's return type.
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

            #[expect(non_snake_case, reason = "each variable has the name of its type parameter")]
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

/// A type that a handler can return. The value is the acknowledgement, if the client waits for one.
///
/// | value | acknowledgement |
/// |---|---|
/// | `()` | without arguments: the client learns that the handler is done |
/// | anything that can be emitted ([`IntoArgs`]): a value, a tuple, [`Args`] | its arguments |
/// | [`Outcome`](crate::Outcome) | that of `()`, or none for an error, which the host logs |
/// | `Result<_, Error>` | that of the value, or none for an error, which the host logs |
/// | `Result<_, ConnectError>` | in `$connect`: accepts or refuses the connection |
///
/// A `Result` whose error is another `Serialize` type, such as `Result<_, String>`, is an ordinary value to serde: it
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

/// The kinds of [`Reply`], which the compiler infers. Without this parameter the trait could not be implemented both
/// for results and for all `Serialize` types: to the compiler, serde may yet implement `Serialize` for `Result<T,
/// Error>`.
#[doc(hidden)]
pub enum Plain {}
#[doc(hidden)]
pub enum Command {}
#[doc(hidden)]
pub struct Fallible<Kind>(Kind);
#[doc(hidden)]
pub struct Refusable<Kind>(Kind);

// So that the compiler names `Reply` when neither this implementation nor the others fit.
#[diagnostic::do_not_recommend]
impl<T: IntoArgs> Reply<Plain> for T {
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
