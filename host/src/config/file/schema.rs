//! The JSON Schema of the file, for editors.

use clap::Arg;
use serde_json::{Map, Value, json};

use super::keys::{Keys, is_list, is_switch};

/// The schema (draft 2020-12). It knows which keys there are and what types their values have, not their bounds.
pub fn schema(keys: &Keys) -> Value {
    let mut host: Map<_, _> = keys.flags().map(|(key, flag)| (key.to_owned(), property(key, flag))).collect();
    let of_namespaces = keys.flags().filter(|(key, _)| Keys::is_of_namespaces(key));
    let mut namespace: Map<_, _> = of_namespaces.map(|(key, flag)| (key.to_owned(), property(key, flag))).collect();
    namespace.insert(
        "path".to_owned(),
        json!({
            "description": "Path of the namespace, such as `/chat`. Without it, the component says it, else it is `/`.",
            "type": "string", "pattern": "^/",
        }),
    );
    namespace.insert(
        "component".to_owned(),
        json!({
            "description": "A component file or a source, relative to the folder of this file.",
            "type": "string", "minLength": 1,
        }),
    );
    host.insert(
        "namespace".to_owned(),
        json!({
            "description": "A namespace that is served, with settings of its own.",
            "type": "array",
            "items": {
                "type": "object", "properties": namespace, "required": ["component"], "additionalProperties": false,
            },
        }),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "host.toml",
        "description": "Settings of `host run`.",
        "type": "object",
        "properties": host,
        "additionalProperties": false,
        "$defs": {
            "value": { "anyOf": [{ "type": "string" }, { "$ref": "#/$defs/secret" }] },
            "secret": {
                "description": "A value that is not in this file: in another file, or in an environment variable.",
                "type": "object",
                "properties": { "file": { "type": "string" }, "env": { "type": "string" } },
                "minProperties": 1, "maxProperties": 1, "additionalProperties": false,
            },
        },
    })
}

fn property(key: &str, flag: &Arg) -> Value {
    let help = flag.get_long_help().or_else(|| flag.get_help()).map(ToString::to_string).unwrap_or_default();
    let property = match key {
        "env" => json!({ "type": "object", "additionalProperties": { "$ref": "#/$defs/value" } }),
        _ if is_switch(flag) => json!({ "type": "boolean" }),
        _ if is_list(flag) => json!({ "type": ["array", "string"], "items": { "type": "string" } }),
        _ => scalar(flag),
    };
    let Value::Object(mut property) = property else { return property };
    property.insert("description".to_owned(), help.into());
    Value::Object(property)
}

fn scalar(flag: &Arg) -> Value {
    let values = flag.get_possible_values();
    if !values.is_empty() {
        return json!({ "enum": values.iter().map(|value| value.get_name()).collect::<Vec<_>>() });
    }
    match flag.get_value_names().and_then(|names| names.first()).map(|name| name.as_str()) {
        Some("N") => json!({ "type": "integer", "minimum": 0 }),
        Some("N|none") => json!({ "anyOf": [{ "type": "integer", "minimum": 1 }, { "const": "none" }] }),
        Some("SIZE") => json!({ "type": ["string", "integer"] }),
        _ => json!({ "$ref": "#/$defs/value" }),
    }
}
