//! Tells size and checksum of a response's body in its trailers; see ../README.md.

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel, MapType};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Plugin));
}}

struct Plugin;

impl Context for Plugin {}

impl RootContext for Plugin {
    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { size: 0, checksum: FNV_BASIS }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// FNV-1a, 64 bits.
const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

struct Stream {
    size: usize,
    checksum: u64,
}

impl Context for Stream {}

impl Stream {
    fn trailers(&self) -> [(&'static str, String); 2] {
        [("x-body-size", self.size.to_string()), ("x-body-fnv", format!("{:016x}", self.checksum))]
    }
}

impl HttpContext for Stream {
    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        // In HTTP/1.1 a body of a length told before has no trailers.
        self.set_http_response_header("content-length", None);
        self.set_http_response_header("trailer", Some("x-body-size, x-body-fnv"));
        Action::Continue
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        for byte in self.get_http_response_body(0, size).unwrap_or_default() {
            self.checksum = (self.checksum ^ u64::from(byte)).wrapping_mul(FNV_PRIME);
        }
        self.size += size;
        if end_of_stream {
            // There are no trailers yet: they are made.
            for (name, value) in self.trailers() {
                let map = MapType::HttpResponseTrailers;
                if let Err(status) = hostcalls::add_map_value(map, name, &value) {
                    log::error!("cannot make trailers: {status:?}");
                }
            }
        }
        Action::Continue
    }

    fn on_http_response_trailers(&mut self, _num_trailers: usize) -> Action {
        for (name, value) in self.trailers() {
            self.set_http_response_trailer(name, Some(&value));
        }
        Action::Continue
    }
}
