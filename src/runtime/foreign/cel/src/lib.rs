//! The C interface of weir_cel.h. Panics of what lies below end here.

mod attributes;
mod encoding;
mod meter;
mod patterns;

use std::ffi::c_void;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, LazyLock};

use cel::{Context, Env, IdedExpr, Value};

use attributes::Attributes;

/// A parser's stack. What nests within `meter::MAX_DEPTH` needs far less; what nests deeper is
/// refused, but only once it has been parsed.
const PARSER_STACK: usize = 32 << 20;

/// Evaluation goes on where this much stack is left, else on a stack of its own.
const EVALUATION_STACK: usize = 1 << 20;

#[repr(C)]
pub struct Bytes {
    data: *const u8,
    size: usize,
}

impl Bytes {
    fn of(bytes: &[u8]) -> Self {
        Bytes { data: bytes.as_ptr(), size: bytes.len() }
    }

    /// # Safety
    /// The bytes must be there for `'a`.
    unsafe fn get<'a>(&self) -> &'a [u8] {
        if self.size == 0 {
            return &[];
        }
        std::slice::from_raw_parts(self.data, self.size)
    }
}

#[repr(C)]
pub struct Host {
    context: *mut c_void,
    lookup: unsafe extern "C" fn(*mut c_void, Bytes, *mut Bytes) -> u8,
    result: unsafe extern "C" fn(*mut c_void, Bytes),
}

#[repr(u8)]
pub enum Outcome {
    Ok,
    Failed,
    Unserializable,
}

pub struct Program {
    expression: IdedExpr,
}

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
    // A panic is an error of one evaluation: it is told by the outcome, not on the host's stderr.
    std::panic::set_hook(Box::new(|_| {}));
    let mut environment = Env::stdlib().with_optional_support(false);
    meter::declare(&mut environment);
    patterns::declare(&mut environment);
    Arc::new(environment)
});

fn compile(text: &str) -> Option<Program> {
    stacker::grow(PARSER_STACK, || {
        let mut expression = ENVIRONMENT.parser().parse(text).ok()?;
        if !meter::is_shallow(&expression) {
            return None;
        }
        meter::meter(&mut expression);
        Some(Program { expression })
    })
}

fn evaluate(program: &Program, host: &Host) -> Outcome {
    let attributes = Attributes::new(host);
    let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
    context.set_variable_resolver(&attributes);

    meter::begin();
    let Ok(value) = Value::resolve_val(&program.expression, &context) else {
        return Outcome::Failed;
    };
    let Ok(value) = Value::try_from(value.as_ref()) else {
        return Outcome::Unserializable;
    };
    match encoding::encode(&value) {
        Some(bytes) => {
            unsafe { (host.result)(host.context, Bytes::of(&bytes)) };
            Outcome::Ok
        }
        None => Outcome::Unserializable,
    }
}

/// # Safety
/// As weir_cel.h says.
#[no_mangle]
pub unsafe extern "C" fn weir_cel_compile(text: Bytes) -> *mut Program {
    let Ok(text) = std::str::from_utf8(text.get()) else {
        return std::ptr::null_mut();
    };
    match catch_unwind(|| compile(text)) {
        Ok(Some(program)) => Box::into_raw(Box::new(program)),
        _ => std::ptr::null_mut(),
    }
}

/// # Safety
/// As weir_cel.h says.
#[no_mangle]
pub unsafe extern "C" fn weir_cel_evaluate(program: *const Program, host: *const Host) -> Outcome {
    let (program, host) = (&*program, &*host);
    let run =
        || stacker::maybe_grow(EVALUATION_STACK, EVALUATION_STACK, || evaluate(program, host));
    catch_unwind(AssertUnwindSafe(run)).unwrap_or(Outcome::Failed)
}

/// # Safety
/// As weir_cel.h says.
#[no_mangle]
pub unsafe extern "C" fn weir_cel_free(program: *mut Program) {
    drop(Box::from_raw(program));
}
