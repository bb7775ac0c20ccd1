//! HTTP/1.1 at the edge of the host: the listener and its connections, routes, CORS, static files.
//!
//! **Job.** [`Server`] accepts connections; [`Routes`] decides by a request's path who answers it: the Engine.IO
//! endpoint, a file, or the handler of a mount. A second listener may have [`AdminRoutes`], for operators.
//!
//! **Promises.** A client has a bounded time and a bounded buffer for the head of a request; an incomplete answer never
//! looks complete; when the server stops, answers that have begun are still sent.
//!
//! **Must not know** how handlers are run, or wasmtime.

#![warn(missing_docs, unreachable_pub)]

mod admin;
mod body;
mod cors;
mod cut;
mod files;
mod library;
mod routes;
mod server;

pub use admin::{Admin, AdminFuture, AdminRoutes, Refusal};
pub use cors::CorsOrigins;
pub use library::ClientLibrary;
pub use routes::Routes;
pub use server::{Remaining, Server};
