//! Builds the host anew where a file was added to what it embeds (`src/build/`): the compiler sees changes only.

fn main() {
    let embedded = ["js/bin", "js/src", "js/wit", "python/builder", "python/realtime", "src"]
        .map(|sdk| format!("../guest-sdk/{sdk}"));
    for folder in embedded.iter().map(String::as_str).chain(["../wit", "templates"]) {
        println!("cargo:rerun-if-changed={folder}");
    }
}
