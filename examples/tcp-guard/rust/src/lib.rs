//! Lets connections pass whose first bytes are those of a protocol; see ../README.md.

use proxy_wasm::traits::{Context, RootContext, StreamContext};
use proxy_wasm::types::{Action, ContextType, LogLevel, PeerType};
use std::rc::Rc;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Plugin { greeting: Rc::from(*b"HELLO ") }));
}}

struct Plugin {
    greeting: Rc<[u8]>,
}

impl Context for Plugin {}

impl RootContext for Plugin {
    fn on_configure(&mut self, _configuration_size: usize) -> bool {
        if let Some(greeting) = self.get_plugin_configuration() {
            self.greeting = greeting.into();
        }
        true
    }

    fn create_stream_context(&self, _context_id: u32) -> Option<Box<dyn StreamContext>> {
        Some(Box::new(Connection { greeting: self.greeting.clone(), passed: false, bytes: [0; 2] }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::StreamContext)
    }
}

struct Connection {
    greeting: Rc<[u8]>,
    passed: bool,
    /// From the client, from the upstream.
    bytes: [usize; 2],
}

impl Context for Connection {
    fn on_done(&mut self) -> bool {
        log::info!("{} bytes up, {} bytes down", self.bytes[0], self.bytes[1]);
        true
    }
}

impl StreamContext for Connection {
    fn on_downstream_data(&mut self, size: usize, end_of_stream: bool) -> Action {
        if !self.passed {
            let wanted = self.greeting.len();
            let begin = self.get_downstream_data(0, size.min(wanted)).unwrap_or_default();
            if !self.greeting.starts_with(&begin) || (end_of_stream && begin.len() < wanted) {
                log::warn!("a connection that does not greet is closed");
                self.close_downstream();
                return Action::Pause;
            }
            if begin.len() < wanted {
                // Too little to tell: the host keeps it, and calls again with more.
                return Action::Pause;
            }
            self.passed = true;
        }
        self.bytes[0] += size;
        Action::Continue
    }

    fn on_upstream_data(&mut self, size: usize, _end_of_stream: bool) -> Action {
        self.bytes[1] += size;
        Action::Continue
    }

    fn on_downstream_close(&mut self, peer: PeerType) {
        log::info!("the connection was closed by {peer:?}");
    }
}
