//! Writes a line for each request into a queue, and sends what is in it to a collector; see
//! ../README.md.
//!
//! Two plugins in one module, told apart by their configuration: one is at the requests, the other
//! empties the queue.

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{ContextType, LogLevel, MapType};
use std::time::Duration;

const QUEUE: &str = "access-log";
const TIMEOUT: Duration = Duration::from_secs(1);
/// Lines in one call to the collector.
const BATCH: usize = 100;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Plugin::default()));
}}

#[derive(Default)]
struct Plugin {
    /// The upstream that lines go to; none for the plugin that writes them.
    collector: Option<String>,
}

impl Context for Plugin {
    fn on_http_call_response(&mut self, _: u32, num_headers: usize, _: usize, _: usize) {
        if num_headers == 0 {
            log::warn!("the collector did not take a batch");
        }
    }
}

impl RootContext for Plugin {
    fn on_configure(&mut self, _configuration_size: usize) -> bool {
        let text = self.get_plugin_configuration().unwrap_or_default();
        match String::from_utf8(text) {
            Ok(text) if text.trim().is_empty() => {}
            Ok(text) => {
                self.collector = Some(text.trim().to_string());
                // Who registers a queue hears of what comes into it.
                self.register_shared_queue(QUEUE);
            }
            Err(_) => return false,
        }
        true
    }

    fn on_queue_ready(&mut self, queue: u32) {
        loop {
            let mut batch = Vec::new();
            let mut lines = 0;
            while lines < BATCH {
                let Ok(Some(line)) = self.dequeue_shared_queue(queue) else { break };
                batch.extend_from_slice(&line);
                batch.push(b'\n');
                lines += 1;
            }
            if lines == 0 {
                return;
            }
            self.ship(&batch);
        }
    }

    /// In the place of an access log.
    fn on_log(&mut self) {
        write_line();
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { writes: self.collector.is_none() }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

impl Plugin {
    fn ship(&self, batch: &[u8]) {
        let Some(collector) = &self.collector else { return };
        let headers =
            vec![(":method", "POST"), (":path", "/lines"), (":authority", collector.as_str())];
        if let Err(status) =
            self.dispatch_http_call(collector, headers, Some(batch), vec![], TIMEOUT)
        {
            log::error!("cannot call '{collector}': {status:?}");
        }
    }
}

/// In the place of an HTTP filter.
struct Stream {
    writes: bool,
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_log(&mut self) {
        if self.writes {
            write_line();
        }
    }
}

/// What the host knows of the stream that is over.
fn write_line() {
    // Queues are found by the vm_id of who opened them: maybe another VM.
    let Ok(Some(queue)) = hostcalls::resolve_shared_queue("access-log", QUEUE) else { return };
    let header = |map, name| match hostcalls::get_map_value(map, name) {
        Ok(Some(value)) => value,
        _ => "-".into(),
    };
    let line = format!(
        "{} {} {}",
        header(MapType::HttpRequestHeaders, ":method"),
        header(MapType::HttpRequestHeaders, ":path"),
        header(MapType::HttpResponseHeaders, ":status"),
    );
    if let Err(status) = hostcalls::enqueue_shared_queue(queue, Some(line.as_bytes())) {
        log::warn!("a line is lost: {status:?}");
    }
}
