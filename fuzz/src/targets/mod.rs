pub mod decoder;
pub mod payload;
pub mod placeholders;
mod reference;
