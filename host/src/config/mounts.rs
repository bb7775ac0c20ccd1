//! Which component serves which namespace.

use std::path::PathBuf;

use gateway::model::check_namespace_path;

use super::run::Mount;
use crate::hint::{self, HintExt};

/// The components of the command line, each `FILE` or `PATH=FILE`. `namespace` is the path of the only one.
///
/// # Errors
///
/// If a path is not valid for a namespace, or a component has two of them.
pub fn mounts(components: Vec<PathBuf>, namespace: Option<String>) -> anyhow::Result<Vec<Mount>> {
    let count = components.len();
    let mut mounts = components.into_iter().map(mount).collect::<anyhow::Result<Vec<_>>>()?;
    let Some(namespace) = namespace else { return Ok(mounts) };
    match mounts.as_mut_slice() {
        [Mount { namespace: Some(own), .. }] => Err(hint::error(
            format!("the component has two namespaces, `{own}` and --namespace `{namespace}`"),
            "drop one of them",
        )),
        [only] => {
            only.namespace = Some(namespace_path(&namespace)?);
            Ok(mounts)
        }
        _ => Err(hint::error(
            format!("--namespace `{namespace}` cannot be the namespace of {count} components"),
            "give each its own: `host run /chat=chat.wasm /game=game.wasm`",
        )),
    }
}

/// Parses `PATH=FILE`, unless a file has the whole name.
fn mount(argument: PathBuf) -> anyhow::Result<Mount> {
    match argument.to_str().and_then(|text| text.split_once('=')) {
        Some((namespace, file)) if !argument.exists() => {
            let namespace = namespace_path(namespace).hint("`PATH=FILE` mounts FILE as the namespace PATH")?;
            Ok(Mount { namespace: Some(namespace), file: PathBuf::from(file), built: None })
        }
        _ => Ok(Mount { namespace: None, file: argument, built: None }),
    }
}

fn namespace_path(path: &str) -> anyhow::Result<String> {
    match check_namespace_path(path) {
        Ok(()) => Ok(path.to_owned()),
        Err(error) => {
            let hint = if path.starts_with('/') {
                "use letters, digits, `/`, `-` and `_`".to_owned()
            } else {
                format!("write `/{path}`")
            };
            Err(hint::error(format!("namespace `{path}` {error}"), hint))
        }
    }
}
