//! `--allow-net`: hosts that handlers may send requests to.

use guest::{AllowedHost, AllowedHosts};
use hyper::http::uri::Authority;

use crate::hint;

/// Parses one value of the flag.
pub(super) fn host(text: &str) -> Result<AllowedHosts, String> {
    if text == "*" {
        return Ok(AllowedHosts::Any);
    }
    let usage = "write the host alone, `example.org`, `example.org:8080` or `[::1]`, or `*`";
    let authority: Authority = text.parse().map_err(|_| usage.to_owned())?;
    let name = authority.host();
    let port = match text.strip_prefix(name) {
        Some("") => None,
        Some(rest) => Some(rest.strip_prefix(':').and_then(|port| port.parse().ok()).ok_or(usage)?),
        None => return Err(usage.to_owned()),
    };
    if name.contains('*') {
        return Err("`*` stands for all hosts only, not for a part of a name".to_owned());
    }
    Ok(AllowedHosts::Only(vec![AllowedHost { name: name.to_ascii_lowercase(), port }]))
}

/// Combines all values of the flag.
pub(super) fn hosts(given: Vec<AllowedHosts>) -> anyhow::Result<AllowedHosts> {
    if given.as_slice() == [AllowedHosts::Any] {
        return Ok(AllowedHosts::Any);
    }
    let mut all = Vec::new();
    for allowed in given {
        match allowed {
            AllowedHosts::Only(hosts) => all.extend(hosts),
            AllowedHosts::Any => {
                return Err(hint::error(
                    "--allow-net is `*` and also names hosts",
                    "drop `*`, or the hosts: `*` already allows them",
                ));
            }
        }
    }
    Ok(AllowedHosts::Only(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(flags: &[&str]) -> AllowedHosts {
        hosts(flags.iter().map(|flag| host(flag).unwrap()).collect()).unwrap()
    }

    #[test]
    fn a_host_is_all_of_its_ports_or_one() {
        let some = allowed(&["Example.org", "127.0.0.1:8080", "[::1]"]);
        for (host, port) in [("example.org", 443), ("example.org", 8080), ("127.0.0.1", 8080), ("[::1]", 80)] {
            assert!(some.allows(host, port), "{host}:{port}");
        }
        for (host, port) in [("127.0.0.1", 80), ("a.example.org", 443), ("example.org.", 443), ("localhost", 8080)] {
            assert!(!some.allows(host, port), "{host}:{port}");
        }
        assert!(allowed(&["*"]).allows("example.org", 1));
        assert!(!allowed(&[]).allows("example.org", 443));
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "https://example.org",
            "example.org/",
            "a@example.org",
            "example.org:",
            "example.org:99999",
            "::1",
            "*.org",
            "",
        ] {
            assert!(host(text).is_err(), "{text}");
        }
    }
}
