use crate::host::HOST;
use crate::Scenario;
use proxy_wasm::traits::HttpContext;
use proxy_wasm::types::Action;

/// `/headers`: request and response alike: adds `x-multi: guest` beside what is there, sets
/// `x-set: guest`, removes `x-remove`, and tells in `x-count` how many there were before.
pub struct Edit;

impl Scenario for Edit {
    fn on_request_headers(&mut self) -> Action {
        let count = HOST.get_http_request_headers().len();
        HOST.add_http_request_header("x-multi", "guest");
        HOST.set_http_request_header("x-set", Some("guest"));
        HOST.remove_http_request_header("x-remove");
        HOST.set_http_request_header("x-count", Some(&count.to_string()));
        Action::Continue
    }

    fn on_response_headers(&mut self) -> Action {
        let count = HOST.get_http_response_headers().len();
        HOST.add_http_response_header("x-multi", "guest");
        HOST.set_http_response_header("x-set", Some("guest"));
        HOST.remove_http_response_header("x-remove");
        HOST.set_http_response_header("x-count", Some(&count.to_string()));
        Action::Continue
    }
}

/// `/headers/all`: replaces the whole map: keeps what does not begin with `x-`, and appends `x-all:
/// 1` and `x-all: 2`.
pub struct SetAll;

fn kept(headers: &[(String, String)]) -> Vec<(&str, &str)> {
    let mut kept: Vec<_> = headers
        .iter()
        .filter(|(name, _)| !name.starts_with("x-"))
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    kept.extend([("x-all", "1"), ("x-all", "2")]);
    kept
}

impl Scenario for SetAll {
    fn on_request_headers(&mut self) -> Action {
        let headers = HOST.get_http_request_headers();
        HOST.set_http_request_headers(kept(&headers));
        Action::Continue
    }

    fn on_response_headers(&mut self) -> Action {
        let headers = HOST.get_http_response_headers();
        HOST.set_http_response_headers(kept(&headers));
        Action::Continue
    }
}

/// `/headers/binary`: copies the bytes of the request header `x-in` to `x-out`, valid UTF-8 or not,
/// and sets the response header `x-binary` to `a`, 0xff, `b`.
pub struct Binary;

impl Scenario for Binary {
    fn on_request_headers(&mut self) -> Action {
        let value = HOST.get_http_request_header_bytes("x-in").unwrap_or_default();
        HOST.set_http_request_header_bytes("x-out", Some(&value));
        Action::Continue
    }

    fn on_response_headers(&mut self) -> Action {
        HOST.set_http_response_header_bytes("x-binary", Some(b"a\xffb"));
        Action::Continue
    }
}
