//! Exceptions as engines had them before the standard: `try` and `catch` in place of `try_table`.

use wasm_encoder::{CodeSection, Encode, RawSection, SectionId};
use wasmparser::{Catch, FunctionBody, Operator, Parser, Payload};

const TRY: u8 = 0x06;
const CATCH: u8 = 0x07;
const BR: u8 = 0x0c;
const CATCH_ALL: u8 = 0x19;

/// The same module. It must have no references to exceptions, which the older form has not.
pub fn translate(wasm: &[u8]) -> Vec<u8> {
    let mut bodies = CodeSection::new();
    let mut sections = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.expect("a module");
        if let Some(section) = payload.as_section() {
            sections.push(section);
        }
        if let Payload::CodeSectionEntry(body) = payload {
            bodies.raw(&translate_body(&body, wasm));
        }
    }

    let mut made = wasm_encoder::Module::new();
    for (id, range) in sections {
        if id == SectionId::Code as u8 {
            made.section(&bodies);
        } else {
            made.section(&RawSection { id, data: &wasm[range.start as usize..range.end as usize] });
        }
    }
    made.finish()
}

fn translate_body(body: &FunctionBody, wasm: &[u8]) -> Vec<u8> {
    let code = body.get_operators_reader().expect("code");
    let mut out = wasm[body.range().start as usize..code.original_position() as usize].to_vec();
    let mut blocks: Vec<Vec<Catch>> = Vec::new(); // what each catches
    let all: Vec<_> = code.into_iter_with_offsets().map(|op| op.expect("an operator")).collect();
    for (index, (operator, start)) in all.iter().enumerate() {
        let end = all.get(index + 1).map_or(body.range().end, |next| next.1);
        match operator {
            Operator::TryTable { try_table } => {
                out.push(TRY);
                out.extend_from_slice(block_type(&wasm[*start as usize + 1..end as usize]));
                blocks.push(try_table.catches.clone());
                continue;
            }
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                blocks.push(Vec::new());
            }
            // The last one is the function's, which is no block.
            Operator::End => handle(&blocks.pop().unwrap_or_default(), &mut out),
            _ => {}
        }
        out.extend_from_slice(&wasm[*start as usize..end as usize]);
    }
    out
}

/// A number in front, of one byte or more.
fn block_type(code: &[u8]) -> &[u8] {
    let more = code.iter().take_while(|byte| **byte & 0x80 != 0).count();
    &code[..=more]
}

/// In a handler the block that has it can be left, too: labels count from there. One for all
/// exceptions is the last.
fn handle(catches: &[Catch], out: &mut Vec<u8>) {
    for catch in catches {
        match catch {
            Catch::One { tag, label } => {
                out.push(CATCH);
                tag.encode(out);
                out.push(BR);
                (label + 1).encode(out);
            }
            Catch::All { label } => {
                out.push(CATCH_ALL);
                out.push(BR);
                (label + 1).encode(out);
                break;
            }
            _ => panic!("a reference to an exception"),
        }
    }
}
