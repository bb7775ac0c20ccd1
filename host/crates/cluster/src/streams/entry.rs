//! An entry of the stream: the fields `uid`, `nsp`, `type` and `data`, which is JSON, or base64 of msgpack where it has
//! binary data.

use std::borrow::Cow;

use serde::Deserialize;
use socket_io::Payload;

use super::body::{Body, binary};
use crate::bounds::{Bounds, WireError};
use crate::msgpack::{Head, Reader, read_json};
use crate::options::{JsonOptions, Options};
use crate::transcode::{fits_in_base64, to_base64, unbase64};

/// An entry of the stream. Its data is read on request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The node that has written it, or `emitter`.
    pub uid: Cow<'a, str>,
    /// The namespace.
    pub namespace: Cow<'a, str>,
    kind: u64,
    data: Option<Cow<'a, str>>,
}

impl<'a> Entry<'a> {
    /// Reads the fields of an entry; others are passed over.
    ///
    /// # Errors
    ///
    /// A field is missing or malformed, or the data is larger than the bound.
    pub fn from_fields(
        fields: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
        bounds: &Bounds,
    ) -> Result<Self, WireError> {
        let (mut uid, mut namespace, mut kind, mut data) = (None, None, None, None);
        for (name, value) in fields {
            let field = match name {
                b"uid" => &mut uid,
                b"nsp" => &mut namespace,
                b"type" => &mut kind,
                b"data" => &mut data,
                _ => continue,
            };
            if !fits_in_base64(value.len(), bounds) {
                return Err(WireError::TooLarge);
            }
            *field = Some(str::from_utf8(value).map_err(|_| WireError::Json)?);
        }
        Ok(Self {
            uid: uid.ok_or(WireError::Member("uid"))?.into(),
            namespace: namespace.ok_or(WireError::Member("namespace"))?.into(),
            kind: kind.and_then(|kind| kind.parse().ok()).ok_or(WireError::UnknownType)?,
            data: data.filter(|data| !data.is_empty()).map(Cow::Borrowed),
        })
    }

    /// An entry that is to be written.
    ///
    /// # Errors
    ///
    /// A bound is exceeded, or the payload is not valid.
    pub fn encode(uid: &'a str, namespace: &'a str, body: &Body, bounds: &Bounds) -> Result<Self, WireError> {
        let data = match body.data() {
            None => None,
            Some(data) if !data.attachments.is_empty() => Some(to_base64(&data, bounds)?),
            Some(data) if data.json.len() > bounds.bytes => return Err(WireError::TooLarge),
            Some(data) => Some(data.json),
        };
        Ok(Self { uid: uid.into(), namespace: namespace.into(), kind: body.kind(), data: data.map(Cow::Owned) })
    }

    /// The fields to write, in the reference implementation's order.
    pub fn fields(&self) -> Vec<(&'static str, Cow<'_, str>)> {
        let mut fields = vec![
            ("uid", Cow::Borrowed(&*self.uid)),
            ("nsp", Cow::Borrowed(&*self.namespace)),
            ("type", Cow::Owned(self.kind.to_string())),
        ];
        fields.extend(self.data.as_deref().map(|data| ("data", Cow::Borrowed(data))));
        fields
    }

    /// Which sockets the entry is for, without reading the rest of its data.
    ///
    /// # Errors
    ///
    /// The data is malformed.
    pub fn options(&self, bounds: &Bounds) -> Result<Options<'static>, WireError> {
        let Some(data) = self.data.as_deref() else { return Ok(Options::default()) };
        if data.starts_with('{') {
            let look: Look = serde_json::from_str(data).map_err(|_| WireError::Member("data"))?;
            return Ok(look.opts.unwrap_or_default().into());
        }
        let bytes = unbase64(data, bounds)?;
        let mut reader = Reader::new(&bytes);
        let Head::Map(members) = reader.head()? else { return Err(WireError::Member("data")) };
        let mut options = Options::default();
        for _ in 0..members {
            let (key, value) = reader.member()?;
            if key.as_deref() == Some("opts") {
                options = Options::unpack(value)?;
            }
        }
        Ok(options.into_owned())
    }

    /// What the entry says.
    ///
    /// # Errors
    ///
    /// It is malformed, of an unknown type, or a bound is exceeded.
    pub fn body(&self, bounds: &Bounds) -> Result<Body, WireError> {
        let data = match self.data.as_deref() {
            None => None,
            Some(json) if json.starts_with('{') => {
                if json.len() > bounds.bytes {
                    return Err(WireError::TooLarge);
                }
                Some(Payload { json: json.to_owned(), attachments: Vec::new() })
            }
            Some(base64) => {
                let bytes = unbase64(base64, bounds)?;
                Some(read_json(&bytes, &bytes, binary(self.kind), bounds)?)
            }
        };
        Body::decode(self.kind, data)
    }
}

#[derive(Deserialize)]
struct Look {
    opts: Option<JsonOptions>,
}
