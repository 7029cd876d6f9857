use crate::host::HOST;
use crate::Scenario;
use proxy_wasm::traits::HttpContext;
use proxy_wasm::types::{Action, GrpcStatusCode};

fn deny(status: u32, details: &str) -> Action {
    HOST.send_http_response(status, vec![("x-details", details)], Some(b"denied by guest"));
    Action::Pause
}

/// `/local-response`: answers 403 with header `x-details: request` and body `denied by guest`; the
/// upstream sees nothing.
pub struct FromRequestHeaders;

impl Scenario for FromRequestHeaders {
    fn on_request_headers(&mut self) -> Action {
        deny(403, "request")
    }
}

/// `/local-response/body`: the same with 413 and `x-details: body` at the end of the request body,
/// which is held back.
pub struct FromRequestBody;

impl Scenario for FromRequestBody {
    fn on_request_body(&mut self, _size: usize, end_of_stream: bool) -> Action {
        if end_of_stream {
            return deny(413, "body");
        }
        Action::Pause
    }
}

/// `/local-response/response`: the same with 502 and `x-details: response` instead of the upstream's
/// response. The guest returns Continue, as some do.
pub struct FromResponseHeaders;

impl Scenario for FromResponseHeaders {
    fn on_response_headers(&mut self) -> Action {
        deny(502, "response");
        Action::Continue
    }
}

/// `/local-response/grpc`: a gRPC answer with status 7 (permission denied), message `denied`, and
/// metadata `x-details: grpc`.
pub struct Grpc;

impl Scenario for Grpc {
    fn on_request_headers(&mut self) -> Action {
        let metadata = vec![("x-details", b"grpc".as_slice())];
        HOST.send_grpc_response(GrpcStatusCode::PermissionDenied, Some("denied"), metadata);
        Action::Pause
    }
}

/// `/reset`: ends the stream without an answer.
pub struct Reset;

impl Scenario for Reset {
    fn on_request_headers(&mut self) -> Action {
        HOST.reset_http_request();
        Action::Pause
    }
}
