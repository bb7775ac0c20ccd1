//! Reads JSON text: into whatever implements `Deserialize`, and apart into its elements and members.
//!
//! `serde_json` writes the JSON of this crate but does not read it. Its errors can show any number, and what that links
//! is 100 KB of a component that has 125 KB without. Errors here name the types of JSON only.
//!
//! The host passes text that it has checked, so what is skipped is not checked again, only its strings and brackets are
//! matched. Text that is not JSON after all is an error, never a panic. Nesting deeper than [`MAX_DEPTH`] is an error.

use std::borrow::Cow;
use std::fmt;
use std::mem;
use std::ops::Range;

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};

/// As `serde_json`: deserialization recurses, and the stack is small.
const MAX_DEPTH: u8 = 128;

/// The value of a JSON text.
pub(crate) fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    let mut reader = Reader::new(text);
    let value = T::deserialize(&mut reader)?;
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(Problem::new("more text after the value")),
    }
}

/// Where in the text of an array its elements are.
pub(crate) fn elements(text: &str) -> Result<Vec<Range<usize>>, Problem> {
    let mut reader = Reader::new(text);
    let mut elements = Vec::new();
    reader.open(b'[')?;
    while reader.more(b']', elements.is_empty())? {
        elements.push(reader.skip()?);
    }
    Ok(elements)
}

/// A member of an object.
pub(crate) struct Member<'de> {
    pub(crate) key: Cow<'de, str>,
    /// The text of the value.
    pub(crate) value: &'de str,
}

/// The members of an object.
pub(crate) fn members(text: &str) -> Result<Vec<Member<'_>>, Problem> {
    let mut reader = Reader::new(text);
    let mut members = Vec::new();
    reader.open(b'{')?;
    while reader.more(b'}', members.is_empty())? {
        let key = reader.string()?;
        reader.expect(b':')?;
        let value = reader.skip()?;
        members.push(Member { key, value: reader.slice(value) });
    }
    Ok(members)
}

/// The same text but for the objects in it that are a `T`, which may get another text. Those are objects of a few plain
/// members: anything else has to fail at its first members, or this would take quadratic time.
pub(crate) fn replace_objects<T: DeserializeOwned>(
    text: &str,
    mut replacement: impl FnMut(T) -> Option<String>,
) -> Result<String, Problem> {
    let mut reader = Reader::new(text);
    let mut result = String::with_capacity(text.len());
    let mut copied = 0;
    while let Some(byte) = reader.peek() {
        let start = reader.at;
        match byte {
            b'"' => drop(reader.string()?),
            b'{' => match T::deserialize(&mut reader).ok().and_then(&mut replacement) {
                Some(replacement) => {
                    result.push_str(reader.slice(copied..start));
                    result.push_str(&replacement);
                    copied = reader.at;
                }
                None => {
                    reader.at = start + 1;
                    reader.depth = 0;
                }
            },
            _ => reader.at += 1,
        }
    }
    result.push_str(reader.slice(copied..text.len()));
    Ok(result)
}

/// Why a text is not what was asked for.
pub(crate) struct Problem(Cow<'static, str>);

impl Problem {
    const fn new(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    fn found(found: &str, expected: &dyn Expected) -> Self {
        Self(format!("expected {expected}, found {found}").into())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Not derived: that would link the escaping of text, 10 KB.
impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Problem {}

impl de::Error for Problem {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string().into())
    }

    // By default these two print the value, and so link what prints floats.

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::found(type_of(unexpected), expected)
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self(format!("expected {expected}, found {} that does not fit", type_of(unexpected)).into())
    }
}

fn type_of(value: Unexpected<'_>) -> &'static str {
    match value {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
        Unexpected::Char(_) | Unexpected::Str(_) => "a string",
        Unexpected::Bytes(_) => "binary data",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "an array",
        Unexpected::Map => "an object",
        _ => "something else",
    }
}

/// A place in JSON text.
struct Reader<'de> {
    text: &'de str,
    at: usize,
    depth: u8,
}

enum Number {
    Unsigned(u64),
    Signed(i64),
    /// A fraction, an exponent, or too large for the others.
    Other,
}

fn integer(digits: &str) -> Number {
    if let Ok(number) = digits.parse() {
        Number::Unsigned(number)
    } else if let Ok(number) = digits.parse() {
        Number::Signed(number)
    } else {
        Number::Other
    }
}

/// Takes [`Reader::digits`]: `NaN` and the like are not made of them.
fn float(digits: &str) -> Result<f64, Problem> {
    match digits.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        Ok(_) => Err(Problem::new("number out of range")),
        Err(_) => Err(Problem::new("not JSON")),
    }
}

impl<'de> Reader<'de> {
    fn new(text: &'de str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    fn slice(&self, span: Range<usize>) -> &'de str {
        self.text.get(span).unwrap_or_default()
    }

    /// The byte at this place.
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is not white space, which is this place then.
    fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.byte() {
            self.at += 1;
        }
        self.byte()
    }

    fn next(&mut self) -> Result<u8, Problem> {
        let byte = self.byte().ok_or(Problem::new("unexpected end"))?;
        self.at += 1;
        Ok(byte)
    }

    fn expect(&mut self, byte: u8) -> Result<(), Problem> {
        if self.peek() != Some(byte) {
            return Err(Problem(format!("expected `{}`", byte as char).into()));
        }
        self.at += 1;
        Ok(())
    }

    /// Passes over a word if it is here.
    fn word(&mut self, word: &str) -> bool {
        self.peek();
        let here = self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes()));
        if here {
            self.at += word.len();
        }
        here
    }

    fn string(&mut self) -> Result<Cow<'de, str>, Problem> {
        self.expect(b'"')?;
        let mut unescaped = String::new();
        let mut start = self.at;
        loop {
            match self.next()? {
                b'"' => {
                    let rest = self.slice(start..self.at - 1);
                    if unescaped.is_empty() {
                        return Ok(Cow::Borrowed(rest));
                    }
                    unescaped.push_str(rest);
                    return Ok(Cow::Owned(unescaped));
                }
                b'\\' => {
                    unescaped.push_str(self.slice(start..self.at - 1));
                    unescaped.push(self.escape()?);
                    start = self.at;
                }
                _ => {}
            }
        }
    }

    /// The character of an escape after its backslash.
    fn escape(&mut self) -> Result<char, Problem> {
        Ok(match self.next()? {
            byte @ (b'"' | b'\\' | b'/') => byte.into(),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let mut code = self.hex()?;
                if let 0xd800..0xdc00 = code {
                    let after = self.at;
                    let low = if self.next()? == b'\\' && self.next()? == b'u' { self.hex()? } else { 0 };
                    if let 0xdc00..0xe000 = low {
                        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                    } else {
                        self.at = after;
                    }
                }
                // JavaScript's strings can have half of a surrogate pair, Rust's cannot.
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => return Err(Problem::new("no such escape")),
        })
    }

    fn hex(&mut self) -> Result<u32, Problem> {
        let digits = self.slice(self.at..self.at + 4);
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| Problem::new("no such escape"))
    }

    /// The text of a number, as far as its characters can tell.
    fn digits(&mut self) -> &'de str {
        let start = self.at;
        while let Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') = self.byte() {
            self.at += 1;
        }
        self.slice(start..self.at)
    }

    fn open(&mut self, bracket: u8) -> Result<(), Problem> {
        self.expect(bracket)?;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Problem::new("nested too deep"));
        }
        Ok(())
    }

    fn close(&mut self, bracket: u8) -> Result<(), Problem> {
        self.depth -= 1;
        if self.peek() == Some(b',') {
            return Err(Problem::new("more elements than expected"));
        }
        self.expect(bracket)
    }

    /// Whether there is another element before the bracket that closes them.
    fn more(&mut self, bracket: u8, first: bool) -> Result<bool, Problem> {
        if self.peek() == Some(bracket) {
            return Ok(false);
        }
        if !first {
            self.expect(b',')?;
        }
        Ok(true)
    }

    /// Passes over a value, at any depth, and tells where it is.
    fn skip(&mut self) -> Result<Range<usize>, Problem> {
        self.peek();
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                Some(b'"') => drop(self.string()?),
                Some(b'{' | b'[') => {
                    depth += 1;
                    self.at += 1;
                }
                Some(b'}' | b']' | b',' | b':') if depth == 0 => return Err(Problem::new("a value is missing")),
                Some(b'}' | b']') => {
                    depth -= 1;
                    self.at += 1;
                }
                Some(b',' | b':') => self.at += 1,
                Some(_) => self.skip_word(),
                None => return Err(Problem::new("unexpected end")),
            }
            if depth == 0 {
                return Ok(start..self.at);
            }
        }
    }

    fn skip_word(&mut self) {
        while let Some(byte) = self.byte()
            && !matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b'"' | b'{' | b'}' | b'[' | b']' | b',' | b':')
        {
            self.at += 1;
        }
    }

    /// The error that there is something else here.
    fn unexpected(&mut self, expected: &dyn Expected) -> Problem {
        let found = match self.peek() {
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            Some(b'-' | b'0'..=b'9') => "a number",
            _ => return Problem::new("not JSON"),
        };
        Problem::found(found, expected)
    }

    fn visit_object<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Problem> {
        self.open(b'{')?;
        let value = visitor.visit_map(Items { reader: self, first: true })?;
        self.close(b'}')?;
        Ok(value)
    }

    fn visit_array<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Problem> {
        self.open(b'[')?;
        let value = visitor.visit_seq(Items { reader: self, first: true })?;
        self.close(b']')?;
        Ok(value)
    }

    fn visit_string<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Problem> {
        match self.string()? {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn visit_integer<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Problem> {
        self.peek();
        let digits = self.digits();
        match integer(digits) {
            Number::Unsigned(number) => visitor.visit_u64(number),
            Number::Signed(number) => visitor.visit_i64(number),
            Number::Other if digits.is_empty() => Err(self.unexpected(&visitor)),
            Number::Other => Err(Problem::found("a number that does not fit", &visitor)),
        }
    }
}

macro_rules! integers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
            self.visit_integer(visitor)
        }
    )*};
}

/// Types that are asked for read what they need and no more: what could be anything links the reading of floats.
impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.peek() {
            Some(b'{') => self.visit_object(visitor),
            Some(b'[') => self.visit_array(visitor),
            Some(b'"') => self.visit_string(visitor),
            Some(b't' | b'f') => self.deserialize_bool(visitor),
            Some(b'n') => self.deserialize_unit(visitor),
            _ => {
                let digits = self.digits();
                match integer(digits) {
                    Number::Unsigned(number) => visitor.visit_u64(number),
                    Number::Signed(number) => visitor.visit_i64(number),
                    Number::Other => visitor.visit_f64(float(digits)?),
                }
            }
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        if self.word("true") {
            visitor.visit_bool(true)
        } else if self.word("false") {
            visitor.visit_bool(false)
        } else {
            Err(self.unexpected(&visitor))
        }
    }

    integers!(
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    );

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.peek() {
            Some(b'-' | b'0'..=b'9') => visitor.visit_f64(float(self.digits())?),
            _ => Err(self.unexpected(&visitor)),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        if self.peek() == Some(b'"') { self.visit_string(visitor) } else { Err(self.unexpected(&visitor)) }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        if self.word("null") { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        if self.word("null") { visitor.visit_unit() } else { Err(self.unexpected(&visitor)) }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        if self.peek() == Some(b'[') { self.visit_array(visitor) } else { Err(self.unexpected(&visitor)) }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        if self.peek() == Some(b'{') { self.visit_object(visitor) } else { Err(self.unexpected(&visitor)) }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match self.peek() {
            Some(b'"') => visitor.visit_enum(self.string()?.into_deserializer()),
            Some(b'{') => {
                self.open(b'{')?;
                let value = visitor.visit_enum(&mut *self)?;
                self.close(b'}')?;
                Ok(value)
            }
            _ => Err(self.unexpected(&visitor)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.skip()?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { bytes byte_buf }
}

/// The elements of an array, the members of an object.
struct Items<'a, 'de> {
    reader: &'a mut Reader<'de>,
    first: bool,
}

impl Items<'_, '_> {
    fn more(&mut self, bracket: u8) -> Result<bool, Problem> {
        self.reader.more(bracket, mem::replace(&mut self.first, false))
    }
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Problem> {
        if self.more(b']')? { seed.deserialize(&mut *self.reader).map(Some) } else { Ok(None) }
    }
}

impl<'de> MapAccess<'de> for Items<'_, 'de> {
    type Error = Problem;

    fn next_key_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Problem> {
        if self.more(b'}')? { seed.deserialize(Key(self.reader.string()?)).map(Some) } else { Ok(None) }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Problem> {
        self.reader.expect(b':')?;
        seed.deserialize(&mut *self.reader)
    }
}

/// An enum as an object of one member, such as `{"circle":{"radius":1}}`.
impl<'de> EnumAccess<'de> for &mut Reader<'de> {
    type Error = Problem;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Problem> {
        let variant = seed.deserialize(Key(self.string()?))?;
        self.expect(b':')?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for &mut Reader<'de> {
    type Error = Problem;

    fn unit_variant(self) -> Result<(), Problem> {
        <()>::deserialize(self)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Problem> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_map(visitor)
    }
}

/// The key of a member: text, or a number in text where the map's keys are numbers.
struct Key<'de>(Cow<'de, str>);

impl<'de> Key<'de> {
    fn visit_integer<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match integer(&self.0) {
            Number::Unsigned(number) => visitor.visit_u64(number),
            Number::Signed(number) => visitor.visit_i64(number),
            Number::Other => Err(Problem::found("a key that is none", &visitor)),
        }
    }
}

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.0 {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    integers!(
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    );

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        visitor.visit_enum(self.0.into_deserializer())
    }

    forward_to_deserialize_any! {
        bool f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple tuple_struct map struct identifier
        ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn problem<T: DeserializeOwned>(text: &str) -> String {
        from_str::<T>(text).err().expect("an error").to_string()
    }

    #[test]
    fn reads_what_is_asked_for() {
        #[derive(Deserialize, Debug, PartialEq)]
        #[serde(rename_all = "camelCase")]
        enum Shape {
            Empty,
            Dot(f64),
            Line(i8, i8),
            Circle { radius: u32 },
        }
        #[derive(Deserialize, Debug, PartialEq)]
        struct Wrapper(Option<char>);

        assert_eq!(from_str::<String>(r#" "a\"\u00e9\ud83d\ude00\n" "#).unwrap(), "a\"\u{e9}\u{1f600}\n");
        assert_eq!(from_str::<(u8, i64, f32)>("[ 255 , -1, 0.5 ]").unwrap(), (255, -1, 0.5));
        assert_eq!(from_str::<f64>("3").unwrap(), 3.0);
        assert_eq!(from_str::<[bool; 2]>("[true,false]").unwrap(), [true, false]);
        assert_eq!(from_str::<Wrapper>("null").unwrap(), Wrapper(None));
        assert_eq!(from_str::<Wrapper>(r#""x""#).unwrap(), Wrapper(Some('x')));
        assert_eq!(
            from_str::<Vec<Shape>>(r#"["empty",{"dot":1e2},{"line":[1,-2]},{"circle":{"radius":3,"more":[{}]}}]"#)
                .unwrap(),
            [Shape::Empty, Shape::Dot(100.0), Shape::Line(1, -2), Shape::Circle { radius: 3 }]
        );
        assert_eq!(from_str::<HashMap<i32, ()>>(r#"{"-7":null}"#).unwrap(), HashMap::from([(-7, ())]));
        assert_eq!(from_str::<Value>(r#"{"a":[1,{"b":null}]}"#).unwrap(), json!({ "a": [1, { "b": null }] }));
    }

    #[test]
    fn errors_name_types_and_no_values() {
        assert_eq!(problem::<bool>("3"), "expected a boolean, found a number");
        assert_eq!(problem::<String>("[1]"), "expected a string, found an array");
        assert_eq!(problem::<u8>("300"), "expected u8, found a number that does not fit");
        assert_eq!(problem::<u8>("1.5"), "expected u8, found a number that does not fit");
        assert_eq!(problem::<u8>("null"), "expected u8, found null");
        assert_eq!(problem::<(u8, u8)>("[1]"), "invalid length 1, expected a tuple of size 2");
        assert_eq!(problem::<(u8, u8)>("[1,2,3]"), "more elements than expected");
        assert_eq!(problem::<BTreeMap<u8, u8>>(r#"{"x":1}"#), "expected u8, found a key that is none");
        assert_eq!(problem::<f64>("1e999"), "number out of range");
    }

    #[test]
    fn half_of_a_surrogate_pair_is_replaced() {
        assert_eq!(from_str::<String>(r#""\ud800""#).unwrap(), "\u{fffd}");
        assert_eq!(from_str::<String>(r#""\ud800\u0041\udc00""#).unwrap(), "\u{fffd}A\u{fffd}");
    }

    #[test]
    fn depth_is_bounded_where_it_recurses() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert!(from_str::<Value>(&nested(128)).is_ok());
        assert_eq!(problem::<Value>(&nested(129)), "nested too deep");
        assert_eq!(problem::<Value>(&"[".repeat(1 << 20)), "nested too deep");
        assert_eq!(elements(&nested(1 << 20)).unwrap().first(), Some(&(1..(2 << 20) - 1)));
    }

    #[test]
    fn arrays_and_objects_come_apart() {
        let text = r#" [1 , "a,]\"" ,{"b":[ ]}, null ] "#;
        let texts: Vec<_> = elements(text).unwrap().into_iter().map(|span| &text[span]).collect();
        assert_eq!(texts, ["1", r#""a,]\"""#, r#"{"b":[ ]}"#, "null"]);
        let members: Vec<_> =
            members(r#"{"a\n":1, "b" : [2]}"#).unwrap().into_iter().map(|m| (m.key, m.value)).collect();
        assert_eq!(members, [("a\n".into(), "1"), ("b".into(), "[2]")]);
        assert!(elements("{}").is_err());
        assert!(elements("[1,]").is_err());
        assert!(elements("[1").is_err());
    }

    #[test]
    fn objects_of_a_type_are_replaced_at_any_depth() {
        #[derive(Deserialize)]
        struct Point {
            x: u8,
        }
        let text = r#"[{"x":1},"{\"x\":2}",[{"a":{ "x" : 3 },"x":"y"}],{"x":300}]"#;
        let doubled = replace_objects(text, |point: Point| Some((point.x * 2).to_string())).unwrap();
        assert_eq!(doubled, r#"[2,"{\"x\":2}",[{"a":6,"x":"y"}],{"x":300}]"#);
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..8)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn reads_what_serde_json_writes(value in value()) {
            prop_assert_eq!(&from_str::<Value>(&serde_json::to_string(&value).unwrap()).unwrap(), &value);
            prop_assert_eq!(&from_str::<Value>(&serde_json::to_string_pretty(&value).unwrap()).unwrap(), &value);
        }

        #[test]
        fn no_text_panics(text in r#"([\[\]{}:, "\\u]|[0-9eE.+-]|d8|dc|true|null|é|"num"|"_placeholder")*"#) {
            let _ = from_str::<Value>(&text);
            let _ = from_str::<Vec<BTreeMap<u8, Option<f32>>>>(&text);
            let _ = from_str::<crate::Bytes>(&text);
            let _ = elements(&text);
            let _ = members(&text);
            let _ = replace_objects(&text, |_: Value| Some(String::new()));
        }
    }
}
