//! Reading, and its agreement with serde_json.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use serde::Deserialize;
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
        from_str::<Vec<Shape>>(r#"["empty",{"dot":1e2},{"line":[1,-2]},{"circle":{"radius":3,"more":[{}]}}]"#).unwrap(),
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
    let members: Vec<_> = members(r#"{"a\n":1, "b" : [2]}"#).unwrap().into_iter().map(|m| (m.key, m.value)).collect();
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
