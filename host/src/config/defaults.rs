//! The defaults that `--help` shows, taken from the crates that enforce them.

use clap::Command;
use engine_io::PerAddress;
use gateway::model::{GatewayLimits, RecoveryLimits};
use guest::{EventStoreLimits, HandlerLimits};
use runtime::RuntimeLimits;
use store::{EmbeddedLimits, Limits};

use super::cluster::ClusterSettings;
use super::serve::ServeSettings;
use super::state::StateSettings;
use super::values::{CountOrNone, Size, Time};

/// Adds `[default: …]` to the help of all settings that have a default and do not name it themselves.
pub fn show_defaults(command: Command) -> Command {
    let defaults = defaults();
    command.mut_args(|argument| {
        let id = argument.get_id().as_str();
        let Some((_, default)) = defaults.iter().find(|(name, _)| *name == id) else { return argument };
        let short = argument.get_help().cloned().unwrap_or_default();
        let long = argument.get_long_help().cloned().unwrap_or_else(|| short.clone());
        // A paragraph of its own in the long help, so that no line breaks inside.
        argument.help(format!("{short} [default: {default}]")).long_help(format!("{long}\n\n[default: {default}]"))
    })
}

/// The default of the flag with this id, if it does not depend on others or on the machine.
pub fn default(id: &str) -> Option<String> {
    defaults().into_iter().find_map(|(name, default)| (name == id).then_some(default))
}

fn defaults() -> Vec<(&'static str, String)> {
    let gateway = GatewayLimits::default();
    let (session, recovery) = (&gateway.session, RecoveryLimits::default());
    let (runtime, handler) = (RuntimeLimits::default(), HandlerLimits::default());
    let (store, event) = (Limits::default(), EventStoreLimits::default());
    let size = |bytes: usize| Size(bytes).to_string();
    let time = |time| Time(time).to_string();
    vec![
        ("listen", ServeSettings::LISTEN.to_string()),
        ("path", ServeSettings::PATH.to_owned()),
        ("max_payload", size(session.payload)),
        ("max_attachments", gateway.attachments.to_string()),
        ("connect_timeout", time(gateway.connect_timeout)),
        ("ping_interval", time(session.ping_interval)),
        ("ping_timeout", time(session.ping_timeout)),
        ("upgrade_timeout", time(session.upgrade_timeout)),
        ("max_waiting_events", gateway.waiting_events.to_string()),
        ("max_unsent", size(session.unsent_bytes)),
        ("max_unhandled", size(gateway.unhandled_bytes)),
        ("max_auth", size(gateway.auth)),
        ("max_sessions", session.sessions.to_string()),
        ("max_sessions_per_address", CountOrNone::of(session.sessions_per_address).to_string()),
        ("max_unjoined", session.unjoined.to_string()),
        ("max_unjoined_per_address", unjoined_per_address(session.unjoined_per_address)),
        ("max_namespaces", gateway.namespaces_per_session.to_string()),
        ("max_rooms", gateway.rooms_per_socket.to_string()),
        ("recovery_packets", CountOrNone::of(recovery.packets).to_string()),
        ("recovery_bytes", size(recovery.bytes)),
        ("handler_time", time(handler.time)),
        ("handler_memory", size(runtime.memory)),
        ("handler_table", runtime.table_elements.to_string()),
        ("handler_commands", gateway.commands.to_string()),
        ("handler_command_bytes", size(gateway.command_bytes)),
        ("max_socket_data", size(gateway.socket_data)),
        ("max_request_body", size(handler.request_body)),
        ("max_waiting_requests", handler.waiting_requests.to_string()),
        ("reuse", handler.reuse.to_string()),
        ("kv_prefix", StateSettings::PREFIX.to_owned()),
        ("kv_max_key", size(store.key)),
        ("kv_max_value", size(store.value)),
        ("kv_max_size", Size(usize::try_from(store.quota).unwrap_or(usize::MAX)).to_string()),
        ("kv_calls", event.calls.to_string()),
        ("kv_bytes", size(event.bytes)),
        ("kv_writers", EmbeddedLimits::default().writers.to_string()),
        ("cluster_format", ClusterSettings::FORMAT.name().to_owned()),
        ("cluster_prefix", cluster::Settings::PREFIX.to_owned()),
        ("cluster_queue", size(cluster::Settings::QUEUE_BYTES)),
        ("cluster_queue_time", time(cluster::Settings::QUEUE_TIME)),
    ]
}

fn unjoined_per_address(limit: PerAddress) -> String {
    match limit {
        PerAddress::Unbounded => "none".to_owned(),
        PerAddress::Public(limit) => format!("{limit}, for public addresses"),
        PerAddress::Every(limit) => limit.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn every_default_belongs_to_a_setting() {
        let command = Cli::command();
        let run = command.find_subcommand("run").unwrap();
        for (name, _) in defaults() {
            assert!(run.get_arguments().any(|argument| argument.get_id() == name), "{name}");
        }
    }

    #[test]
    fn help_shows_them() {
        let help = show_defaults(Cli::command().find_subcommand("run").unwrap().clone()).render_long_help().to_string();
        for default in ["[default: 127.0.0.1:3000]", "[default: 1MB]", "[default: 10s]", "[default: none]"] {
            assert!(help.contains(default), "{default}");
        }
    }
}
