//! The arguments of an event, an acknowledgement or an answer, and how handlers get them.

use std::cell::OnceCell;
use std::ops::Range;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Bytes;
use crate::binary::{AttachmentScope, Placeholder};
use crate::bindings::realtime::gateway::types::{self, Payload};
use crate::encode::IntoArgs;
use crate::error::{Error, ErrorKind};
use crate::json::{self, Problem};

/// Arguments that are not decoded yet: all that a client sent, or those that a handler's earlier parameters left.
///
/// As the last parameter of a handler it takes the remaining arguments, of any number and type. `emit_with_ack` returns
/// it too. It can be emitted and returned, and then passes its arguments on, binary data included, without decoding
/// them.
///
/// ```no_run
/// use guest_sdk::{Args, RealtimeNamespace};
///
/// let ns = RealtimeNamespace::new("/relay");
/// ns.socket().on("echo", |args: Args| args);
/// ns.socket().on("tell", move |room: String, args: Args| ns.socket().to(room).emit("told", args));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Args {
    json: String,
    attachments: Vec<Bytes>,
    /// Where in `json` each argument is; filled at the first use.
    spans: OnceCell<Vec<Range<usize>>>,
}

impl Args {
    /// The arguments that `emit` would send, mostly for tests of handlers.
    ///
    /// # Errors
    ///
    /// The value cannot be written as JSON, such as a map whose keys are not text.
    ///
    /// ```
    /// let args = guest_sdk::Args::new(("general", 3))?;
    /// assert_eq!(args.len(), 2);
    /// # Ok::<(), guest_sdk::Error>(())
    /// ```
    pub fn new(args: impl IntoArgs) -> Result<Self, Error> {
        match args.into_payload() {
            Ok(payload) => Ok(payload.into()),
            Err(error) => Err(Error::of_call(format_args!("arguments"), error)),
        }
    }

    /// How many arguments there are.
    ///
    /// ```
    /// assert_eq!(guest_sdk::Args::new(("general", 3))?.len(), 2);
    /// # Ok::<(), guest_sdk::Error>(())
    /// ```
    pub fn len(&self) -> usize {
        self.spans().len()
    }

    /// Whether there are no arguments.
    ///
    /// ```
    /// assert!(guest_sdk::Args::new(())?.is_empty());
    /// # Ok::<(), guest_sdk::Error>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.spans().is_empty()
    }

    /// The argument at an index, counted from 0. A missing argument reads as JSON's `null`, so an `Option` is `None`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArguments`]: the argument is not a `T`. The text names its position, counted from 1, and the
    /// reason.
    ///
    /// ```
    /// let args = guest_sdk::Args::new(("general", 3))?;
    /// assert_eq!(args.get::<String>(0)?, "general");
    /// assert_eq!(args.get::<Option<bool>>(2)?, None);
    ///
    /// let error = args.get::<bool>(1).unwrap_err();
    /// assert_eq!(error.to_string(), "argument 2: expected a boolean, found a number");
    /// # Ok::<(), guest_sdk::Error>(())
    /// ```
    pub fn get<T: DeserializeOwned>(&self, index: usize) -> Result<T, Error> {
        let _scope = AttachmentScope::enter(&self.attachments);
        json::from_str(self.text(index)).map_err(|problem| self.invalid(index, problem))
    }

    /// All arguments as JSON values. JSON has no binary data: in its place is `{"_placeholder":true,"num":N}`, for
    /// number N of the [`attachments`](Args::attachments).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArguments`]: a number is out of range or the nesting is too deep (128 levels).
    ///
    /// ```
    /// use guest_sdk::{Args, json};
    ///
    /// assert_eq!(Args::new(("general", [3]))?.values()?, [json!("general"), json!([3])]);
    /// # Ok::<(), guest_sdk::Error>(())
    /// ```
    pub fn values(&self) -> Result<Vec<Value>, Error> {
        (0..self.len()).map(|index| self.get(index)).collect()
    }

    /// The arguments as the text of a JSON array, as on the wire.
    ///
    /// ```
    /// assert_eq!(guest_sdk::Args::new(("general", 3))?.json(), r#"["general",3]"#);
    /// # Ok::<(), guest_sdk::Error>(())
    /// ```
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The binary data in the arguments, in the order of their placeholders' numbers.
    ///
    /// ```
    /// use guest_sdk::{Args, Bytes};
    ///
    /// let image = Bytes::from(vec![1, 2, 3]);
    /// assert_eq!(Args::new(("image", &image))?.attachments(), [image]);
    /// # Ok::<(), guest_sdk::Error>(())
    /// ```
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    fn text(&self, index: usize) -> &str {
        self.spans().get(index).and_then(|span| self.json.get(span.clone())).unwrap_or("null")
    }

    fn spans(&self) -> &[Range<usize>] {
        self.spans.get_or_init(|| {
            // The host passes arrays only. Anything else counts as no arguments.
            json::elements(&self.json).unwrap_or_default()
        })
    }

    fn invalid(&self, index: usize, problem: Problem) -> Error {
        let position = index + 1;
        let text = match self.spans().get(index) {
            Some(_) => format!("argument {position}: {problem}"),
            None => format!("argument {position} is missing"),
        };
        Error::new(ErrorKind::InvalidArguments, text)
    }

    /// The arguments from an index on. From index 0 on they are moved out as they are, not copied.
    fn rest(&mut self, index: usize) -> Result<Self, Error> {
        if index == 0 {
            return Ok(std::mem::take(self));
        }
        let mut rest = String::from("[");
        if let Some(first) = self.spans().get(index) {
            rest.push_str(self.json.get(first.start..).unwrap_or_default());
        } else {
            rest.push(']');
        }
        let mut attachments = Vec::new();
        if !self.attachments.is_empty() {
            // A payload must carry exactly the attachments that it refers to.
            rest = json::replace_objects(&rest, |placeholder: Placeholder| {
                attachments.push(self.attachments.get(placeholder.number()?)?.clone());
                Some(Placeholder::json(attachments.len() - 1))
            })?;
        }
        Ok(Self { json: rest, attachments, spans: OnceCell::new() })
    }
}

impl From<Payload> for Args {
    fn from(payload: Payload) -> Self {
        let attachments = payload.attachments.into_iter().map(Bytes::from).collect();
        Self { json: payload.json, attachments, spans: OnceCell::new() }
    }
}

impl IntoArgs for Args {
    fn into_payload(self) -> Result<Payload, types::Error> {
        Ok(Payload { json: self.json, attachments: self.attachments.into_iter().map(Vec::from).collect() })
    }
}

impl IntoArgs for &Args {
    fn into_payload(self) -> Result<Payload, types::Error> {
        self.clone().into_payload()
    }
}

/// A type that a handler can have as a parameter.
///
/// | type | takes |
/// |---|---|
/// | any `serde::de::DeserializeOwned`, such as a struct, `String`, `serde_json::Value` | one argument |
/// | [`Bytes`](crate::Bytes), alone or inside other types | binary data |
/// | `Option<T>` | an argument that may be missing or `null` |
/// | [`Args`](crate::Args), last | all remaining arguments |
///
/// If an argument does not fit its parameter, the handler does not run: the host logs the event's name and the reason,
/// and nothing is acknowledged. Surplus arguments are ignored.
///
/// ```no_run
/// use guest_sdk::serde::Deserialize;
/// use guest_sdk::{Bytes, RealtimeNamespace};
///
/// #[derive(Deserialize)]
/// #[serde(crate = "guest_sdk::serde")]
/// struct Stroke {
///     color: String,
///     points: Vec<(f32, f32)>,
/// }
///
/// let ns = RealtimeNamespace::new("/draw");
/// ns.socket().on("stroke", move |stroke: Stroke, layer: Option<u8>| {
///     println!("{} points in {} on {layer:?}", stroke.points.len(), stroke.color);
/// });
/// ns.socket().on("image", move |image: Bytes| println!("{} bytes", image.len()));
/// ```
#[diagnostic::on_unimplemented(
    message = "a handler cannot take an argument of type `{Self}`",
    label = "cannot be decoded from what a client sends",
    note = "derive `serde::Deserialize` for it; it cannot borrow: `String`, not `&str`"
)]
pub trait FromArg: Sized {
    #[doc(hidden)]
    fn from_arg(args: &mut Args, index: usize) -> Result<Self, Error>;
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> FromArg for T {
    fn from_arg(args: &mut Args, index: usize) -> Result<Self, Error> {
        args.get(index)
    }
}

impl FromArg for Args {
    fn from_arg(args: &mut Args, index: usize) -> Result<Self, Error> {
        args.rest(index)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    fn args(json: &str, attachments: &[&[u8]]) -> Args {
        Payload { json: json.to_owned(), attachments: attachments.iter().map(|bytes| bytes.to_vec()).collect() }.into()
    }

    const TWO: &str = r#"[{"_placeholder":true,"num":1},{"num":0,"_placeholder":true}]"#;

    #[test]
    fn binary_data_is_taken_from_the_attachments_at_any_depth() {
        #[derive(Deserialize)]
        struct File {
            #[serde(flatten)]
            more: std::collections::BTreeMap<String, Option<Bytes>>,
            parts: Vec<Bytes>,
        }
        #[derive(Deserialize)]
        #[serde(tag = "type")]
        enum Tagged {
            Image { content: Bytes },
        }

        let args = args(
            r#"[{"parts":[{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}],"a":{"num":1,"_placeholder":true}},
                {"type":"Image","content":{"_placeholder":true,"num":2}}]"#,
            &[b"zero", b"one", b"two"],
        );
        let file: File = args.get(0).unwrap();
        assert_eq!((&*file.parts[0], &*file.parts[1]), (&b"zero"[..], &b"zero"[..]));
        assert_eq!(file.more["a"].as_deref(), Some(&b"one"[..]));
        let Tagged::Image { content } = args.get(1).unwrap();
        assert_eq!(&*content, b"two");
    }

    #[test]
    fn what_only_looks_like_a_placeholder_is_an_error() {
        let problem = |json, attachments| args(json, attachments).get::<Bytes>(0).unwrap_err().to_string();
        assert_eq!(problem(TWO, &[]), "argument 1: the attachment is missing");
        assert_eq!(problem(r#"[{"_placeholder":false,"num":0}]"#, &[b"a"]), "argument 1: the attachment is missing");
        assert_eq!(
            problem(r#"[{"num":-1,"_placeholder":true}]"#, &[b"a"]),
            "argument 1: expected usize, found a number that does not fit"
        );
        assert!(problem("[{}]", &[b"a"]).starts_with("argument 1: missing field"));
    }

    #[test]
    fn attachments_of_one_event_are_not_those_of_the_next() {
        args(TWO, &[b"a", b"b"]).get::<Bytes>(0).unwrap();
        assert!(args(TWO, &[]).get::<Bytes>(0).is_err());
    }

    #[test]
    fn all_arguments_pass_through_untouched() {
        let mut all = args(TWO, &[b"a", b"b"]);
        let payload = Args::from_arg(&mut all, 0).unwrap().into_payload().unwrap();
        assert_eq!((payload.json.as_str(), payload.attachments), (TWO, vec![b"a".to_vec(), b"b".to_vec()]));
    }

    #[test]
    fn the_rest_has_its_own_attachments_only() {
        let json = r#"[{"_placeholder":true,"num":0}, 1,{"b":{"_placeholder":true,"num":2}},{"_placeholder":true,"num":1},"{"]"#;
        let mut all = args(json, &[b"a", b"b", b"c"]);
        let rest = Args::from_arg(&mut all, 1).unwrap();
        assert_eq!(rest.json(), r#"[1,{"b":{"_placeholder":true,"num":0}},{"_placeholder":true,"num":1},"{"]"#);
        assert_eq!(rest.attachments(), [Bytes::from(&b"c"[..]), Bytes::from(&b"b"[..])]);
        assert_eq!(rest.len(), 4);
        assert_eq!(Args::from_arg(&mut all, 9).unwrap().json(), "[]");
    }
}
