//! Counters of what happened in the process, and gauges of what it holds.
//!
//! Counters are plain atomics: counting never waits and never fails. They are logged when the host stops. Gauges are
//! not kept here, because they could drift from the truth: the host reads them from its parts when it is asked for its
//! status.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The counters of this process.
pub fn metrics() -> &'static Metrics {
    static METRICS: Metrics = Metrics::new();
    &METRICS
}

/// Defines [`Metrics`] and [`Gauges`] once: their fields, their start and the lines that show them.
macro_rules! metrics {
    (
        counters { $($(#[$counter_doc:meta])* $counter:ident,)* }
        gauges { $($(#[$gauge_doc:meta])* $gauge:ident,)* }
    ) => {
        /// What happened since the process started.
        #[derive(Debug)]
        pub struct Metrics {
            $($(#[$counter_doc])* pub $counter: Counter,)*
        }

        /// What the process holds at one moment.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct Gauges {
            $($(#[$gauge_doc])* pub $gauge: usize,)*
        }

        impl Gauges {
            /// All gauges by name.
            pub fn values(&self) -> Vec<(&'static str, usize)> {
                vec![$((stringify!($gauge), self.$gauge),)*]
            }
        }

        impl Metrics {
            const fn new() -> Self {
                Self { $($counter: Counter::new(),)* }
            }

            /// All counters by name.
            pub fn values(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($counter), self.$counter.get()),)*]
            }

            /// Logs all counters in one line.
            pub fn log(&self) {
                tracing::info!($($counter = self.$counter.get(),)* "counters");
            }

            /// Logs gauges and all counters in one line.
            pub fn log_status(&self, gauges: &Gauges) {
                tracing::info!($($gauge = gauges.$gauge,)* $($counter = self.$counter.get(),)* "status");
            }
        }
    };
}

metrics! {
    counters {
        /// Engine.IO sessions that were opened.
        sessions_opened,
        /// Engine.IO sessions that ended, for any reason.
        sessions_closed,
        /// Requests for a session that a limit refused.
        sessions_refused,
        /// Sessions closed because others needed their place: they had joined no namespace.
        sessions_displaced,
        /// Sessions closed because clients made the host keep too much, and they held most.
        sessions_shed,
        /// Sessions closed because their client was slow to receive.
        slow_consumers,
        /// Sockets that joined a namespace.
        sockets_connected,
        /// Sockets that left their namespace.
        sockets_disconnected,
        /// Connections that a `$connect` handler, or a limit, rejected.
        connections_rejected,
        /// Volatile packets dropped for slow clients.
        packets_dropped,
        /// Events that a handler was run for, `$connect` and `$disconnect` included.
        events_handled,
        /// Plain HTTP requests that a component was to answer.
        http_requests,
        /// Those of them that were refused because too many waited.
        http_requests_refused,
        /// Runs of schedules that have begun.
        schedules_run,
        /// Runs of schedules that were skipped: the last one still went, or it was too late.
        schedules_skipped,
        /// Handlers that went on, or began, in the slow lane, because they or others of their client computed for long.
        handlers_slowed,
        /// Handlers that trapped.
        handlers_trapped,
        /// Handlers that ran out of time.
        handlers_timed_out,
        /// Handlers that ran out of memory or table elements.
        handlers_out_of_memory,
        /// Handlers that reported a failure.
        handlers_failed,
        /// Events whose arguments did not fit their handler.
        invalid_arguments,
        /// Handlers that the host could not start.
        handlers_not_started,
        /// Messages to other nodes that Redis has taken.
        cluster_sent,
        /// Messages to other nodes that were dropped, because Redis was away for too long or refused them, or the queue
        /// was full.
        cluster_unsent,
        /// Messages of other nodes that were carried out or answered.
        cluster_received,
        /// Messages of other nodes that concerned no socket of this one, and its own that came back.
        cluster_ignored,
        /// Messages of other nodes that were dropped because too many waited.
        cluster_unread,
        /// Messages of other nodes that were dropped because they were malformed.
        cluster_malformed,
        /// Times that the connection to the cluster's Redis was lost.
        cluster_outages,
    }
    gauges {
        /// Engine.IO sessions, from their handshake to the end of their transport.
        sessions,
        /// Sessions that have ended, but whose handlers have not.
        sessions_ending,
        /// Bytes that clients make the host keep.
        clients_memory,
        /// Sockets in their namespaces. One whose `$connect` has not returned is not counted yet.
        sockets,
        /// Rooms with members, without those of sockets' own ids.
        rooms,
        /// Instances that run.
        instances,
        /// Events that wait because no more instances may run.
        instances_awaited,
        /// Handlers in the slow lane, because they compute for long.
        instances_slow,
        /// Bytes of linear memory of the instances that run.
        handler_memory,
        /// Tasks: one for each session, one for each HTTP connection that has not become a WebSocket, and a few more.
        tasks,
    }
}

/// A number that only grows.
#[derive(Debug)]
pub struct Counter(AtomicU64);

impl Counter {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Counts one more.
    pub fn increment(&self) {
        self.add(1);
    }

    /// Counts so many more.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Relaxed);
    }

    /// How many were counted.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}
