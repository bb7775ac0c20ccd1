//! Which component serves which namespace.

use std::path::{Path, PathBuf};

use gateway::model::check_namespace_path;

use super::run::Mount;
use crate::hint::{self, HintExt};

/// The components of the command line, each `FILE` or `PATH=FILE`.
///
/// # Errors
///
/// If a path is not valid for a namespace.
pub fn mounts(components: &[PathBuf]) -> anyhow::Result<Vec<Mount>> {
    components.iter().map(|component| mount(component)).collect()
}

/// Gives the only component the namespace of the flag --namespace.
///
/// # Errors
///
/// If the path is not valid for a namespace, or the component has another.
pub fn named(mut mounts: Vec<Mount>, namespace: Option<String>) -> anyhow::Result<Vec<Mount>> {
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
        several => Err(hint::error(
            format!("--namespace `{namespace}` cannot be the namespace of {} components", several.len()),
            "give each its own: `host run /chat=chat.wasm /game=game.wasm`",
        )),
    }
}

/// Parses `PATH=FILE`, unless a file has the whole name.
fn mount(argument: &Path) -> anyhow::Result<Mount> {
    match argument.to_str().and_then(|text| text.split_once('=')) {
        Some((namespace, file)) if !argument.exists() => {
            let namespace = namespace_path(namespace).hint("`PATH=FILE` mounts FILE as the namespace PATH")?;
            Ok(Mount::new(Some(namespace), file.into()))
        }
        _ => Ok(Mount::new(None, argument.to_owned())),
    }
}

pub(super) fn namespace_path(path: &str) -> anyhow::Result<String> {
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
