//! Plain data: what passes between the gateway, handlers and other nodes, and the checks of what handlers say.
//!
//! Imports nothing of the gateway, so that a component, a worker, a node and a test all speak in the same terms.

mod checks;
mod command;
mod description;
mod error;
mod event;
mod limits;
mod names;
mod reason;
mod remote;
mod schedule;
mod times;

pub use checks::{CheckError, CommandChecks, check_ack, check_rejection};
pub use command::{Command, Operation, Selection, Target};
pub use description::{Description, DescriptionError};
pub use error::{CallError, HandlerError};
pub use event::{Answers, Event};
pub use limits::{GatewayLimits, RecoveryLimits};
pub use names::{CONNECT, DISCONNECT, NamespacePathError, check_namespace_path};
pub use reason::DisconnectReason;
pub use remote::{Handshake, ListedSocket, LostSocket, RemoteSocket, RoomNames};
pub use schedule::{DescribedSchedule, Schedule, ScheduleError};
pub use times::{Times, TimesError};
