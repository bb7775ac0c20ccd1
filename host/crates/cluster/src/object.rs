//! Writes JSON objects member by member, so that their order is that of the reference implementation.

use crate::json::push_string;

/// The text of an object that has not ended yet. Keys are written as they are.
#[derive(Debug, Default)]
pub(crate) struct Object {
    text: String,
}

impl Object {
    pub(crate) fn reserve(&mut self, bytes: usize) {
        self.text.reserve(bytes);
    }

    /// Where the value of a new member is to be appended.
    pub(crate) fn member(&mut self, key: &str) -> &mut String {
        self.text.push(if self.text.is_empty() { '{' } else { ',' });
        push_string(&mut self.text, key);
        self.text.push(':');
        &mut self.text
    }

    pub(crate) fn text(&mut self, key: &str, value: &str) {
        push_string(self.member(key), value);
    }

    /// A value that is JSON already.
    pub(crate) fn raw(&mut self, key: &str, json: &str) {
        self.member(key).push_str(json);
    }

    pub(crate) fn number(&mut self, key: &str, value: u64) {
        self.raw(key, &value.to_string());
    }

    pub(crate) fn end(mut self) -> String {
        if self.text.is_empty() {
            self.text.push('{');
        }
        self.text.push('}');
        self.text
    }
}

/// Appends an array of strings.
pub(crate) fn push_texts<'a>(out: &mut String, texts: impl IntoIterator<Item = &'a str>) {
    push_list(out, texts, push_string);
}

/// Appends an array whose elements `push` appends.
pub(crate) fn push_list<T>(out: &mut String, values: impl IntoIterator<Item = T>, push: impl Fn(&mut String, T)) {
    out.push('[');
    for (index, value) in values.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push(out, value);
    }
    out.push(']');
}
