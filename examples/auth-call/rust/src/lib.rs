//! Asks an authorisation service before a request goes on; see ../README.md.

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use std::rc::Rc;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_millis(500);

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Plugin { upstream: "auth".into() }));
}}

struct Plugin {
    upstream: Rc<str>,
}

impl Context for Plugin {}

impl RootContext for Plugin {
    fn on_configure(&mut self, _configuration_size: usize) -> bool {
        let configuration = self.get_plugin_configuration().unwrap_or_default();
        match std::str::from_utf8(&configuration).map(str::trim) {
            Ok("") => {}
            Ok(upstream) => self.upstream = upstream.into(),
            Err(_) => return false,
        }
        true
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { upstream: self.upstream.clone() }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Stream {
    upstream: Rc<str>,
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        // What a client claims to have been told does not count.
        self.set_http_request_header("x-auth-user", None);
        let path = self.get_http_request_header(":path").unwrap_or_default();
        let credentials = self.get_http_request_header("authorization").unwrap_or_default();
        let headers = vec![
            (":method", "GET"),
            (":path", "/check"),
            (":authority", &self.upstream),
            ("authorization", &credentials),
            ("x-original-path", &path),
        ];
        if let Err(status) = self.dispatch_http_call(&self.upstream, headers, None, vec![], TIMEOUT)
        {
            log::error!("cannot call '{}': {status:?}", self.upstream);
            self.send_http_response(503, vec![], Some(b"no authorisation service\n"));
        }
        // Until the answer is there, or its time is over.
        Action::Pause
    }
}

impl Context for Stream {
    fn on_http_call_response(&mut self, _: u32, num_headers: usize, _: usize, _: usize) {
        if num_headers == 0 {
            self.send_http_response(503, vec![], Some(b"no authorisation service\n"));
            return;
        }
        let status = self.get_http_call_response_header(":status").unwrap_or_default();
        if !status.starts_with('2') {
            self.send_http_response(403, vec![], Some(b"denied\n"));
            return;
        }
        let user = self.get_http_call_response_header("x-auth-user");
        self.set_http_request_header("x-auth-user", user.as_deref());
        self.resume_http_request();
    }
}
