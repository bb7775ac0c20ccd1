//! Limits on instances.

/// What one instance may use, and all of them together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeLimits {
    /// Bytes of linear memory of one instance. Beyond: growing fails, and most guests then trap.
    pub memory: usize,
    /// Table elements of one instance. Beyond: as with memory.
    pub table_elements: usize,
    /// Instances at once. Beyond: calls wait.
    pub instances: usize,
    /// Instances at once for clients of one address. Beyond: calls wait. With none, an address may have three for each
    /// one that it leaves free.
    pub instances_per_address: Option<usize>,
    /// Bytes of linear memory of all instances together. Beyond: as with memory.
    pub total_memory: usize,
    /// Bytes that the host copies out of a guest in one call. Beyond: the guest traps.
    pub host_bytes: usize,
    /// Whether the system may swap this process' memory out. Memory of instances is then given back to the system
    /// instead of cleaned in place, which makes calls more expensive.
    pub may_swap: bool,
}

impl Default for RuntimeLimits {
    /// Suits a small machine.
    fn default() -> Self {
        Self {
            memory: 128 << 20,
            table_elements: 100_000,
            instances: 128,
            instances_per_address: None,
            total_memory: 1 << 30,
            host_bytes: 16 << 20,
            may_swap: false,
        }
    }
}
