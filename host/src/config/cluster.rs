//! Whether the host is one of several nodes, and how these speak.

use std::str::FromStr;

use cluster::{Format, Settings};

use super::values::{Secret, Size, Time};
use crate::hint;

/// Bytes of a prefix at most; it is part of every channel's name.
const LONGEST_PREFIX: usize = 128;

/// How nodes speak, as a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClusterFormat(Format);

impl FromStr for ClusterFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = [Format::Streams, Format::Pubsub].into_iter().find(|format| format.name() == text);
        known.map(Self).ok_or_else(|| "write `streams` or `pubsub`".to_owned())
    }
}

/// Several hosts as one server.
#[derive(Debug, Default, Clone, clap::Args)]
#[command(next_help_heading = "Cluster")]
pub struct ClusterSettings {
    /// Redis that connects this host with others, so that they are one server: `redis://HOST:PORT`,
    /// `redis://USER:PASSWORD@HOST:PORT/DATABASE`, or `rediss://` for TLS. Better in the environment variable: flags
    /// are seen by every user of the machine.
    #[arg(long, env = "HOST_CLUSTER", value_name = "URL", hide_env_values = true)]
    cluster: Option<Secret>,

    /// How nodes speak: `streams`, as the npm package @socket.io/redis-streams-adapter, or `pubsub`, as
    /// @socket.io/redis-adapter and its emitters. All nodes of a cluster speak alike.
    #[arg(long, env = "HOST_CLUSTER_FORMAT", value_name = "FORMAT")]
    cluster_format: Option<ClusterFormat>,

    /// What the names of the cluster's channels and streams begin with. Clusters with different prefixes can share one
    /// Redis.
    #[arg(long, env = "HOST_CLUSTER_PREFIX", value_name = "PREFIX")]
    cluster_prefix: Option<String>,

    /// Messages to other nodes that wait, while Redis is slow or away. Beyond: they are dropped and counted.
    #[arg(long, env = "HOST_CLUSTER_QUEUE", value_name = "SIZE")]
    cluster_queue: Option<Size>,

    /// How long messages to other nodes wait while Redis is away. Beyond: they are dropped and counted.
    #[arg(long, env = "HOST_CLUSTER_QUEUE_TIME", value_name = "TIME")]
    cluster_queue_time: Option<Time>,
}

impl ClusterSettings {
    pub(super) const FORMAT: Format = Format::Streams;

    /// What is set; none without a cluster.
    ///
    /// # Errors
    ///
    /// If the URL or the prefix is invalid. The URL, which may have a password, is not repeated.
    pub(super) fn check(self, answer_bytes: usize) -> anyhow::Result<Option<Settings>> {
        let Some(Secret(url)) = self.cluster else { return Ok(None) };
        let redis = url.parse().map_err(|usage| hint::error("--cluster is not the URL of a Redis", usage))?;
        let prefix = self.cluster_prefix.unwrap_or_else(|| Settings::PREFIX.to_owned());
        if prefix.is_empty() || prefix.len() > LONGEST_PREFIX {
            return Err(hint::error(
                format!("--cluster-prefix has {} bytes", prefix.len()),
                format!("give a prefix of 1 to {LONGEST_PREFIX} bytes"),
            ));
        }
        Ok(Some(Settings {
            redis,
            format: self.cluster_format.map_or(Self::FORMAT, |ClusterFormat(format)| format),
            prefix,
            queue_bytes: self.cluster_queue.map_or(Settings::QUEUE_BYTES, |size| size.0),
            queue_time: self.cluster_queue_time.map_or(Settings::QUEUE_TIME, |time| time.0),
            answer_bytes,
        }))
    }
}
