//! Marks every request and response that passes, and logs the request line.
//!
//! Configuration: the value of the header, as plain text; `header-edit` if there is none.

use log::info;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use std::rc::Rc;

const HEADER: &str = "x-weir-plugin";
const DEFAULT_VALUE: &str = "header-edit";

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Plugin { value: DEFAULT_VALUE.into() }));
}}

/// The plugin itself: one for each place it is configured in.
struct Plugin {
    value: Rc<str>,
}

impl Context for Plugin {}

impl RootContext for Plugin {
    fn on_configure(&mut self, configuration_size: usize) -> bool {
        if configuration_size == 0 {
            return true;
        }
        let bytes = self.get_plugin_configuration().unwrap_or_default();
        match String::from_utf8(bytes) {
            Ok(text) => {
                self.value = text.trim().into();
                true
            }
            Err(_) => {
                log::error!("the configuration must be text: the value of {HEADER}");
                false
            }
        }
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { value: self.value.clone() }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// One request and its response.
struct Stream {
    value: Rc<str>,
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        let method = self.get_http_request_header(":method").unwrap_or_default();
        let path = self.get_http_request_header(":path").unwrap_or_default();
        info!("{method} {path}");
        self.set_http_request_header(HEADER, Some(&self.value));
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        self.set_http_response_header(HEADER, Some(&self.value));
        Action::Continue
    }
}
