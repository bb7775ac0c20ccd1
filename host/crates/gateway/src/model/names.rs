//! Names with a special meaning: the events that only the gateway causes, and paths of namespaces.

/// The event of a client that joins the namespace.
pub const CONNECT: &str = "$connect";
/// The event of a socket that has left the namespace.
pub const DISCONNECT: &str = "$disconnect";

/// Bytes of a namespace's path.
const PATH: usize = 255;

/// Why a text is not a namespace's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NamespacePathError {
    /// The path is empty or begins with another character.
    #[error("does not begin with `/`")]
    NoSlash,
    /// The path has more bytes than a path may have.
    #[error("has {0} bytes; at most {PATH}")]
    TooLong(usize),
    /// A character that a path may not have: in a packet a comma ends the path and a question mark begins a query;
    /// white space and control characters would only confuse.
    #[error("has {0:?}, which clients cannot send in a path")]
    Character(char),
}

/// Checks that the protocol can carry a path (Socket.IO protocol 5, section "Packet encoding").
///
/// # Errors
///
/// Names the first thing that is wrong.
pub fn check_namespace_path(path: &str) -> Result<(), NamespacePathError> {
    if path.len() > PATH {
        return Err(NamespacePathError::TooLong(path.len()));
    }
    if !path.starts_with('/') {
        return Err(NamespacePathError::NoSlash);
    }
    let unfit = |char: &char| matches!(char, ',' | '?') || char.is_whitespace() || char.is_control();
    path.chars().find(unfit).map_or(Ok(()), |char| Err(NamespacePathError::Character(char)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_protocol() {
        for good in ["/", "/chat", "/chat/räume", "/a-b_c.d"] {
            assert_eq!(check_namespace_path(good), Ok(()), "{good}");
        }
        for (bad, error) in [
            ("", NamespacePathError::NoSlash),
            ("chat", NamespacePathError::NoSlash),
            ("/a,b", NamespacePathError::Character(',')),
            ("/a?b", NamespacePathError::Character('?')),
            ("/a b", NamespacePathError::Character(' ')),
            ("/a\n", NamespacePathError::Character('\n')),
        ] {
            assert_eq!(check_namespace_path(bad), Err(error), "{bad}");
        }
        let longest = format!("/{}", "a".repeat(PATH - 1));
        assert_eq!(check_namespace_path(&longest), Ok(()));
        assert_eq!(check_namespace_path(&(longest + "a")), Err(NamespacePathError::TooLong(PATH + 1)));
    }
}
