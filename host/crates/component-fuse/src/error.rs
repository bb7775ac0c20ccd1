//! Why a component is left as it is.

use wasm_encoder::reencode;

/// The component cannot be joined, or is invalid.
pub type Error = reencode::Error<NoSuchIndex>;

/// An index is used that nothing has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an index that nothing has")]
pub struct NoSuchIndex;

pub(super) const MISSING: Error = reencode::Error::UserError(NoSuchIndex);
