//! Rewrites the bodies of responses; see ../README.md.

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Plugin { mode: Mode::Buffered }));
}}

#[derive(Clone, Copy)]
enum Mode {
    /// The whole body at once: a line with its size is put before it.
    Buffered,
    /// Piece by piece, as it passes: letters become capitals.
    Streamed,
}

struct Plugin {
    mode: Mode,
}

impl Context for Plugin {}

impl RootContext for Plugin {
    fn on_configure(&mut self, _configuration_size: usize) -> bool {
        let configuration = self.get_plugin_configuration().unwrap_or_default();
        self.mode = match configuration.trim_ascii() {
            b"" | b"buffered" => Mode::Buffered,
            b"streamed" => Mode::Streamed,
            _ => {
                log::error!("the configuration is `buffered` or `streamed`");
                return false;
            }
        };
        true
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { mode: self.mode }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Stream {
    mode: Mode,
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        // The length that the upstream told does not fit any more.
        self.set_http_response_header("content-length", None);
        Action::Continue
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        match self.mode {
            // Until the end, the host keeps what has come and calls again with more.
            Mode::Buffered if !end_of_stream => return Action::Pause,
            Mode::Buffered => {
                self.set_http_response_body(0, 0, format!("{size} bytes\n").as_bytes());
            }
            Mode::Streamed => {
                if let Some(mut piece) = self.get_http_response_body(0, size) {
                    piece.make_ascii_uppercase();
                    self.set_http_response_body(0, size, &piece);
                }
            }
        }
        Action::Continue
    }
}
