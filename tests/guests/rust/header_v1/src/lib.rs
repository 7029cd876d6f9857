//! A plugin of ABI 0.1.0: header callbacks without `end_of_stream`, absent headers answered as empty.
//!
//! - every request: `x-guest: v1` is added; `x-query` becomes the value of `x-ask`, empty if absent
//! - every response: `x-guest: v1` is added
//! - path `/deny`: a local response 403 with body `denied`

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, LogLevel};

#[no_mangle]
pub fn _start() {
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_http_context(|_, _| Box::new(Stream));
}

struct Stream;

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, num_headers: usize) -> Action {
        log::info!("v1: {num_headers} request headers");
        if self.get_http_request_header(":path").as_deref() == Some("/deny") {
            self.send_http_response(403, vec![("x-guest", "v1")], Some(b"denied"));
            return Action::Pause;
        }
        let asked = self.get_http_request_header("x-ask").unwrap_or_default();
        self.add_http_request_header("x-guest", "v1");
        self.set_http_request_header("x-query", Some(&asked));
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _num_headers: usize) -> Action {
        self.add_http_response_header("x-guest", "v1");
        Action::Continue
    }
}
