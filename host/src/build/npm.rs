//! An npm project's packages, which `--install` installs.
//!
//! Only where they are the project's own: in the nearest folder with a `package.json`, not above the user's home, and in
//! no folder that others can write to. Their scripts do not run unless the user says so. A project of another package
//! manager, or of a workspace, is left to that: npm would install something else.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use rustix::process::{getegid, geteuid};
use serde_json::Value;

use super::javascript::GET_NODE;
use super::tool;
use crate::hint;

const QUIET: [&str; 3] = ["--no-audit", "--no-fund", "--loglevel=error"];

/// Files by which a package manager knows its projects.
const OTHERS: [(&str, &str); 5] = [
    ("pnpm-lock.yaml", "pnpm"),
    ("pnpm-workspace.yaml", "pnpm"),
    ("yarn.lock", "yarn"),
    ("bun.lock", "bun"),
    ("bun.lockb", "bun"),
];

/// npm's own lock files.
const LOCKS: [&str; 2] = ["package-lock.json", "npm-shrinkwrap.json"];

/// Runs npm in a folder. Without `scripts`, packages run none.
pub(super) fn npm(folder: &Path, arguments: &[&str], scripts: bool) -> anyhow::Result<()> {
    let mut npm = Command::new("npm");
    npm.args(arguments).args(QUIET).current_dir(folder);
    // Otherwise npm looks for a workspace in every folder above.
    npm.arg("--prefix").arg(folder);
    if !scripts {
        // The variable is for what npm starts: it prepares packages from git with an npm of their own.
        npm.arg("--ignore-scripts").env("npm_config_ignore_scripts", "true");
    }
    tool::output(&mut npm, GET_NODE)?;
    Ok(())
}

/// Installs the packages that a source's project names, if none are installed yet.
///
/// # Errors
///
/// If npm fails, or is not the project's package manager.
pub(super) fn install_dependencies(source: &Path, cache: &Path, scripts: bool) -> anyhow::Result<()> {
    let source = source.canonicalize().with_context(|| format!("cannot find {}", source.display()))?;
    let home = std::env::var_os("HOME").and_then(|home| PathBuf::from(home).canonicalize().ok());
    let folders = own_folders(&source, home.as_deref());
    let Some(project) = folders.iter().position(|dir| dir.join("package.json").is_file()) else { return Ok(()) };
    let folders = folders.get(project..).unwrap_or_default();
    let Some(project) = folders.first() else { return Ok(()) };
    let wanted = manifest(project).get("dependencies").and_then(Value::as_object).is_some_and(|all| !all.is_empty());
    // Is there while npm runs: an installation that was interrupted is made again.
    let unfinished =
        cache.join("installing").join(super::hex(&super::digest([project.as_os_str().as_encoded_bytes()])));
    if !wanted || (is_installed(project) && !unfinished.exists()) {
        return Ok(());
    }
    let locked = LOCKS.iter().any(|lock| project.join(lock).is_file());
    if !locked && !is_for_npm(folders)? {
        return Ok(());
    }
    tracing::info!("installing the packages of {}", project.display());
    fs::create_dir_all(cache.join("installing"))
        .and_then(|()| fs::write(&unfinished, ""))
        .context("cannot write to the cache folder")?;
    npm(project, &[if locked { "ci" } else { "install" }], scripts)?;
    fs::remove_file(&unfinished).context("cannot write to the cache folder")
}

/// The folder of a source and those above it, the nearest first, as far as they are the user's own.
fn own_folders(source: &Path, home: Option<&Path>) -> Vec<PathBuf> {
    let mut own = Vec::new();
    for dir in source.ancestors().filter(|path| path.is_dir()) {
        if others_can_write(dir) {
            if dir.join("package.json").is_file() {
                tracing::warn!("others can write to {}: what its package.json names is not installed", dir.display());
            }
            break;
        }
        own.push(dir.to_owned());
        if Some(dir) == home {
            break;
        }
    }
    own
}

/// Whether somebody beside this user and the administrator can write to a folder or to its `package.json`.
fn others_can_write(dir: &Path) -> bool {
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    let foreign = |path: &Path| {
        let Ok(found) = fs::metadata(path) else { return true };
        let owner = user != 0 && found.uid() != user && found.uid() != 0;
        // Many systems let the user's own group write.
        owner || found.mode() & 0o002 != 0 || (found.mode() & 0o020 != 0 && found.gid() != group)
    };
    let manifest = dir.join("package.json");
    foreign(dir) || (manifest.is_file() && foreign(&manifest))
}

fn manifest(dir: &Path) -> Value {
    let text = fs::read(dir.join("package.json")).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

fn is_installed(dir: &Path) -> bool {
    dir.join("node_modules").exists() || dir.join(".pnp.cjs").is_file()
}

/// Whether npm is to install the packages of the first folder; no, if one above has them already.
///
/// # Errors
///
/// If another package manager, or a workspace above, has to install them.
fn is_for_npm(folders: &[PathBuf]) -> anyhow::Result<bool> {
    for (index, dir) in folders.iter().enumerate() {
        let manifest = manifest(dir);
        let named = manifest.get("packageManager").and_then(Value::as_str).and_then(|name| name.split('@').next());
        let locked = || OTHERS.iter().find(|(file, _)| dir.join(file).is_file()).map(|(_, name)| *name);
        let manager = named.or_else(locked).unwrap_or("npm");
        let workspace = index > 0 && manifest.get("workspaces").is_some();
        if manager == "npm" && !workspace {
            continue;
        }
        if folders.iter().take(index + 1).any(|dir| is_installed(dir)) {
            return Ok(false);
        }
        let project = folders.first().map(|dir| dir.display().to_string()).unwrap_or_default();
        return Err(hint::error(
            format!(
                "the packages of {project} are not installed, and they are for {manager} to install in {}",
                dir.display()
            ),
            format!("run `{manager} install` in {}", dir.display()),
        ));
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// Folders with files, and the folder of the deepest.
    fn project(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
        let home = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let file = home.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let deepest = files.iter().map(|(file, _)| *file).max_by_key(|file| file.matches('/').count()).unwrap();
        let source = home.path().canonicalize().unwrap().join(deepest);
        (home, source)
    }

    #[test]
    fn folders_are_own_up_to_the_home_folder() {
        let (_home, source) = project(&[("home/app/src/handler.js", "")]);
        let app = source.parent().unwrap().parent().unwrap();
        let home = app.parent().unwrap();
        let own = own_folders(&source, Some(home));
        assert_eq!(own, [app.join("src"), app.to_owned(), home.to_owned()]);
    }

    #[test]
    fn a_folder_that_others_can_write_to_is_not_own() {
        let (_home, source) = project(&[("all/app/handler.js", ""), ("all/package.json", "{}")]);
        let app = source.parent().unwrap();
        let all = app.parent().unwrap();
        fs::set_permissions(all, fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(own_folders(&source, None), [app]);
        fs::set_permissions(all, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(own_folders(&source, None).contains(&all.to_owned()));
        fs::set_permissions(all.join("package.json"), fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(own_folders(&source, None), [app]);
    }

    #[test]
    fn other_package_managers_keep_their_projects() {
        const NEEDS: &str = r#"{ "dependencies": { "ms": "2" } }"#;
        for (file, text, manager) in [
            ("pnpm-lock.yaml", "", "pnpm"),
            ("yarn.lock", "", "yarn"),
            ("bun.lock", "", "bun"),
            ("package.json", r#"{ "packageManager": "pnpm@9.1.0", "dependencies": { "ms": "2" } }"#, "pnpm"),
            ("../pnpm-workspace.yaml", "", "pnpm"),
            ("../package.json", r#"{ "workspaces": ["app"] }"#, "npm"),
        ] {
            let (home, source) = project(&[("root/app/handler.js", ""), ("root/app/package.json", NEEDS)]);
            let app = source.parent().unwrap().to_owned();
            fs::write(app.join(file), text).unwrap();
            let top = home.path().canonicalize().unwrap();
            let folders = own_folders(&source, Some(&top));
            let error = is_for_npm(&folders).unwrap_err();
            assert!(
                hint::hints(&error).first().unwrap().starts_with(&format!("run `{manager} install` in ")),
                "{file}"
            );
            fs::create_dir(app.parent().unwrap().join("node_modules")).unwrap();
            assert_eq!(is_for_npm(&folders).is_err(), !file.starts_with(".."), "{file}");
        }
    }

    #[test]
    fn an_npm_project_is_for_npm() {
        let (_home, source) = project(&[("app/handler.js", ""), ("app/package.json", "{}")]);
        let app = source.parent().unwrap();
        assert!(is_for_npm(&[app.to_owned(), app.parent().unwrap().to_owned()]).unwrap());
    }
}
