//! HTTP/1.1: accepts connections and routes their requests.
//!
//! What answers requests that are neither Socket.IO nor a file is a [`RequestHandler`], which others implement.

mod body;
mod handler;
mod routes;
mod server;

pub use body::RequestBody;
pub use handler::{Connection, RequestHandler, ResponseFuture};
pub use routes::Routes;
pub use server::{Remaining, Server};
