//! gRPC calls and streams of the Rust SDK: each request path is a scenario.
//!
//! Request headers: `x-cluster` names the upstream, `x-service` and `x-method` the method (`weir.test.Echo`
//! and `Unary`, for streams `Chat`, if absent), `x-message` the text to send, `x-timeout-ms` the
//! time-out of a call (1000). A message is `{ string text = 1; }` of fewer than 128 bytes. Calls carry
//! the metadata `x-guest: grpc_all`.
//!
//! - `/unary`     calls and answers the request itself: 200, header `x-grpc-status`, body the text received
//!                or, of a failed call, header `x-grpc-message`
//! - `/continue`  calls, then sends the request on with header `x-answer`, the text received
//! - `/cancel`    calls, cancels, and sends the request on; no answer may arrive
//! - `/stream`    sends `x-message` three times (`TEXT 1` to `TEXT 3`), closes its side, and when the
//!                stream ends answers 200: `x-grpc-status`, `x-initial` and `x-trailing` (the metadata of
//!                that name), body the texts received, a line each
//! - `/stream/cancel`  the same until the first message arrives, then cancels and answers 200 with
//!                body `cancelled`
//!
//! A call that the host refuses is answered 503 `refused: STATUS`.

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel, Status};
use std::time::Duration;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Plugin));
}}

struct Plugin;

impl Context for Plugin {}

impl RootContext for Plugin {
    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Exchange::default()))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// One request, and the call or stream that it makes.
#[derive(Default)]
struct Exchange {
    path: String,
    initial: String,
    trailing: String,
    texts: Vec<String>,
}

const METADATA: [(&str, &[u8]); 1] = [("x-guest", b"grpc_all")];

fn encode(text: &str) -> Vec<u8> {
    assert!(text.len() < 128, "the text is too long for this guest");
    [&[0x0a, text.len() as u8], text.as_bytes()].concat()
}

fn decode(message: &[u8]) -> String {
    match message {
        [] => String::new(),
        [0x0a, size, text @ ..] if *size as usize == text.len() => {
            String::from_utf8_lossy(text).into_owned()
        }
        other => format!("not a text message: {other:?}"),
    }
}

impl Exchange {
    fn header(&self, name: &str, default: &str) -> String {
        self.get_http_request_header(name).unwrap_or(default.into())
    }

    fn call(&self) -> Result<u32, Status> {
        let timeout =
            self.header("x-timeout-ms", "1000").parse().expect("x-timeout-ms is a number");
        self.dispatch_grpc_call(
            &self.header("x-cluster", ""),
            &self.header("x-service", "weir.test.Echo"),
            &self.header("x-method", "Unary"),
            METADATA.to_vec(),
            Some(&encode(&self.header("x-message", ""))),
            Duration::from_millis(timeout),
        )
    }

    fn open(&self) -> Result<u32, Status> {
        let stream = self.open_grpc_stream(
            &self.header("x-cluster", ""),
            &self.header("x-service", "weir.test.Echo"),
            &self.header("x-method", "Chat"),
            METADATA.to_vec(),
        )?;
        let text = self.header("x-message", "");
        for number in 1..=3 {
            let message = encode(&format!("{text} {number}"));
            self.send_grpc_stream_message(stream, Some(&message), false);
        }
        self.close_grpc_stream(stream);
        Ok(stream)
    }

    fn received(&self, size: usize) -> String {
        decode(&self.get_grpc_call_response_body(0, size).unwrap_or_default())
    }
}

impl HttpContext for Exchange {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        self.path = self.header(":path", "");
        let started = match self.path.as_str() {
            "/unary" | "/continue" => self.call(),
            "/stream" | "/stream/cancel" => self.open(),
            "/cancel" => {
                let call = self.call();
                if let Ok(token) = call {
                    self.cancel_grpc_call(token);
                    return Action::Continue;
                }
                call
            }
            _ => return Action::Continue,
        };
        if let Err(status) = started {
            self.send_http_response(503, vec![], Some(format!("refused: {status:?}").as_bytes()));
        }
        Action::Pause
    }
}

impl Context for Exchange {
    fn on_grpc_call_response(&mut self, _token: u32, status_code: u32, response_size: usize) {
        assert_ne!(self.path, "/cancel", "a cancelled call was answered");
        let text = if status_code == 0 { self.received(response_size) } else { String::new() };
        if self.path == "/continue" {
            self.set_http_request_header("x-answer", Some(&text));
            self.resume_http_request();
            return;
        }
        let status = status_code.to_string();
        let message = match status_code {
            0 => None,
            _ => self.get_grpc_status().1,
        };
        let mut headers = vec![("x-grpc-status", status.as_str())];
        headers.extend(message.iter().map(|text| ("x-grpc-message", text.as_str())));
        self.send_http_response(200, headers, Some(text.as_bytes()));
    }

    fn on_grpc_stream_initial_metadata(&mut self, _token: u32, _num_elements: u32) {
        let value = self.get_grpc_stream_initial_metadata_value("x-initial");
        self.initial = String::from_utf8_lossy(&value.unwrap_or_default()).into_owned();
    }

    fn on_grpc_stream_message(&mut self, token: u32, message_size: usize) {
        let text = self.received(message_size);
        self.texts.push(text);
        if self.path == "/stream/cancel" {
            hostcalls::cancel_grpc_stream(token).unwrap();
            self.send_http_response(200, vec![], Some(b"cancelled"));
        }
    }

    fn on_grpc_stream_trailing_metadata(&mut self, _token: u32, _num_elements: u32) {
        let value = self.get_grpc_stream_trailing_metadata_value("x-trailing");
        self.trailing = String::from_utf8_lossy(&value.unwrap_or_default()).into_owned();
    }

    fn on_grpc_stream_close(&mut self, _token: u32, status_code: u32) {
        let status = status_code.to_string();
        let headers = vec![
            ("x-grpc-status", status.as_str()),
            ("x-initial", self.initial.as_str()),
            ("x-trailing", self.trailing.as_str()),
        ];
        self.send_http_response(200, headers, Some(self.texts.join("\n").as_bytes()));
    }
}
