//! The parameter of `to`, `join` and others: one room or several.

use std::collections::{BTreeSet, HashSet};

/// The names of rooms: a string for one room, a collection of strings for several.
///
/// A socket's id is the name of a room that only this socket is in.
///
/// ```no_run
/// use guest_sdk::RealtimeNamespace;
///
/// let ns = RealtimeNamespace::new("/chat");
/// let mine: Vec<String> = vec!["books".to_owned(), "films".to_owned()];
/// ns.socket().join("lobby");
/// ns.socket().join(&mine);
/// ns.to(["books", "films"]).except(ns.socket().id()).emit("news", "hello");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name rooms",
    label = "not the name of a room, nor a collection of names",
    note = "one room: `&str` or `String`; several: an array, slice, `Vec` or set of these"
)]
pub trait Rooms {
    #[doc(hidden)]
    fn into_rooms(self) -> Vec<String>;
}

impl Rooms for &str {
    fn into_rooms(self) -> Vec<String> {
        vec![self.to_owned()]
    }
}

impl Rooms for String {
    fn into_rooms(self) -> Vec<String> {
        vec![self]
    }
}

impl Rooms for &String {
    fn into_rooms(self) -> Vec<String> {
        vec![self.clone()]
    }
}

macro_rules! collections {
    ($([$($generics:tt)*] $collection:ty),* $(,)?) => {$(
        impl<$($generics)*> Rooms for $collection {
            fn into_rooms(self) -> Vec<String> {
                self.into_iter().map(|room| room.as_ref().to_owned()).collect()
            }
        }
    )*};
}

collections! {
    [S: AsRef<str>] &[S],
    [S: AsRef<str>, const N: usize] [S; N],
    [S: AsRef<str>, const N: usize] &[S; N],
    [S: AsRef<str>] Vec<S>,
    [S: AsRef<str>] &Vec<S>,
    [S: AsRef<str>] BTreeSet<S>,
    [S: AsRef<str>] &BTreeSet<S>,
    [S: AsRef<str>, H] HashSet<S, H>,
    [S: AsRef<str>, H] &HashSet<S, H>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_or_several() {
        let names = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!("a".into_rooms(), ["a"]);
        assert_eq!(names[0].clone().into_rooms(), ["a"]);
        assert_eq!((&names[1]).into_rooms(), ["b"]);
        assert_eq!((&names).into_rooms(), ["a", "b"]);
        assert_eq!(names[..1].into_rooms(), ["a"]);
        assert_eq!(["x", "y"].into_rooms(), ["x", "y"]);
        assert_eq!(BTreeSet::from(["y", "x"]).into_rooms(), ["x", "y"]);
    }
}
