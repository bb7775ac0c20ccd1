//! Builds the host anew where a file was added to what it embeds (`src/build/sdk.rs`): the compiler sees changes only.

fn main() {
    for folder in ["guest-sdk/js/bin", "guest-sdk/js/src", "guest-sdk/js/wit", "guest-sdk/python", "wit"] {
        println!("cargo:rerun-if-changed=../{folder}");
    }
}
