//! Encodes Rust values as the arguments of an event or an acknowledgement.

use std::any;
use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::binary::Placeholder;
use crate::bindings::realtime::gateway::types::{self, Payload};

/// A value that can be emitted: any [`Serialize`], and [`Args`](crate::Args).
///
/// | value | arguments |
/// |---|---|
/// | `()` | none |
/// | a tuple `(a, b)` | several: `a` and `b` |
/// | [`Args`](crate::Args) | those that it holds |
/// | anything else | one, also for arrays and tuple structs |
///
/// To send a tuple as one argument, wrap it in another: `((x, y),)`. [`Bytes`](crate::Bytes) at any depth become
/// attachments.
///
/// ```
/// use guest_sdk::Args;
///
/// assert_eq!(Args::new(())?.json(), "[]");
/// assert_eq!(Args::new("hello")?.json(), r#"["hello"]"#);
/// assert_eq!(Args::new(("hello", 2))?.json(), r#"["hello",2]"#);
/// assert_eq!(Args::new([1, 2])?.json(), "[[1,2]]");
/// assert_eq!(Args::new(((1, 2),))?.json(), "[[1,2]]");
/// # Ok::<(), guest_sdk::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent to a client",
    label = "cannot be sent to a client",
    note = "derive `serde::Serialize` for it; several arguments are a tuple, none is `()`"
)]
pub trait IntoArgs {
    #[doc(hidden)]
    fn into_payload(self) -> Result<Payload, types::Error>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> IntoArgs for T {
    fn into_payload(self) -> Result<Payload, types::Error> {
        encode(Shape::of(any::type_name::<T>()), &|encoder| self.serialize(encoder))
    }
}

/// The JSON text of a value for a place that has no attachments.
pub(crate) fn to_json(value: &impl Serialize) -> Result<String, types::Error> {
    let Payload { json, attachments } = encode(Shape::Tuple, &|encoder| value.serialize(encoder))?;
    if attachments.is_empty() {
        Ok(json)
    } else {
        Err(types::Error::InvalidPayload("binary data is not allowed here".into()))
    }
}

type Encoder<'a> = Serializer<&'a mut Vec<u8>, Placeholders<'a>>;

/// Not generic, so that a component contains it only once.
fn encode(
    shape: Shape,
    serialize: &dyn Fn(&mut Encoder<'_>) -> serde_json::Result<()>,
) -> Result<Payload, types::Error> {
    let mut json = Vec::with_capacity(128);
    let mut attachments = Vec::new();
    if shape != Shape::Tuple {
        json.push(b'[');
    }
    if shape != Shape::Unit {
        serialize(&mut Serializer::with_formatter(&mut json, Placeholders(&mut attachments)))
            .map_err(|error| types::Error::InvalidPayload(error.to_string()))?;
    }
    if shape != Shape::Tuple {
        json.push(b']');
    }
    let json = String::from_utf8(json).map_err(|_| types::Error::InvalidPayload("not UTF-8".into()))?;
    Ok(Payload { json, attachments })
}

/// How the JSON of a value becomes an array of arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// `()`, `null` in JSON, means no arguments.
    Unit,
    /// A tuple's JSON already is the array of arguments.
    Tuple,
    /// Anything else is one argument.
    One,
}

impl Shape {
    /// Recognizes tuples by the name of their type. Serialization cannot: serde calls `serialize_tuple` for arrays of
    /// fixed size too, and `emit("position", [x, y])` must send one argument. A trait cannot either: an implementation
    /// for tuples would overlap with the one for all `Serialize` types.
    fn of(type_name: &str) -> Self {
        let mut name = type_name.as_bytes();
        while let [b'&', rest @ ..] = name {
            name = rest.strip_prefix(b"mut ").unwrap_or(rest);
        }
        match name {
            b"()" => Self::Unit,
            [b'(', ..] => Self::Tuple,
            _ => Self::One,
        }
    }
}

/// Writes compact JSON with a placeholder for each byte array, and collects the byte arrays.
struct Placeholders<'a>(&'a mut Vec<Vec<u8>>);

impl Formatter for Placeholders<'_> {
    fn write_byte_array<W: io::Write + ?Sized>(&mut self, writer: &mut W, bytes: &[u8]) -> io::Result<()> {
        let number = self.0.len();
        self.0.push(bytes.to_vec());
        writer.write_all(Placeholder::json(number).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::Bytes;

    fn json(args: impl IntoArgs) -> String {
        args.into_payload().unwrap().json
    }

    #[test]
    fn a_tuple_is_several_arguments_and_unit_is_none() {
        assert_eq!(json(()), "[]");
        assert_eq!(json(((),)), "[null]");
        assert_eq!(json((1,)), "[1]");
        assert_eq!(json(("a", 2, [true])), r#"["a",2,[true]]"#);
        assert_eq!(json(((1, 2), ())), "[[1,2],null]");
    }

    #[test]
    fn a_reference_is_what_it_refers_to() {
        assert_eq!(Shape::of(any::type_name::<&()>()), Shape::Unit);
        assert_eq!(Shape::of(any::type_name::<&&mut (u8, u8)>()), Shape::Tuple);
        assert_eq!(Shape::of(any::type_name::<&[u8; 2]>()), Shape::One);
    }

    #[test]
    fn anything_else_is_one_argument() {
        #[derive(Serialize)]
        struct Point(i32, i32);
        #[derive(Serialize)]
        struct Nothing;

        assert_eq!(json("hi"), r#"["hi"]"#);
        assert_eq!(json([1, 2]), "[[1,2]]");
        assert_eq!(json(vec![(1, 2)]), "[[[1,2]]]");
        assert_eq!(json(Point(1, 2)), "[[1,2]]");
        assert_eq!(json(Nothing), "[null]");
        assert_eq!(json(None::<(i32, i32)>), "[null]");
        assert_eq!(json(Box::new((1, 2))), "[[1,2]]");
        assert_eq!(json(serde_json::json!({ "a": [1] })), r#"[{"a":[1]}]"#);
    }

    #[test]
    fn bytes_at_any_depth_become_attachments() {
        #[derive(Serialize)]
        struct Message {
            name: &'static str,
            parts: Vec<Bytes>,
        }
        let message = Message { name: "m", parts: vec![vec![1].into(), vec![].into()] };
        let payload = (message, Bytes::from(vec![2, 3])).into_payload().unwrap();
        assert_eq!(
            payload.json,
            concat!(
                r#"[{"name":"m","parts":[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]},"#,
                r#"{"_placeholder":true,"num":2}]"#
            )
        );
        assert_eq!(payload.attachments, [vec![1], vec![], vec![2, 3]]);
    }

    #[test]
    fn what_json_cannot_say_is_an_error() {
        let error = BTreeMap::from([((1, 2), 3)]).into_payload().unwrap_err();
        assert!(matches!(error, types::Error::InvalidPayload(reason) if reason == "key must be a string"));
    }
}
