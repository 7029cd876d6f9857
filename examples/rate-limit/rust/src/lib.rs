//! Lets each client make so many requests in a time; see ../README.md.

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel, Status};
use std::time::UNIX_EPOCH;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Plugin { limit: Limit { requests: 10, seconds: 1 } }));
}}

#[derive(Clone, Copy)]
struct Limit {
    requests: u64,
    seconds: u64,
}

impl Limit {
    /// `5/60`: five requests a minute.
    fn parse(text: &[u8]) -> Option<Self> {
        let (requests, seconds) = std::str::from_utf8(text).ok()?.trim().split_once('/')?;
        let limit = Self { requests: requests.parse().ok()?, seconds: seconds.parse().ok()? };
        (limit.seconds > 0).then_some(limit)
    }
}

struct Plugin {
    limit: Limit,
}

impl Context for Plugin {}

impl RootContext for Plugin {
    fn on_configure(&mut self, _configuration_size: usize) -> bool {
        let Some(configuration) = self.get_plugin_configuration() else { return true };
        match Limit::parse(&configuration) {
            Some(limit) => self.limit = limit,
            None => {
                log::error!("the configuration is REQUESTS/SECONDS, as 5/60");
                return false;
            }
        }
        true
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { limit: self.limit }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Stream {
    limit: Limit,
}

impl Context for Stream {}

impl Stream {
    /// Counts this request; the number of the client's requests in this window.
    ///
    /// Shared data is the same on all worker threads. Its value is `WINDOW COUNT`.
    fn count(&self, client: &str, window: u64) -> u64 {
        let key = format!("rate-limit.{client}");
        loop {
            let (value, cas) = self.get_shared_data(&key);
            let text = String::from_utf8(value.unwrap_or_default()).unwrap_or_default();
            let before = match text.split_once(' ') {
                Some((of, count)) if of == window.to_string() => count.parse().unwrap_or(0),
                _ => 0,
            };
            let now = format!("{window} {}", before + 1);
            match self.set_shared_data(&key, Some(now.as_bytes()), cas) {
                // Another thread was quicker: look again.
                Err(Status::CasMismatch) => continue,
                Ok(()) => return before + 1,
                Err(status) => {
                    log::error!("cannot count: {status:?}");
                    return 0;
                }
            }
        }
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        let Some(client) = self.get_http_request_header("x-api-key") else {
            self.send_http_response(401, vec![], Some(b"no x-api-key\n"));
            return Action::Pause;
        };
        let now = self.get_current_time().duration_since(UNIX_EPOCH).unwrap_or_default();
        let window = now.as_secs() / self.limit.seconds;
        if self.count(&client, window) <= self.limit.requests {
            return Action::Continue;
        }
        let wait = (self.limit.seconds - now.as_secs() % self.limit.seconds).to_string();
        self.send_http_response(429, vec![("retry-after", &wait)], Some(b"too many requests\n"));
        Action::Pause
    }
}
