//! Runs components, and records what can be seen: results, traps, digests of the state, and calls of imports, in order.

use std::fmt::Write;
use std::sync::OnceLock;

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Instance, Linker, Type, Val};
use wasmtime::{Config, Engine, OptLevel, RegallocAlgorithm, Store, StoreContextMut, Trap};

use super::observer::STATE;

/// Fuel for a start, and for one call.
const FUEL: u64 = 20_000;

/// Fuel for looking at all memories.
const PLENTY: u64 = 5_000_000;

/// How many exports of a component are called.
const CALLS: usize = 40;

/// How far two components could be compared. They were alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// Wasmtime does not run the component as it was.
    NotAtAll,
    /// Up to a call that took too much fuel or stack in one of the two: how much they need may differ.
    Partly,
    /// In all that was called.
    Completely,
}

/// What the two components did.
pub struct Difference {
    pub before: String,
    pub after: String,
}

/// What happened, one line each.
struct Record {
    lines: Vec<String>,
    /// False if a call took too much fuel or stack. Nothing of that call is recorded.
    is_complete: bool,
}

/// What a component tells its host.
#[derive(Default)]
struct Told {
    lines: Vec<String>,
    /// How many numbers the host has given.
    numbers: u32,
}

/// Why something did not end as it should.
enum Failure {
    TooExpensive,
    Other(String),
}

/// Runs a component as it was, and joined.
pub fn compare(before: &[u8], after: &[u8]) -> Result<Compared, Difference> {
    let engine = engine();
    let Ok(component) = Component::new(engine, before) else { return Ok(Compared::NotAtAll) };
    let Some(linker) = linker(engine, &component) else { return Ok(Compared::NotAtAll) };
    let before = record(engine, &component, &linker);
    let after = match Component::new(engine, after) {
        Ok(component) => record(engine, &component, &linker),
        Err(error) => Record { lines: vec![format!("it was not compiled: {error:?}")], is_complete: true },
    };
    let lengths = [&before, &after].map(|record| if record.is_complete { usize::MAX } else { record.lines.len() });
    let common = lengths[0].min(lengths[1]);
    if before.lines.iter().take(common).ne(after.lines.iter().take(common)) {
        return Err(Difference { before: before.lines.join("\n"), after: after.lines.join("\n") });
    }
    Ok(if common == usize::MAX { Compared::Completely } else { Compared::Partly })
}

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let mut config = Config::new();
        config.consume_fuel(true).max_wasm_stack(1 << 20).cranelift_nan_canonicalization(true);
        config.wasm_memory64(true).wasm_function_references(true).wasm_gc(true).wasm_exceptions(true);
        // Every component is compiled once and runs for a moment.
        config.cranelift_opt_level(OptLevel::None).cranelift_regalloc_algorithm(RegallocAlgorithm::SinglePass);
        config.memory_reservation(4 << 20).memory_reservation_for_growth(0).memory_guard_size(64 << 10);
        Engine::new(&config).unwrap_or_else(|error| panic!("wrong settings: {error}"))
    })
}

/// Imports that tell what they are called with, and return numbers that count up. `None` if the component imports
/// anything but functions.
fn linker(engine: &Engine, component: &Component) -> Option<Linker<Told>> {
    let mut linker = Linker::new(engine);
    for (name, item) in component.component_type().imports(engine) {
        let ComponentItem::ComponentFunc(_) = item.ty else { return None };
        let called = name.to_owned();
        let import = move |mut store: StoreContextMut<'_, Told>, _, params: &[Val], results: &mut [Val]| {
            let told = store.data_mut();
            told.lines.push(format!("{called}({})", show(params)));
            for result in results {
                told.numbers += 1;
                *result = Val::U32(told.numbers);
            }
            Ok(())
        };
        linker.root().func_new(name, import).ok()?;
    }
    Some(linker)
}

/// Calls every export twice, and looks at the state after each call. What has trapped cannot be called again, so then
/// there is a new instance.
fn record(engine: &Engine, component: &Component, linker: &Linker<Told>) -> Record {
    let mut record = Record { lines: Vec::new(), is_complete: true };
    if let Err(Failure::TooExpensive) = call_all(engine, component, linker, &mut record.lines) {
        record.is_complete = false;
    }
    record
}

fn call_all(
    engine: &Engine,
    component: &Component,
    linker: &Linker<Told>,
    lines: &mut Vec<String>,
) -> Result<(), Failure> {
    let ty = component.component_type();
    let functions = ty.exports(engine).filter(|(_, item)| matches!(item.ty, ComponentItem::ComponentFunc(_)));
    let names: Vec<_> = functions.map(|(name, _)| name.to_owned()).filter(|name| name != STATE).take(CALLS).collect();
    let mut running = start(engine, component, linker, lines)?;
    for round in 0..2 {
        for name in &names {
            let (store, instance) = &mut running;
            let called = recorded(call(store, instance, name, round, FUEL))?;
            let state =
                if called.is_ok() { recorded(call(store, instance, STATE, 0, PLENTY))? } else { Ok(String::new()) };
            lines.append(&mut store.data_mut().lines);
            lines.push(format!("{name}: {called:?}, {state:?}"));
            if called.is_err() || state.is_err() {
                running = start(engine, component, linker, lines)?;
            }
        }
    }
    Ok(())
}

/// Makes an instance. An error if that fails, recorded unless it was too expensive.
fn start(
    engine: &Engine,
    component: &Component,
    linker: &Linker<Told>,
    lines: &mut Vec<String>,
) -> Result<(Store<Told>, Instance), Failure> {
    let mut store = Store::new(engine, Told::default());
    refuel(&mut store, FUEL);
    let started = recorded(linker.instantiate(&mut store, component).map_err(|error| failure(&error)))?;
    let state = match &started {
        Ok(instance) => recorded(call(&mut store, instance, STATE, 0, PLENTY))?,
        Err(_) => Ok(String::new()),
    };
    lines.append(&mut store.data_mut().lines);
    match started {
        Ok(instance) => {
            lines.push(format!("started: {state:?}"));
            Ok((store, instance))
        }
        Err(reason) => {
            // Joined, all tables are filled before all memories. So it may differ which of several segments does not fit.
            let reason = if reason.ends_with("OutOfBounds") { "a segment does not fit".to_owned() } else { reason };
            lines.push(format!("not started: {reason}"));
            Err(Failure::Other(reason))
        }
    }
}

/// Calls an export, if there is one.
fn call(store: &mut Store<Told>, instance: &Instance, name: &str, round: u32, fuel: u64) -> Result<String, Failure> {
    refuel(store, fuel);
    let Some(function) = instance.get_func(&mut *store, name) else { return Ok(String::new()) };
    let ty = function.ty(&*store);
    let mut params = Vec::new();
    for ((_, ty), number) in ty.params().zip(round..) {
        params.push(match ty {
            Type::U32 => Val::U32(number),
            Type::U64 => Val::U64(number.into()),
            Type::Float32 => Val::Float32(number as f32),
            Type::Float64 => Val::Float64(number.into()),
            Type::String => Val::String(number.to_string()),
            _ => return Ok("not called".to_owned()),
        });
    }
    let mut results = vec![Val::Bool(false); ty.results().count()];
    match function.call(store, &params, &mut results) {
        Ok(()) => Ok(show(&results)),
        Err(error) => Err(failure(&error)),
    }
}

fn refuel(store: &mut Store<Told>, fuel: u64) {
    store.set_fuel(fuel).unwrap_or_else(|error| panic!("fuel is not counted: {error}"));
}

/// The bits of floats, as NaN is not one value.
fn show(values: &[Val]) -> String {
    let mut shown = String::new();
    for value in values {
        let written = match value {
            Val::Float32(value) => write!(shown, "f32:{:x} ", value.to_bits()),
            Val::Float64(value) => write!(shown, "f64:{:x} ", value.to_bits()),
            value => write!(shown, "{value:?} "),
        };
        debug_assert!(written.is_ok());
    }
    shown
}

fn failure(error: &wasmtime::Error) -> Failure {
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel | Trap::StackOverflow) => Failure::TooExpensive,
        Some(trap) => Failure::Other(format!("{trap:?}")),
        None => Failure::Other(error.root_cause().to_string()),
    }
}

/// A failure that is recorded, or an error if it was too expensive.
fn recorded<T>(result: Result<T, Failure>) -> Result<Result<T, String>, Failure> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Failure::Other(reason)) => Ok(Err(reason)),
        Err(Failure::TooExpensive) => Err(Failure::TooExpensive),
    }
}
