//! Exercises the HTTP side of the Rust SDK: each request path is a scenario. What each does stands
//! above its type in the modules, and all of them in the table of tests/guests/README.md.
//!
//! Plugin configuration, lines of `key=value`, all optional:
//! - `scenario=/path`   every request takes this scenario, whatever its path
//! - `tick_ms=N`        tick period
//! - `fail=configure`   refuses the configuration
//!
//! VM configuration: `fail` refuses to start.

mod body;
mod calls;
mod headers;
mod host;
mod observed;
mod replies;
mod root;
mod state;
mod trailers;

use host::HOST;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, LogLevel};
use std::rc::Rc;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Trace);
    proxy_wasm::set_root_context(|_| Box::new(root::Plugin::default()));
}}

/// What a stream of some path does. Methods that a scenario leaves out let everything pass.
pub trait Scenario {
    fn on_request_headers(&mut self) -> Action {
        Action::Continue
    }
    fn on_request_body(&mut self, _size: usize, _end_of_stream: bool) -> Action {
        Action::Continue
    }
    fn on_request_trailers(&mut self) -> Action {
        Action::Continue
    }
    fn on_response_headers(&mut self) -> Action {
        Action::Continue
    }
    fn on_response_body(&mut self, _size: usize, _end_of_stream: bool) -> Action {
        Action::Continue
    }
    fn on_response_trailers(&mut self) -> Action {
        Action::Continue
    }
    fn on_http_call_response(&mut self, _headers: usize, _body_size: usize) {}
    fn on_log(&mut self) {}
}

fn make_scenario(
    path: &str,
    context_id: u32,
    root: &Rc<root::Shared>,
) -> Option<Box<dyn Scenario>> {
    Some(match path {
        "/headers" => Box::new(headers::Edit),
        "/headers/all" => Box::new(headers::SetAll),
        "/headers/binary" => Box::new(headers::Binary),
        "/body/rewrite" => Box::new(body::Rewrite),
        "/body/append" => Box::new(body::Append),
        "/body/prepend" => Box::<body::Prepend>::default(),
        "/body/pause" => Box::<body::Pause>::default(),
        "/body/replace-all" => Box::new(body::ReplaceEachChunk),
        "/trailers" => Box::new(trailers::Edit),
        "/trailers/create" => Box::new(trailers::Create),
        "/local-response" => Box::new(replies::FromRequestHeaders),
        "/local-response/body" => Box::new(replies::FromRequestBody),
        "/local-response/response" => Box::new(replies::FromResponseHeaders),
        "/local-response/grpc" => Box::new(replies::Grpc),
        "/reset" => Box::new(replies::Reset),
        "/http-call" => Box::new(calls::OnRequest),
        "/http-call/body" => Box::<calls::OnRequestBody>::default(),
        "/http-call/response" => Box::new(calls::OnResponse),
        "/http-call/parallel" => Box::<calls::Parallel>::default(),
        "/http-call/forget" => Box::new(calls::Forget),
        "/shared-data" => Box::<state::Counter>::default(),
        "/metrics" => Box::new(state::Metrics { ids: root.metrics() }),
        "/queue" => Box::new(state::Enqueue { queue: root.queue.get() }),
        "/queue/last" => Box::new(state::Show { key: state::LAST_ITEM }),
        "/tick" => Box::new(state::Show { key: state::TICKS }),
        "/lifecycle/last" => Box::new(state::Show { key: state::LAST_LOGGED }),
        "/pause-until-tick" => Box::new(state::PauseUntilTick { context_id, root: root.clone() }),
        "/properties" => Box::new(observed::Properties),
        "/set-property" => Box::new(observed::SetProperty),
        "/foreign" => Box::new(observed::Foreign),
        "/environment" => Box::new(observed::Environment),
        "/log" => Box::new(observed::Log),
        "/lifecycle" => Box::new(observed::Lifecycle),
        _ => return None,
    })
}

/// One request and its response: chooses the scenario by the path, then leaves everything to it.
pub struct Stream {
    context_id: u32,
    root: Rc<root::Shared>,
    scenario: Option<Box<dyn Scenario>>,
}

impl Stream {
    fn handle(&mut self, event: impl FnOnce(&mut dyn Scenario) -> Action) -> Action {
        match &mut self.scenario {
            Some(scenario) => event(scenario.as_mut()),
            None => Action::Continue,
        }
    }
}

impl Context for Stream {
    fn on_http_call_response(&mut self, _call: u32, headers: usize, body_size: usize, _: usize) {
        if let Some(scenario) = &mut self.scenario {
            scenario.on_http_call_response(headers, body_size);
        }
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        let path = match &*self.root.scenario.borrow() {
            Some(scenario) => scenario.clone(),
            None => HOST.get_http_request_header(":path").unwrap_or_default(),
        };
        let path = path.split('?').next().unwrap_or_default();
        self.scenario = make_scenario(path, self.context_id, &self.root);
        self.handle(|scenario| scenario.on_request_headers())
    }

    fn on_http_request_body(&mut self, body_size: usize, end_of_stream: bool) -> Action {
        self.handle(|scenario| scenario.on_request_body(body_size, end_of_stream))
    }

    fn on_http_request_trailers(&mut self, _num_trailers: usize) -> Action {
        self.handle(|scenario| scenario.on_request_trailers())
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        self.handle(|scenario| scenario.on_response_headers())
    }

    fn on_http_response_body(&mut self, body_size: usize, end_of_stream: bool) -> Action {
        self.handle(|scenario| scenario.on_response_body(body_size, end_of_stream))
    }

    fn on_http_response_trailers(&mut self, _num_trailers: usize) -> Action {
        self.handle(|scenario| scenario.on_response_trailers())
    }

    fn on_log(&mut self) {
        if let Some(scenario) = &mut self.scenario {
            scenario.on_log();
        }
    }
}
