//! A plugin of root contexts: a service, an access logger, and a filter that shows what its root
//! knows. See tests/guests/README.md.

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel, MapType, MetricType};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Trace);
    proxy_wasm::set_root_context(|_| Box::<Plugin>::default());
}}

#[derive(Default)]
struct Plugin {
    call_each_tick: bool,
    grpc_to: Option<String>,
    panic_at: Option<String>,
    panic_tick: Option<u32>,
    ticks: u32,
    logged: Rc<Cell<u64>>,
}

fn number(path: &[&str]) -> String {
    match hostcalls::get_property(path.to_vec()).unwrap() {
        Some(bytes) => i64::from_le_bytes(bytes.try_into().expect("eight bytes")).to_string(),
        None => "absent".to_string(),
    }
}

fn text(path: &[&str]) -> String {
    match hostcalls::get_property(path.to_vec()).unwrap() {
        Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        None => "absent".to_string(),
    }
}

fn header(map: MapType, name: &str) -> String {
    hostcalls::get_map_value(map, name).unwrap().unwrap_or_else(|| "absent".to_string())
}

fn bump(name: &str) {
    let metric = hostcalls::define_metric(MetricType::Counter, name).unwrap();
    hostcalls::increment_metric(metric, 1).unwrap();
}

impl Context for Plugin {
    fn on_http_call_response(&mut self, _id: u32, _headers: usize, body: usize, _trailers: usize) {
        let answer = self.get_http_call_response_body(0, body).unwrap_or_default();
        log::info!("call answered: {}", String::from_utf8_lossy(&answer));
        bump("root_all.calls");
    }

    /// The text of an Echo's answer stands behind its tag and its length.
    fn on_grpc_call_response(&mut self, _token: u32, status_code: u32, size: usize) {
        let answer = self.get_grpc_call_response_body(0, size).unwrap_or_default();
        let text = String::from_utf8_lossy(answer.get(2..).unwrap_or_default()).into_owned();
        log::info!("gRPC answered: {status_code} {text}");
    }

    fn on_done(&mut self) -> bool {
        log::info!("service done");
        true
    }
}

impl RootContext for Plugin {
    fn on_vm_start(&mut self, _size: usize) -> bool {
        self.get_vm_configuration().as_deref() != Some(b"fail")
    }

    /// Lines of `queue=NAME`, `tick_ms=N`, `call`, `grpc=CLUSTER`, `set=TEXT`, `panic=PATH`,
    /// `panic_tick=N`.
    fn on_configure(&mut self, _size: usize) -> bool {
        let configuration = self.get_plugin_configuration().unwrap_or_default();
        for line in String::from_utf8(configuration).unwrap().lines() {
            match line.split_once('=').unwrap_or((line, "")) {
                ("queue", name) => {
                    self.register_shared_queue(name);
                }
                ("tick_ms", period) => {
                    self.set_tick_period(Duration::from_millis(period.parse().unwrap()));
                }
                ("call", _) => self.call_each_tick = true,
                ("grpc", cluster) => self.grpc_to = Some(cluster.to_string()),
                ("set", value) => {
                    self.set_shared_data("root_all", Some(value.as_bytes()), None).unwrap();
                }
                ("panic_tick", number) => self.panic_tick = Some(number.parse().unwrap()),
                ("panic", path) => self.panic_at = Some(path.to_string()),
                _ => return false,
            }
        }
        bump("root_all.configured");
        true
    }

    fn on_tick(&mut self) {
        self.ticks += 1;
        if self.panic_tick == Some(self.ticks) {
            panic!("as told");
        }
        bump("root_all.ticks");
        if let Some(cluster) = self.grpc_to.take() {
            let message = b"\x0a\x07service";
            let timeout = Duration::from_secs(5);
            self.dispatch_grpc_call(&cluster, "weir.test.Echo", "Unary", vec![], Some(message), timeout)
                .unwrap();
        }
        if !self.call_each_tick {
            return;
        }
        self.call_each_tick = false;
        let headers = vec![(":method", "GET"), (":path", "/service"), (":authority", "upstream")];
        self.dispatch_http_call("upstream", headers, None, vec![], Duration::from_secs(5)).unwrap();
    }

    fn on_queue_ready(&mut self, queue: u32) {
        while let Some(item) = self.dequeue_shared_queue(queue).unwrap() {
            log::info!("drained: {}", String::from_utf8_lossy(&item));
            bump("root_all.drained");
            self.set_shared_data("last_item", Some(&item), None).unwrap();
        }
    }

    fn on_log(&mut self) {
        self.logged.set(self.logged.get() + 1);
        let path = header(MapType::HttpRequestHeaders, ":path");
        if self.panic_at.as_deref() == Some(&path) {
            panic!("as told");
        }
        log::info!(
            "logged {}: path={path} agent={} status={} type={} trailer={} code={} details={} \
             received={} sent={} source={} upstream={} cluster={} state={} flags={}",
            self.logged.get(),
            header(MapType::HttpRequestHeaders, "user-agent"),
            header(MapType::HttpResponseHeaders, ":status"),
            header(MapType::HttpResponseHeaders, "x-type"),
            header(MapType::HttpResponseTrailers, "x-trailer"),
            number(&["response", "code"]),
            text(&["response", "code_details"]),
            number(&["request", "size"]),
            number(&["response", "size"]),
            text(&["source", "address"]),
            text(&["upstream", "address"]),
            text(&["cluster_name"]),
            text(&["note"]),
            number(&["response", "flags"]),
        );
        bump("root_all.logged");
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { logged: self.logged.clone() }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// `/enqueue/ITEM` puts ITEM into queue `items` of VM `service`; `/deny` is answered 403; every
/// request sets property `note`, and every response tells what the root has counted and is told.
struct Stream {
    logged: Rc<Cell<u64>>,
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _headers: usize, _end: bool) -> Action {
        let path = self.get_http_request_header(":path").unwrap_or_default();
        self.set_property(vec!["note"], Some(path.as_bytes()));
        if let Some(item) = path.strip_prefix("/enqueue/") {
            let queue = self.resolve_shared_queue("service", "items").expect("the queue is there");
            self.enqueue_shared_queue(queue, Some(item.as_bytes())).unwrap();
        }
        if path == "/deny" {
            self.send_http_response(403, vec![], Some(b"denied"));
            return Action::Pause;
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _headers: usize, _end: bool) -> Action {
        self.set_http_response_header("x-logged", Some(&self.logged.get().to_string()));
        let (shared, _) = self.get_shared_data("root_all");
        let shared = shared.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        self.set_http_response_header("x-shared", Some(shared.as_deref().unwrap_or("none")));
        Action::Continue
    }
}
