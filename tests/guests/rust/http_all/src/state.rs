//! Shared data, metrics, the queue and the tick.

use crate::host::HOST;
use crate::root;
use crate::Scenario;
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, MetricType, Status};
use std::rc::Rc;

pub const QUEUE: &str = "http_all.queue";
pub const COUNTER: &str = "http_all.counter";
pub const TICKS: &str = "http_all.ticks";
pub const LAST_ITEM: &str = "http_all.last_item";
pub const LAST_LOGGED: &str = "http_all.last_logged";

/// Adds one to a number in shared data, as text, however many others do the same.
pub fn increment(key: &str) -> u64 {
    loop {
        let (value, cas) = HOST.get_shared_data(key);
        let text = String::from_utf8(value.unwrap_or_default()).unwrap();
        let next = text.parse().unwrap_or(0u64) + 1;
        match HOST.set_shared_data(key, Some(next.to_string().as_bytes()), cas) {
            Ok(()) => return next,
            Err(Status::CasMismatch) => continue,
            Err(status) => panic!("set_shared_data: {status:?}"),
        }
    }
}

/// `/shared-data`: counts requests in shared data by compare and swap; the response header
/// `x-counter` tells the count.
#[derive(Default)]
pub struct Counter {
    count: u64,
}

impl Scenario for Counter {
    fn on_request_headers(&mut self) -> Action {
        self.count = increment(COUNTER);
        Action::Continue
    }

    fn on_response_headers(&mut self) -> Action {
        HOST.set_http_response_header("x-counter", Some(&self.count.to_string()));
        Action::Continue
    }
}

/// `/queue/last`, `/tick`, `/lifecycle/last`: the response header `x-value` tells what shared data
/// holds: the last item taken from the queue, the number of ticks, the last stream that was logged.
pub struct Show {
    pub key: &'static str,
}

impl Scenario for Show {
    fn on_response_headers(&mut self) -> Action {
        let value = HOST.get_shared_data(self.key).0.unwrap_or_default();
        HOST.set_http_response_header_bytes("x-value", Some(&value));
        Action::Continue
    }
}

#[derive(Clone, Copy)]
pub struct MetricIds {
    counter: u32,
    gauge: u32,
    histogram: u32,
}

impl MetricIds {
    pub fn define() -> Self {
        let define = |kind, name| hostcalls::define_metric(kind, name).unwrap();
        Self {
            counter: define(MetricType::Counter, "http_all.requests"),
            gauge: define(MetricType::Gauge, "http_all.last_path_size"),
            histogram: define(MetricType::Histogram, "http_all.path_size"),
        }
    }
}

/// `/metrics`: adds one to the counter `http_all.requests`, sets the gauge `http_all.last_path_size` to the
/// size of the path, records it in the histogram `http_all.path_size`; the response headers
/// `x-counter` and `x-gauge` tell the values read back.
pub struct Metrics {
    pub ids: MetricIds,
}

impl Scenario for Metrics {
    fn on_request_headers(&mut self) -> Action {
        let path = HOST.get_http_request_header(":path").unwrap_or_default();
        let size = path.len() as u64;
        hostcalls::increment_metric(self.ids.counter, 1).unwrap();
        hostcalls::record_metric(self.ids.gauge, size).unwrap();
        hostcalls::record_metric(self.ids.histogram, size).unwrap();
        Action::Continue
    }

    fn on_response_headers(&mut self) -> Action {
        let value = |id| hostcalls::get_metric(id).unwrap().to_string();
        HOST.set_http_response_header("x-counter", Some(&value(self.ids.counter)));
        HOST.set_http_response_header("x-gauge", Some(&value(self.ids.gauge)));
        Action::Continue
    }
}

/// `/queue`: puts the request's path with its query into the queue `http_all.queue`. The plugin takes
/// items out in on_queue_ready and logs them as `queue: ITEM`.
pub struct Enqueue {
    pub queue: u32,
}

impl Scenario for Enqueue {
    fn on_request_headers(&mut self) -> Action {
        let path = HOST.get_http_request_header(":path").unwrap_or_default();
        HOST.enqueue_shared_queue(self.queue, Some(path.as_bytes())).unwrap();
        Action::Continue
    }
}

/// `/pause-until-tick`: holds the request until the plugin's next tick (configuration `tick_ms`).
pub struct PauseUntilTick {
    pub context_id: u32,
    pub root: Rc<root::Shared>,
}

impl Scenario for PauseUntilTick {
    fn on_request_headers(&mut self) -> Action {
        self.root.paused.borrow_mut().push(self.context_id);
        Action::Pause
    }
}
