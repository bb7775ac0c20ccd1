//! The machine's resources, on which defaults and checks depend.

use std::num::NonZeroUsize;
use std::path::Path;
use std::{fs, io};

use rustix::process::{Resource, getrlimit, setrlimit};

/// Assumed if the machine does not tell (not Linux).
const UNKNOWN_MEMORY: usize = 2 << 30;

const MIB: usize = 1 << 20;

/// The resources that settings are checked against.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    /// Default for the bytes that handlers may use together: half of what this process may use, in whole MiB.
    pub handler_memory: usize,
    /// Default for the bytes that clients may make the host keep: a quarter of the same.
    pub clients_memory: usize,
    /// Processor cores.
    pub cores: usize,
    /// Whether the system may swap this process' memory out.
    pub may_swap: bool,
}

impl Machine {
    /// The machine that this process runs on.
    pub fn here() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let memory = memory();
        let whole = |bytes: usize| bytes / MIB * MIB;
        Self { handler_memory: whole(memory / 2), clients_memory: whole(memory / 4), cores, may_swap: may_swap() }
    }

    /// Default for how many instances may exist at once: one for every 8 MiB that handlers may use together, at most
    /// 256 a core, and in all from 16 to 1,000.
    ///
    /// An instance that waits (for an acknowledgement) needs memory but no core; one that computes needs a core.
    /// Address space is reserved for each, whether or not it is used.
    pub fn instances(&self, handler_memory: usize) -> usize {
        (handler_memory / (8 * MIB)).min(256 * self.cores).clamp(16, 1_000)
    }
}

/// The memory that this process may use.
fn memory() -> usize {
    match (physical_memory(), control_group_memory()) {
        (Some(physical), Some(allowed)) => physical.min(allowed),
        (Some(memory), None) | (None, Some(memory)) => memory,
        (None, None) => UNKNOWN_MEMORY,
    }
}

/// `MemTotal` of Linux' `/proc/meminfo`.
fn physical_memory() -> Option<usize> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1 << 10)
}

/// The smallest `memory.max` of this process' control groups.
fn control_group_memory() -> Option<usize> {
    control_groups("memory.max").iter().filter_map(|max| max.parse().ok()).min()
}

/// Whether the system may swap this process' memory out: there is swap, and no control group forbids it.
///
/// Swap that is added later is not noticed.
fn may_swap() -> bool {
    has_swap(fs::read_to_string("/proc/swaps")) && !control_groups("memory.swap.max").iter().any(|max| max == "0")
}

/// Linux' `/proc/swaps`: a line of titles, then one for each area. A kernel without swap has no such file.
fn has_swap(areas: io::Result<String>) -> bool {
    match areas {
        Ok(text) => text.lines().nth(1).is_some(),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

/// Raises the limit on open files to what the system allows, because every connection is one. Most systems start
/// programs with 1,024, which only those that call `select` need.
///
/// # Errors
///
/// If the system refuses; the limit then stays as it is.
pub fn raise_open_files() -> io::Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}

/// The contents of a file in this process' control group (version 2) and in each group around it that has the file.
fn control_groups(file: &str) -> Vec<String> {
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    read_groups(Path::new("/sys/fs/cgroup"), &groups, file)
}

fn read_groups(mount: &Path, groups: &str, file: &str) -> Vec<String> {
    let Some(path) = groups.lines().find_map(|line| line.strip_prefix("0::/")) else {
        return Vec::new();
    };
    let texts = Path::new(path).ancestors().filter_map(|group| fs::read_to_string(mount.join(group).join(file)).ok());
    texts.map(|text| text.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_follow_memory_and_cores() {
        let machine = |handler_memory, cores| Machine { handler_memory, clients_memory: 0, cores, may_swap: false };
        let on = |handler_memory, cores| machine(handler_memory, cores).instances(handler_memory);
        assert_eq!(on(12 << 30, 2), 512);
        assert_eq!(on(12 << 30, 8), 1_000);
        assert_eq!(on(1 << 30, 8), 128);
        assert_eq!(on(1 << 20, 1), 16);
    }

    #[test]
    fn swap_is_possible_where_there_is_an_area() {
        const TITLES: &str = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
        assert!(!has_swap(Ok(TITLES.to_owned())));
        assert!(has_swap(Ok(format!("{TITLES}/swapfile   file\t\t524284\t\t0\t\t-2\n"))));
        assert!(!has_swap(Err(io::ErrorKind::NotFound.into())));
        assert!(has_swap(Err(io::ErrorKind::PermissionDenied.into())));
    }

    #[test]
    fn limits_of_the_groups_around_hold_too() {
        let mount = tempfile::tempdir().expect("a folder");
        let service = mount.path().join("system.slice/host.service");
        fs::create_dir_all(&service).expect("a folder");
        fs::write(service.join("memory.swap.max"), "max\n").expect("a file");
        fs::write(mount.path().join("system.slice/memory.swap.max"), "0\n").expect("a file");
        let read = |groups| read_groups(mount.path(), groups, "memory.swap.max");
        assert_eq!(read("4:memory:/old\n0::/system.slice/host.service\n"), ["max", "0"]);
        assert_eq!(read("0::/user.slice\n"), [""; 0]);
        assert_eq!(read("4:memory:/system.slice\n"), [""; 0]);
        // In a container, the process' own group is the root.
        fs::write(mount.path().join("memory.swap.max"), "0\n").expect("a file");
        assert_eq!(read("0::/\n"), ["0"]);
    }

    #[test]
    fn this_machine_has_memory() {
        assert!(memory() >= 1 << 20);
    }
}
