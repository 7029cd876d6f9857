//! A plugin on TCP connections; its configuration names the scenario. See tests/guests/README.md.

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, RootContext, StreamContext};
use proxy_wasm::types::{Action, ContextType, LogLevel, PeerType};
use std::time::Duration;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Trace);
    proxy_wasm::set_root_context(|_| Box::new(Plugin { scenario: Scenario::Pass }));
}}

#[derive(Clone, Copy, PartialEq)]
enum Scenario {
    Pass,
    Rewrite,
    Append,
    Lines,
    HoldUpstream,
    Auth,
    Commands,
    Events,
    Properties,
}

impl Scenario {
    fn of(name: &str) -> Option<Scenario> {
        Some(match name {
            "" => Scenario::Pass,
            "rewrite" => Scenario::Rewrite,
            "append" => Scenario::Append,
            "lines" => Scenario::Lines,
            "hold-upstream" => Scenario::HoldUpstream,
            "auth" => Scenario::Auth,
            "commands" => Scenario::Commands,
            "events" => Scenario::Events,
            "properties" => Scenario::Properties,
            _ => return None,
        })
    }
}

struct Plugin {
    scenario: Scenario,
}

impl Context for Plugin {}

impl RootContext for Plugin {
    fn on_configure(&mut self, _size: usize) -> bool {
        let text = self.get_plugin_configuration().unwrap_or_default();
        let name = String::from_utf8(text).expect("the configuration is text");
        match Scenario::of(&name) {
            Some(scenario) => self.scenario = scenario,
            None => return false,
        }
        true
    }

    fn create_stream_context(&self, _id: u32) -> Option<Box<dyn StreamContext>> {
        Some(Box::new(Connection { scenario: self.scenario, allowed: false }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::StreamContext)
    }
}

struct Connection {
    scenario: Scenario,
    allowed: bool,
}

/// A property as text: an integer is written in decimal.
fn property(path: &[&str]) -> String {
    let Some(bytes) = hostcalls::get_property(path.to_vec()).unwrap() else {
        return "absent".to_string();
    };
    match path.last() {
        Some(&"port") | Some(&"id") => {
            u64::from_le_bytes(bytes.try_into().expect("eight bytes")).to_string()
        }
        _ => String::from_utf8_lossy(&bytes).into_owned(),
    }
}

fn peer_name(peer: PeerType) -> &'static str {
    match peer {
        PeerType::Local => "local",
        PeerType::Remote => "remote",
        _ => "unknown",
    }
}

impl Connection {
    fn event(&self, what: String) {
        if self.scenario == Scenario::Events {
            log::info!("event: {what}");
        }
    }

    fn obey(&self, command: &[u8]) -> Action {
        match command {
            b"close-downstream" => self.close_downstream(),
            b"close-upstream" => self.close_upstream(),
            b"panic" => panic!("as told"),
            _ => return Action::Continue,
        }
        Action::Pause
    }
}

impl Context for Connection {
    fn on_http_call_response(&mut self, _id: u32, _headers: usize, _body: usize, _trailers: usize) {
        self.allowed = self.get_http_call_response_header(":status").as_deref() == Some("200");
        if self.allowed {
            self.resume_downstream();
        } else {
            self.close_downstream();
        }
    }

    fn on_done(&mut self) -> bool {
        self.event("done".to_string());
        true
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.event("delete".to_string());
    }
}

impl StreamContext for Connection {
    fn on_new_connection(&mut self) -> Action {
        self.event("new connection".to_string());
        if self.scenario != Scenario::Auth {
            return Action::Continue;
        }
        let headers = vec![(":method", "GET"), (":path", "/auth"), (":authority", "auth")];
        self.dispatch_http_call("auth", headers, None, vec![], Duration::from_secs(5)).unwrap();
        Action::Pause
    }

    fn on_downstream_data(&mut self, size: usize, end: bool) -> Action {
        self.event(format!("downstream data {size} {end}"));
        let data = self.get_downstream_data(0, size).unwrap_or_default();
        match self.scenario {
            Scenario::Rewrite => self.set_downstream_data(0, size, &data.to_ascii_uppercase()),
            Scenario::Append if end => self.set_downstream_data(size, 0, b"[client has ended]"),
            Scenario::Lines if !end && !data.ends_with(b"\n") => return Action::Pause,
            Scenario::Auth if !self.allowed => return Action::Pause,
            Scenario::Commands => return self.obey(&data),
            Scenario::Properties if size > 0 => {
                let text = format!(
                    "source={} port={} destination={} id={} upstream={} cluster={} plugin={}",
                    property(&["source", "address"]),
                    property(&["source", "port"]),
                    property(&["destination", "address"]),
                    property(&["connection", "id"]),
                    property(&["upstream", "address"]),
                    property(&["cluster_name"]),
                    property(&["plugin_name"]),
                );
                self.set_downstream_data(0, size, text.as_bytes());
            }
            _ => {}
        }
        Action::Continue
    }

    fn on_downstream_close(&mut self, peer: PeerType) {
        self.event(format!("downstream close {}", peer_name(peer)));
    }

    fn on_upstream_data(&mut self, size: usize, end: bool) -> Action {
        self.event(format!("upstream data {size} {end}"));
        let data = self.get_upstream_data(0, size).unwrap_or_default();
        match self.scenario {
            Scenario::Rewrite => self.set_upstream_data(0, size, &data.to_ascii_lowercase()),
            Scenario::Append if end => self.set_upstream_data(size, 0, b"[upstream has ended]"),
            Scenario::HoldUpstream if !end => return Action::Pause,
            _ => {}
        }
        Action::Continue
    }

    fn on_upstream_close(&mut self, peer: PeerType) {
        self.event(format!("upstream close {}", peer_name(peer)));
    }

    fn on_log(&mut self) {
        self.event("log".to_string());
    }
}
