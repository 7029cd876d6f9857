//! `matches`: regular expressions whose compilation and search cost what is paid for, and that are
//! compiled once for a thread.
//!
//! A search by way of an automaton built as it goes takes one step for a byte, however hostile the
//! pattern; building it may take much more, but in proportion to the memory it takes, which is
//! bounded. An engine that keeps within less memory by taking more time is not used.

use std::cell::RefCell;
use std::collections::HashMap;

use cel::common::types::{CelBool, CelString};
use cel::{Env, ExecutionError};
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson;
use regex_automata::Input;

use crate::meter;

/// How large a compiled pattern may be, in bytes, and what compiling one up to that size costs. The
/// size is known only afterwards, and most patterns are small.
const SIZES: [(usize, u64); 2] = [(32 << 10, 1_000), (256 << 10, 10_000)];

/// What one pattern's automaton may take, in bytes.
const MAX_AUTOMATON_BYTES: usize = 512 << 10;
const AUTOMATON_BYTES_PER_UNIT: usize = 16;

/// How many patterns a thread keeps.
const MAX_PATTERNS: usize = 32;

thread_local! {
    static PATTERNS: RefCell<HashMap<String, Pattern>> = RefCell::default();
}

pub fn declare(environment: &mut Env) {
    cel::add_overload!(environment, fn matches: (CelString, CelString) -> Result<CelBool>, id = "matches")
        .expect("the name is free");
    cel::add_member_overload!(environment, fn matches: (CelString, CelString) -> Result<CelBool>)
        .expect("the name is free");
}

fn matches(text: &CelString<'_>, pattern: &CelString<'_>) -> Result<CelBool, ExecutionError> {
    PATTERNS.with_borrow_mut(|patterns| {
        if !patterns.contains_key(pattern.inner()) {
            let compiled = Pattern::compile(pattern.inner())?;
            if patterns.len() == MAX_PATTERNS {
                patterns.clear();
            }
            patterns.insert(pattern.inner().to_owned(), compiled);
        }
        let compiled = patterns.get_mut(pattern.inner()).expect("it was put there");
        compiled.is_match(text.inner()).map(CelBool::from)
    })
}

struct Pattern {
    automaton: DFA,
    built: Cache,
}

impl Pattern {
    fn compile(pattern: &str) -> Result<Self, ExecutionError> {
        let mut refusal = String::new();
        for (size, cost) in SIZES {
            meter::pay(cost);
            let built = DFA::builder()
                .thompson(thompson::Config::new().nfa_size_limit(Some(size)))
                .configure(
                    DFA::config()
                        .cache_capacity(MAX_AUTOMATON_BYTES)
                        // A search that has to start its automaton anew ends instead.
                        .minimum_cache_clear_count(Some(0))
                        .unicode_word_boundary(true),
                )
                .build(pattern);
            match built {
                Ok(automaton) => {
                    let built = automaton.create_cache();
                    return Ok(Pattern { automaton, built });
                }
                Err(error) => refusal = error.to_string(),
            }
        }
        Err(ExecutionError::function_error("matches", refusal))
    }

    fn is_match(&mut self, text: &str) -> Result<bool, ExecutionError> {
        self.search(text).or_else(|_| {
            // What other texts have filled it with may leave too little room for this one.
            self.built.reset(&self.automaton);
            self.search(text)
        })
    }

    fn search(&mut self, text: &str) -> Result<bool, ExecutionError> {
        meter::pay_for_bytes(text.len());
        let before = self.built.memory_usage();
        let found =
            self.automaton.try_search_fwd(&mut self.built, &Input::new(text).earliest(true));
        let grown = match found {
            Ok(_) => self.built.memory_usage().saturating_sub(before),
            Err(_) => MAX_AUTOMATON_BYTES,
        };
        meter::pay((grown / AUTOMATON_BYTES_PER_UNIT) as u64);
        match found {
            Ok(end) => Ok(end.is_some()),
            Err(error) => Err(ExecutionError::function_error("matches", error)),
        }
    }
}
