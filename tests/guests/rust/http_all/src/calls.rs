//! HTTP calls. The request header `x-cluster` names the upstream, `x-call-path` the path (`/auth` if
//! absent), `x-timeout-ms` the time-out (1000 if absent).

use crate::host::HOST;
use crate::Scenario;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, Status};
use std::time::Duration;

fn call(method: &str, body: Option<&[u8]>) -> Result<u32, Status> {
    let header = |name| HOST.get_http_request_header(name);
    let cluster = header("x-cluster").unwrap_or_default();
    let path = header("x-call-path").unwrap_or("/auth".into());
    let timeout = header("x-timeout-ms").map_or(1000, |text| text.parse().unwrap());
    let headers = vec![(":method", method), (":path", &path), (":authority", &cluster)];
    HOST.dispatch_http_call(&cluster, headers, body, vec![], Duration::from_millis(timeout))
}

/// Makes a call and says whether the stream waits for it; refused, it answers 503 with the status.
fn call_or_reply(method: &str, body: Option<&[u8]>) -> bool {
    let result = call(method, body);
    if let Err(status) = result {
        let text = format!("call refused: {status:?}");
        HOST.send_http_response(503, vec![], Some(text.as_bytes()));
    }
    result.is_ok()
}

/// The answer's header `x-auth`, or the words `failed` or `none`.
fn answer(num_headers: usize) -> String {
    if num_headers == 0 {
        return "failed".into();
    }
    HOST.get_http_call_response_header("x-auth").unwrap_or("none".into())
}

/// `/http-call`: calls before the request goes on, and sends it on with `x-auth` of the answer,
/// `x-call-status` (its `:status`) and `x-call-body` (its body). A call that failed is answered 504
/// `call failed`, one refused by the host 503 `call refused: STATUS`.
pub struct OnRequest;

impl Scenario for OnRequest {
    fn on_request_headers(&mut self) -> Action {
        call_or_reply("GET", None);
        Action::Pause
    }

    fn on_http_call_response(&mut self, num_headers: usize, body_size: usize) {
        if num_headers == 0 {
            HOST.send_http_response(504, vec![], Some(b"call failed"));
            return;
        }
        let status = HOST.get_http_call_response_header(":status");
        let body = HOST.get_http_call_response_body(0, body_size).unwrap_or_default();
        HOST.set_http_request_header("x-auth", Some(&answer(num_headers)));
        HOST.set_http_request_header("x-call-status", status.as_deref());
        HOST.set_http_request_header_bytes("x-call-body", Some(&body));
        HOST.resume_http_request();
    }
}

/// `/http-call/body`: holds the request body, POSTs it, and replaces it by the answer's body.
#[derive(Default)]
pub struct OnRequestBody {
    size: usize,
}

impl Scenario for OnRequestBody {
    fn on_request_headers(&mut self) -> Action {
        HOST.remove_http_request_header("content-length");
        Action::Continue
    }

    fn on_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if end_of_stream {
            self.size = size;
            let body = HOST.get_http_request_body(0, size).unwrap_or_default();
            call_or_reply("POST", Some(&body));
        }
        Action::Pause
    }

    fn on_http_call_response(&mut self, _num_headers: usize, body_size: usize) {
        let body = HOST.get_http_call_response_body(0, body_size).unwrap_or_default();
        HOST.set_http_request_body(0, self.size, &body);
        HOST.resume_http_request();
    }
}

/// `/http-call/response`: calls before the response goes on, and adds `x-auth` to it.
pub struct OnResponse;

impl Scenario for OnResponse {
    fn on_response_headers(&mut self) -> Action {
        if call_or_reply("GET", None) {
            return Action::Pause;
        }
        Action::Continue
    }

    fn on_http_call_response(&mut self, num_headers: usize, _body_size: usize) {
        HOST.set_http_response_header("x-auth", Some(&answer(num_headers)));
        HOST.resume_http_response();
    }
}

/// `/http-call/parallel`: makes three calls at once, waits for all, and sends the request on with
/// `x-auth`, their answers joined by commas.
#[derive(Default)]
pub struct Parallel {
    answers: Vec<String>,
}

const PARALLEL: usize = 3;

impl Scenario for Parallel {
    fn on_request_headers(&mut self) -> Action {
        for _ in 0..PARALLEL {
            call("GET", None).expect("the host takes the call");
        }
        Action::Pause
    }

    fn on_http_call_response(&mut self, num_headers: usize, _body_size: usize) {
        self.answers.push(answer(num_headers));
        if self.answers.len() == PARALLEL {
            HOST.set_http_request_header("x-auth", Some(&self.answers.join(",")));
            HOST.resume_http_request();
        }
    }
}

/// `/http-call/forget`: makes a call and does not wait for it: the answer may come after the stream.
pub struct Forget;

impl Scenario for Forget {
    fn on_request_headers(&mut self) -> Action {
        call("GET", None).expect("the host takes the call");
        Action::Continue
    }

    fn on_http_call_response(&mut self, num_headers: usize, _body_size: usize) {
        log::info!("forgotten call: {}", answer(num_headers));
    }
}
