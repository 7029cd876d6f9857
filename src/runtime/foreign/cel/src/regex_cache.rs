//! `matches`, with patterns that are compiled once for a thread and are bounded in size.

use std::cell::RefCell;
use std::collections::HashMap;

use cel::common::types::{CelBool, CelString};
use cel::{Env, ExecutionError};
use regex::{Regex, RegexBuilder};

use crate::meter;

/// A compiled pattern, and the states that a search may build up, in bytes.
const MAX_PATTERN_BYTES: usize = 512 << 10;
const MAX_PATTERNS: usize = 32;

/// What compiling costs, beside the pattern's length.
const COMPILATION_COST: u64 = 5_000;

thread_local! {
    static PATTERNS: RefCell<HashMap<String, Regex>> = RefCell::default();
}

pub fn declare(environment: &mut Env) {
    cel::add_overload!(environment, fn matches: (CelString, CelString) -> Result<CelBool>, id = "matches")
        .expect("the name is free");
    cel::add_member_overload!(environment, fn matches: (CelString, CelString) -> Result<CelBool>)
        .expect("the name is free");
}

fn matches(text: &CelString<'_>, pattern: &CelString<'_>) -> Result<CelBool, ExecutionError> {
    // A pattern of n states may be followed n times over the text.
    meter::pay_for_bytes(text.inner().len().saturating_mul(pattern.inner().len().min(64)));
    PATTERNS.with_borrow_mut(|patterns| {
        if !patterns.contains_key(pattern.inner()) {
            if patterns.len() == MAX_PATTERNS {
                patterns.clear();
            }
            patterns.insert(pattern.inner().to_owned(), compile(pattern.inner())?);
        }
        Ok(CelBool::from(patterns[pattern.inner()].is_match(text.inner())))
    })
}

fn compile(pattern: &str) -> Result<Regex, ExecutionError> {
    meter::pay(COMPILATION_COST);
    RegexBuilder::new(pattern)
        .size_limit(MAX_PATTERN_BYTES)
        .dfa_size_limit(MAX_PATTERN_BYTES)
        .build()
        .map_err(|error| ExecutionError::function_error("matches", error))
}
