//! HTTP/1.1: accepts connections and routes their requests.

mod routes;
mod server;

pub use routes::Routes;
pub use server::{Remaining, Server};
