//! What the machine has, for the defaults of limits that depend on it.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

/// Taken where the machine does not say (not Linux).
const UNKNOWN_MEMORY: usize = 2 << 30;

const MIB: usize = 1 << 20;

/// Memory that handlers may use together unless told otherwise: half of what this process may use, in whole MiB.
pub fn handler_memory() -> usize {
    let memory = match (physical_memory(), control_group_memory()) {
        (Some(physical), Some(allowed)) => physical.min(allowed),
        (Some(memory), None) | (None, Some(memory)) => memory,
        (None, None) => UNKNOWN_MEMORY,
    };
    memory / 2 / MIB * MIB
}

/// How many instances may exist at once unless told otherwise: one for every 8 MiB that handlers may use together, at
/// most 256 a core, and in all from 16 to 1,000.
///
/// An instance that waits (for an acknowledgement) needs memory and no core; one that computes needs a core. Address
/// space is reserved for each, whether or not it is used.
pub fn instances(handler_memory: usize) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    instances_on(handler_memory, cores)
}

fn instances_on(handler_memory: usize, cores: usize) -> usize {
    (handler_memory / (8 * MIB)).min(256 * cores).clamp(16, 1_000)
}

/// `MemTotal` of Linux' `/proc/meminfo`.
fn physical_memory() -> Option<usize> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1 << 10)
}

/// The smallest `memory.max` of this process' control group (version 2) and the groups around it.
fn control_group_memory() -> Option<usize> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let limits = Path::new(path).ancestors().filter_map(|group| {
        let text = fs::read_to_string(Path::new("/sys/fs/cgroup").join(group).join("memory.max")).ok()?;
        text.trim().parse().ok()
    });
    limits.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_follow_memory_and_cores() {
        assert_eq!(instances_on(12 << 30, 2), 512);
        assert_eq!(instances_on(12 << 30, 8), 1_000);
        assert_eq!(instances_on(1 << 30, 8), 128);
        assert_eq!(instances_on(1 << 20, 1), 16);
    }

    #[test]
    fn this_machine_has_memory() {
        assert!(handler_memory() >= 1 << 20);
    }
}
