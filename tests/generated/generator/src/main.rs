//! weir_generator FOLDER COUNT SET: writes COUNT modules of fixed seeds, 0000.wasm and so on. Those of the
//! set `common` use what every engine has, those of `more` SIMD and reference types too, those of `tail_calls` tail
//! calls and reference types. Those of `exceptions` throw and catch, and have reference types, those of
//! `plain_exceptions` throw and catch alone; and those of `older_exceptions` are the same as these, in the form that
//! exceptions had before the standard.
//!
//! Each exports its memory as "memory", its functions that a host can call as "f0", "f1" and so on, and
//! for each of its globals a function that reads it: "g0", "g1". The last global is the fuel that is left,
//! by which every call ends.

mod exports;
mod older;

use arbitrary::Unstructured;
use wasm_encoder::{EntityType, ImportSection, TypeSection, ValType};
use wasm_smith::{Config, Module};
use wasmparser::{Operator, Parser, Payload};

// Loops and calls of one instance; so many frames fit into any engine's stack.
const FUEL: u32 = 200;
const SEED_BYTES: usize = 6000;

/// The functions that a module may import, with every type in them. Not every engine calls out for
/// several results.
fn imports() -> Vec<u8> {
    use ValType::{F32, F64, I32, I64};
    let functions: [(&str, &[ValType], &[ValType]); 3] = [
        ("nothing", &[], &[]),
        ("add", &[I32, I32], &[I32]),
        ("mix", &[I64, F32, F64], &[F64]),
    ];
    let mut types = TypeSection::new();
    let mut section = ImportSection::new();
    for (index, (name, params, results)) in functions.into_iter().enumerate() {
        types.ty().function(params.iter().copied(), results.iter().copied());
        section.import("host", name, EntityType::Function(index as u32));
    }
    let mut module = wasm_encoder::Module::new();
    module.section(&types).section(&section);
    module.finish()
}

/// What modules use besides what every engine has.
#[derive(Clone, Copy)]
struct Extensions {
    reference_types: bool,
    simd: bool,
    tail_calls: bool,
    exceptions: bool,
}

fn config(with: Extensions) -> Config {
    Config {
        available_imports: Some(imports()),
        canonicalize_nans: true,
        min_funcs: 2,
        max_funcs: 8,
        max_instructions: 150,
        max_imports: 4,
        min_memories: 1,
        max_memories: 1,
        memory_max_size_required: true,
        max_memory32_bytes: 8 << 16,
        max_tables: if with.reference_types { 3 } else { 1 },
        table_max_size_required: true,
        max_table_elements: 32,
        max_exports: 0,
        max_globals: 6,
        max_data_segments: 4,
        max_element_segments: 4,
        simd_enabled: with.simd,
        reference_types_enabled: with.reference_types,
        tail_call_enabled: with.tail_calls,
        extended_const_enabled: false,
        relaxed_simd_enabled: false,
        exceptions_enabled: with.exceptions,
        min_tags: if with.exceptions { 1 } else { 0 },
        max_tags: 4,
        gc_enabled: false,
        memory64_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        compact_imports_enabled: false,
        ..Config::default()
    }
}

// A generator of bytes, the same on every machine (splitmix64).
fn bytes_of(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::with_capacity(SEED_BYTES);
    while bytes.len() < SEED_BYTES {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(word ^ (word >> 31)).to_le_bytes());
    }
    bytes
}

fn throws_and_catches(wasm: &[u8]) -> bool {
    let (mut throws, mut catches) = (false, false);
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::CodeSectionEntry(body) = payload.expect("a module") else { continue };
        for operator in body.get_operators_reader().expect("code") {
            match operator.expect("an operator") {
                Operator::Throw { .. } => throws = true,
                Operator::TryTable { try_table } => catches |= !try_table.catches.is_empty(),
                _ => {}
            }
        }
    }
    throws && catches
}

fn generate(seed: u64, with: Extensions) -> Option<Vec<u8>> {
    let bytes = bytes_of(seed);
    let mut module = Module::new(config(with), &mut Unstructured::new(&bytes)).ok()?;
    module.ensure_termination(FUEL).ok()?;
    let exported = exports::add(&module.to_bytes())?;
    if with.exceptions && !throws_and_catches(&exported) {
        return None;
    }
    validate(&exported);
    Some(exported)
}

fn validate(wasm: &[u8]) {
    let features = wasmparser::WasmFeatures::all();
    wasmparser::Validator::new_with_features(features).validate_all(wasm).expect("a valid module");
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let (folder, count) = (&words[1], words[2].parse::<usize>().expect("a count"));
    let none =
        Extensions { reference_types: false, simd: false, tail_calls: false, exceptions: false };
    let references = Extensions { reference_types: true, ..none };
    let (with, mut seed) = match words[3].as_str() {
        "common" => (none, 0),
        "more" => (Extensions { simd: true, ..references }, 1 << 32),
        "tail_calls" => (Extensions { tail_calls: true, ..references }, 2 << 32),
        "exceptions" => (Extensions { exceptions: true, ..references }, 3 << 32),
        "plain_exceptions" | "older_exceptions" => {
            (Extensions { exceptions: true, ..none }, 4 << 32)
        }
        other => panic!("a set {other} is unknown"),
    };
    for index in 0..count {
        let mut module = loop {
            seed += 1;
            if let Some(module) = generate(seed, with) {
                break module;
            }
        };
        if words[3] == "older_exceptions" {
            module = older::translate(&module);
            validate(&module);
        }
        std::fs::write(format!("{folder}/{index:04}.wasm"), module).expect("a folder to write to");
    }
}
