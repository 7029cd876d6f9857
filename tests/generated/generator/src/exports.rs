//! Puts exports into a module that has none.

use wasm_encoder::{
    CodeSection, Encode, ExportKind, ExportSection, Function, RawSection, Section, TypeSection,
    ValType,
};
use wasmparser::{Parser, Payload};

// What a host can call, on every engine.
const MAX_PARAMS: usize = 24;
const MAX_RESULTS: usize = 16;

#[derive(Default)]
struct Contents {
    types: Vec<wasmparser::FuncType>,
    functions: Vec<u32>, // the type of each, imported ones first
    imported: usize,
    globals: Vec<wasmparser::ValType>,
    sections: Vec<(u8, Vec<u8>)>,
}

fn read(wasm: &[u8]) -> Contents {
    let mut found = Contents::default();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.expect("a module");
        if let Some((id, range)) = payload.as_section() {
            found.sections.push((id, wasm[range.start as usize..range.end as usize].to_vec()));
        }
        match payload {
            Payload::TypeSection(types) => {
                found.types =
                    types.into_iter_err_on_gc_types().map(|ty| ty.expect("a type")).collect();
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    if let wasmparser::TypeRef::Func(ty) = import.expect("an import").ty {
                        found.functions.push(ty);
                        found.imported += 1;
                    }
                }
            }
            Payload::FunctionSection(types) => {
                found.functions.extend(types.into_iter().map(|ty| ty.expect("a function")));
            }
            Payload::GlobalSection(globals) => {
                found.globals =
                    globals.into_iter().map(|g| g.expect("a global").ty.content_type).collect();
            }
            _ => {}
        }
    }
    found
}

fn number(ty: wasmparser::ValType) -> Option<ValType> {
    match ty {
        wasmparser::ValType::I32 => Some(ValType::I32),
        wasmparser::ValType::I64 => Some(ValType::I64),
        wasmparser::ValType::F32 => Some(ValType::F32),
        wasmparser::ValType::F64 => Some(ValType::F64),
        _ => None,
    }
}

fn is_callable(ty: &wasmparser::FuncType) -> bool {
    let numbers = |types: &[wasmparser::ValType]| types.iter().all(|ty| number(*ty).is_some());
    ty.params().len() <= MAX_PARAMS && numbers(ty.params()) && numbers(ty.results())
}

// A section is a count and that many entries: both sections' entries as one section.
fn joined(first: &[u8], second: &impl Section) -> Vec<u8> {
    let mut encoded = Vec::new();
    second.encode(&mut encoded);
    let (_, second) = split_number(&encoded); // its size
    let (first_count, first) = split_number(first);
    let (second_count, second) = split_number(second);
    let mut all = Vec::new();
    let mut count = first_count + second_count;
    loop {
        let more = if count > 0x7f { 0x80 } else { 0 };
        all.push((count & 0x7f) as u8 | more);
        count >>= 7;
        if count == 0 {
            break;
        }
    }
    all.extend_from_slice(first);
    all.extend_from_slice(second);
    all
}

fn split_number(bytes: &[u8]) -> (u32, &[u8]) {
    let mut value = 0;
    for (index, byte) in bytes.iter().enumerate() {
        value |= u32::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return (value, &bytes[index + 1..]);
        }
    }
    panic!("a number without an end");
}

// Sections come in this order.
fn rank(id: u8) -> usize {
    [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11].iter().position(|known| *known == id).unwrap_or(0)
}

/// None for a module that not every engine would take.
pub fn add(wasm: &[u8]) -> Option<Vec<u8>> {
    let mut module = read(wasm);
    if module.types.iter().any(|ty| ty.results().len() > MAX_RESULTS) {
        return None;
    }
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0);
    let callable = |index: &usize| is_callable(&module.types[module.functions[*index] as usize]);
    for index in (module.imported..module.functions.len()).filter(callable) {
        exports.export(&format!("f{}", index - module.imported), ExportKind::Func, index as u32);
    }

    let mut types = TypeSection::new();
    let mut functions = wasm_encoder::FunctionSection::new();
    let mut bodies = CodeSection::new();
    for (global, ty) in module.globals.iter().enumerate() {
        let Some(ty) = number(*ty) else { continue };
        let index = module.functions.len() as u32 + functions.len();
        exports.export(&format!("g{global}"), ExportKind::Func, index);
        functions.function(module.types.len() as u32 + types.len());
        types.ty().function([], [ty]);
        let mut body = Function::new([]);
        body.instructions().global_get(global as u32).end();
        bodies.function(&body);
    }

    for (id, contents) in &mut module.sections {
        match *id {
            1 => *contents = joined(contents, &types),
            3 => *contents = joined(contents, &functions),
            10 => *contents = joined(contents, &bodies),
            _ => {}
        }
    }
    let mut encoded = Vec::new();
    exports.encode(&mut encoded);
    let (_, contents) = split_number(&encoded);
    module.sections.retain(|(id, _)| *id != 7); // it exports nothing
    let place = module.sections.iter().position(|(id, _)| rank(*id) > rank(7))?;
    module.sections.insert(place, (7, contents.to_vec()));

    let mut made = wasm_encoder::Module::new();
    for (id, data) in &module.sections {
        made.section(&RawSection { id: *id, data });
    }
    Some(made.finish())
}
