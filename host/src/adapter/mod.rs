//! What carries broadcasts between sockets, and later between nodes.

pub mod local;

pub use local::LocalAdapter;
