//! Misbehaves as asked: by the request's path while it handles request headers, or with `/response`,
//! `/body`, `/log` appended while it handles response headers, the request body, or the end of the
//! stream; by the plugin configuration, which names a fault without the slash, while it is configured;
//! by the VM configuration while the VM starts.
//!
//! - `/panic`      a Rust panic: a line at level critical, then `unreachable`
//! - `/loop`       an endless loop that calls nothing
//! - `/loop-calls` an endless loop of hostcalls
//! - `/memory`     allocates and touches memory until there is none
//! - `/recursion`  calls itself without end
//! - `/exit`       std::process::exit(3): WASI proc_exit
//! - `/wild-read`  reads beyond the end of memory
//! - `/wild-log`   proxy_log of a text that lies beyond the end of memory
//! - `/wild-out`   proxy_get_header_map_value with result addresses beyond the end of memory
//! - `/huge-map`   proxy_set_header_map_pairs of a map that claims four thousand million pairs
//! - `/flood-shared-data`, `/flood-queue`  writes 1 MiB values until the host refuses one
//!
//! Where the guest survives (`wild-log`, `wild-out`, `huge-map`, `flood-…`) the response header `x-status` tells
//! the status that the host answered last, as a number. Every response has `x-seen`: how many requests
//! this instance has seen, so that a replaced instance shows.

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use std::cell::Cell;
use std::hint::black_box;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Plugin));
}}

thread_local! {
    static SEEN: Cell<u64> = const { Cell::new(0) };
}

/// Bytes in wasm memory that lie beyond any ceiling that a host sets.
const NOWHERE: *const u8 = 0xffff_ff00 as *const u8;
const OK: u32 = 0;

// The ABI itself: the SDK does not let pass what is wrong on purpose.
mod raw {
    extern "C" {
        pub fn proxy_log(level: u32, message: *const u8, size: usize) -> u32;
        pub fn proxy_get_header_map_value(
            map: u32,
            key: *const u8,
            key_size: usize,
            value: *mut u8,
            value_size: *mut u8,
        ) -> u32;
        pub fn proxy_set_header_map_pairs(map: u32, pairs: *const u8, size: usize) -> u32;
        pub fn proxy_set_shared_data(
            key: *const u8,
            key_size: usize,
            value: *const u8,
            value_size: usize,
            cas: u32,
        ) -> u32;
        pub fn proxy_register_shared_queue(name: *const u8, size: usize, id: *mut u32) -> u32;
        pub fn proxy_enqueue_shared_queue(id: u32, value: *const u8, size: usize) -> u32;
    }
}

#[allow(unconditional_recursion)]
fn recurse(depth: u64) -> u64 {
    black_box(recurse(black_box(depth + 1)) + depth)
}

fn exhaust_memory() {
    let mut kept = Vec::new();
    loop {
        kept.push(black_box(vec![1u8; 1 << 20]));
    }
}

/// Repeats `write` until it is refused, a thousand and some times at most.
fn flood(mut write: impl FnMut(u32, &[u8]) -> u32) -> u32 {
    let value = vec![1u8; 1 << 20];
    (0..1100).map(|number| write(number, &value)).find(|&status| status != OK).unwrap_or(OK)
}

fn flood_shared_data() -> u32 {
    flood(|number, value| {
        let key = format!("flood.{number}");
        unsafe {
            raw::proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), 0)
        }
    })
}

fn flood_queue() -> u32 {
    let name = "flood";
    let mut queue = 0;
    let status = unsafe { raw::proxy_register_shared_queue(name.as_ptr(), name.len(), &mut queue) };
    assert_eq!(status, OK);
    flood(|_, value| unsafe { raw::proxy_enqueue_shared_queue(queue, value.as_ptr(), value.len()) })
}

/// Does what `fault` names; the status of the host if there is one to tell.
fn commit(fault: &str) -> Option<u32> {
    match fault {
        "panic" => panic!("as asked"),
        "loop" => loop {
            black_box(());
        },
        "loop-calls" => loop {
            proxy_wasm::hostcalls::get_current_time().unwrap();
        },
        "memory" => exhaust_memory(),
        "recursion" => {
            black_box(recurse(0));
        }
        "exit" => std::process::exit(3),
        "wild-read" => {
            black_box(unsafe { std::ptr::read_volatile(NOWHERE) });
        }
        "wild-log" => return Some(unsafe { raw::proxy_log(2, NOWHERE, 100) }),
        "wild-out" => {
            let (key, out) = (":path", NOWHERE.cast_mut());
            return Some(unsafe {
                raw::proxy_get_header_map_value(0, key.as_ptr(), key.len(), out, out)
            });
        }
        "huge-map" => {
            let pairs = [0xff; 16];
            return Some(unsafe {
                raw::proxy_set_header_map_pairs(0, pairs.as_ptr(), pairs.len())
            });
        }
        "flood-shared-data" => return Some(flood_shared_data()),
        "flood-queue" => return Some(flood_queue()),
        _ => {}
    }
    None
}

struct Plugin;

impl Context for Plugin {}

impl RootContext for Plugin {
    fn on_vm_start(&mut self, _configuration_size: usize) -> bool {
        let fault = self.get_vm_configuration().unwrap_or_default();
        commit(&String::from_utf8_lossy(&fault));
        true
    }

    fn on_configure(&mut self, _configuration_size: usize) -> bool {
        let fault = self.get_plugin_configuration().unwrap_or_default();
        commit(&String::from_utf8_lossy(&fault));
        true
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream::default()))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// One request, and the fault that it asks for.
#[derive(Default)]
struct Stream {
    fault: String,
    place: String,
    status: Option<u32>,
}

impl Stream {
    fn commit_in(&mut self, place: &str) {
        if self.place == place {
            self.status = commit(&self.fault);
        }
    }
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        SEEN.set(SEEN.get() + 1);
        let path = self.get_http_request_header(":path").unwrap_or_default();
        let (fault, place) = path[1..].split_once('/').unwrap_or((&path[1..], "request"));
        self.fault = fault.into();
        self.place = place.into();
        self.commit_in("request");
        Action::Continue
    }

    fn on_http_request_body(&mut self, _body_size: usize, _end_of_stream: bool) -> Action {
        self.commit_in("body");
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        self.commit_in("response");
        if let Some(status) = self.status {
            self.set_http_response_header("x-status", Some(&status.to_string()));
        }
        self.set_http_response_header("x-seen", Some(&SEEN.get().to_string()));
        Action::Continue
    }

    fn on_log(&mut self) {
        self.commit_in("log");
    }
}
