//! What an evaluation may cost. `cel` itself has no bound, and an expression may loop over its own
//! values and double them at every level. So each part of an expression that yields a value is
//! wrapped into a call that pays for that value from a budget; an evaluation that runs out of it
//! ends by a panic, which no operator of the language can absorb as it could an error.
//!
//! An operation takes time in proportion to the values it is given and makes, so what is paid for
//! bounds the time, and the memory as well.

use std::cell::Cell;
use std::panic::resume_unwind;

use cel::common::ast::{operators, CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue};
use cel::common::types::{CelBytes, CelList, CelMap, CelMapKey, CelString, DYN_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{Env, ExecutionError, IdedExpr};

/// One value costs one unit, and one more for each so many bytes of text.
const BUDGET: u64 = 200_000;
const BYTES_PER_UNIT: usize = 32;

/// How many nodes may stand above one another. The parser bounds brackets, but neither "a+a+a+a" nor
/// "a.b.c.d".
pub const MAX_DEPTH: usize = 100;

/// No name of the language starts so.
const PAY: &str = "@pay";

thread_local! {
    static LEFT: Cell<u64> = const { Cell::new(0) };
}

/// An evaluation starts with the whole budget.
pub fn begin() {
    LEFT.set(BUDGET);
}

pub fn pay(units: u64) {
    match LEFT.get().checked_sub(units) {
        Some(left) => LEFT.set(left),
        None => resume_unwind(Box::new("the expression costs too much")),
    }
}

pub fn pay_for_bytes(size: usize) {
    pay(bytes_cost(size));
}

pub fn declare(environment: &mut Env) {
    environment.add_overload(PAY, PAY, vec![DYN_TYPE], pay_for_value).expect("the name is free");
}

fn pay_for_value<'b, 'v>(
    mut arguments: Vec<CowVal<'b, 'v>>,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let value = arguments.remove(0);
    pay(cost(value.as_ref()));
    Ok(value)
}

fn bytes_cost(size: usize) -> u64 {
    1 + (size / BYTES_PER_UNIT) as u64
}

fn cost(value: &dyn Val) -> u64 {
    if let Some(text) = value.downcast_ref::<CelString>() {
        return bytes_cost(text.inner().len());
    }
    if let Some(bytes) = value.downcast_ref::<CelBytes>() {
        return bytes_cost(bytes.inner().len());
    }
    if let Some(list) = value.downcast_ref::<CelList>() {
        return 1 + list.inner().iter().map(|item| cost(item.as_ref())).sum::<u64>();
    }
    if let Some(map) = value.downcast_ref::<CelMap>() {
        return 1 + map
            .inner()
            .iter()
            .map(|(key, value)| key_cost(key) + cost(value.as_ref()))
            .sum::<u64>();
    }
    1
}

fn key_cost(key: &CelMapKey) -> u64 {
    match key {
        CelMapKey::String(text) => bytes_cost(text.inner().len()),
        _ => 1,
    }
}

/// Whether the expression stays within MAX_DEPTH.
pub fn is_shallow(expression: &IdedExpr) -> bool {
    fits(expression, MAX_DEPTH)
}

fn fits(expression: &IdedExpr, depth: usize) -> bool {
    let Some(below) = depth.checked_sub(1) else {
        return false;
    };
    match &expression.expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => true,
        Expr::Call(call) => {
            call.target.as_deref().into_iter().chain(&call.args).all(|e| fits(e, below))
        }
        Expr::Select(select) => fits(&select.operand, below),
        Expr::List(list) => list.elements.iter().all(|e| fits(e, below)),
        Expr::Map(map) => map.entries.iter().all(|entry| entry_fits(&entry.expr, below)),
        Expr::Struct(message) => message.entries.iter().all(|entry| entry_fits(&entry.expr, below)),
        Expr::Comprehension(loop_) => {
            [&loop_.iter_range, &loop_.accu_init, &loop_.loop_cond, &loop_.loop_step, &loop_.result]
                .into_iter()
                .all(|e| fits(e, below))
        }
    }
}

fn entry_fits(entry: &EntryExpr, depth: usize) -> bool {
    match entry {
        EntryExpr::StructField(field) => fits(&field.value, depth),
        EntryExpr::MapEntry(entry) => fits(&entry.key, depth) && fits(&entry.value, depth),
    }
}

/// Makes the expression pay for what it does.
pub fn meter(expression: &mut IdedExpr) {
    Meter { in_loop: false }.visit(expression);
}

#[derive(Clone, Copy)]
struct Meter {
    in_loop: bool,
}

impl Meter {
    fn visit(self, expression: &mut IdedExpr) {
        let pays = match &mut expression.expr {
            Expr::Unspecified => false,
            Expr::Literal(literal) => self.in_loop || is_long(literal),
            Expr::Ident(_) => true,
            Expr::Select(select) => {
                // `a.b.c` is looked up as a name and must stay one.
                if !is_name(&select.operand) {
                    self.visit(&mut select.operand);
                }
                true
            }
            Expr::Call(call) => {
                call.target
                    .as_deref_mut()
                    .into_iter()
                    .chain(&mut call.args)
                    .for_each(|e| self.visit(e));
                !is_control(call)
            }
            Expr::List(list) => {
                list.elements.iter_mut().for_each(|e| self.visit(e));
                true
            }
            Expr::Map(map) => {
                map.entries.iter_mut().for_each(|entry| self.visit_entry(&mut entry.expr));
                true
            }
            Expr::Struct(message) => {
                message.entries.iter_mut().for_each(|entry| self.visit_entry(&mut entry.expr));
                true
            }
            Expr::Comprehension(loop_) => {
                self.visit_loop(loop_);
                true
            }
        };
        if pays {
            let value = std::mem::take(expression);
            expression.id = value.id;
            expression.expr =
                Expr::Call(CallExpr { func_name: PAY.to_owned(), target: None, args: vec![value] });
        }
    }

    fn visit_entry(self, entry: &mut EntryExpr) {
        match entry {
            EntryExpr::StructField(field) => self.visit(&mut field.value),
            EntryExpr::MapEntry(entry) => {
                self.visit(&mut entry.key);
                self.visit(&mut entry.value);
            }
        }
    }

    /// Of the parts that a macro makes, only the step evaluates what the user wrote: it pays once a
    /// round at least.
    fn visit_loop(self, loop_: &mut ComprehensionExpr) {
        self.visit(&mut loop_.iter_range);
        let body = Meter { in_loop: true };
        body.visit_step(&mut loop_.loop_step, &loop_.accu_var);
    }

    /// A step is `accu && x`, `accu || x`, `accu + [x]`, `accu + 1`, or `x ? step : accu`. `cel`
    /// knows the lists that grow so by their shape, which must stay as it is.
    fn visit_step(self, step: &mut IdedExpr, accu: &str) {
        let Expr::Call(call) = &mut step.expr else {
            return self.visit(step);
        };
        match call.args.as_mut_slice() {
            [condition, grown, kept] if is_ident(kept, accu) => {
                self.visit(condition);
                self.visit_step(grown, accu);
            }
            [kept, grown] if is_ident(kept, accu) => match &mut grown.expr {
                Expr::List(list) => list.elements.iter_mut().for_each(|e| self.visit(e)),
                _ => self.visit(grown),
            },
            _ => self.visit(step),
        }
    }
}

fn is_ident(expression: &IdedExpr, name: &str) -> bool {
    matches!(&expression.expr, Expr::Ident(ident) if ident == name)
}

fn is_name(expression: &IdedExpr) -> bool {
    match &expression.expr {
        Expr::Ident(_) => true,
        Expr::Select(select) => !select.test && is_name(&select.operand),
        _ => false,
    }
}

/// Operators that make nothing and only choose.
fn is_control(call: &CallExpr) -> bool {
    matches!(
        call.func_name.as_str(),
        operators::CONDITIONAL
            | operators::LOGICAL_AND
            | operators::LOGICAL_OR
            | operators::LOGICAL_NOT
            | operators::NOT_STRICTLY_FALSE
    )
}

/// Outside of a loop a literal is met once; only the search in a long one is worth its price.
fn is_long(literal: &LiteralValue) -> bool {
    match literal {
        LiteralValue::String(text) => text.inner().len() > BYTES_PER_UNIT,
        LiteralValue::Bytes(bytes) => bytes.inner().len() > BYTES_PER_UNIT,
        _ => false,
    }
}
