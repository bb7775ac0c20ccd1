//! Values that do not stand in the file: `{ file = "…" }` and `{ env = "…" }`.

use std::fs;
use std::io::Read;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::text::File;

/// A larger one is no secret that somebody meant.
const LARGEST: u64 = 64 << 10;

const FORM: &str = "write text, `{ file = \"PATH\" }` or `{ env = \"VARIABLE\" }`";

/// Reads the value that a table points to. The last line break of a file does not belong to it.
///
/// # Errors
///
/// If the table has another form, or what it points to cannot be read. No error has the value.
pub(super) fn read(file: &File, table: &DeTable<'_>, at: usize) -> anyhow::Result<String> {
    let (key, source) = match table.iter().collect::<Vec<_>>().as_slice() {
        [(key, source)] => (*key, *source),
        _ => return Err(file.error(at, "a secret comes from one place", FORM)),
    };
    let (place, at) = (text(file, source)?, source.span().start);
    match key.get_ref().as_ref() {
        "file" => from_file(file, place).map_err(|why| {
            file.error(
                at,
                format!("cannot read the secret file `{place}`: {why}"),
                "paths are relative to the file's folder",
            )
        }),
        "env" => std::env::var(place).map_err(|_| {
            file.error(at, format!("the environment variable `{place}` is not set"), "set it where the host is started")
        }),
        other => Err(file.error(key.span().start, format!("a secret cannot come from `{other}`"), FORM)),
    }
}

fn text<'a>(file: &File, value: &'a Spanned<DeValue<'_>>) -> anyhow::Result<&'a str> {
    value.get_ref().as_str().ok_or_else(|| file.error(value.span().start, "this is no text", FORM))
}

fn from_file(file: &File, path: &str) -> Result<String, String> {
    let mut secret = String::new();
    let opened = fs::File::open(file.beside(path)).map_err(|error| error.to_string())?;
    opened.take(LARGEST + 1).read_to_string(&mut secret).map_err(|error| error.to_string())?;
    if secret.len() as u64 > LARGEST {
        return Err("it has more than 64 KiB".to_owned());
    }
    let end = secret.trim_end_matches(['\r', '\n']).len();
    secret.truncate(end);
    Ok(secret)
}
