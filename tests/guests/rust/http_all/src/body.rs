use crate::host::HOST;
use crate::Scenario;
use proxy_wasm::traits::HttpContext;
use proxy_wasm::types::Action;

fn forget_request_length() -> Action {
    HOST.remove_http_request_header("content-length");
    Action::Continue
}

fn forget_response_length() -> Action {
    HOST.remove_http_response_header("content-length");
    Action::Continue
}

/// `/body/rewrite`: holds the whole body, request and response alike, then puts `request(...)` or
/// `response(...)` around it by replacing it.
pub struct Rewrite;

impl Scenario for Rewrite {
    fn on_request_headers(&mut self) -> Action {
        forget_request_length()
    }

    fn on_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if !end_of_stream {
            return Action::Pause;
        }
        let body = HOST.get_http_request_body(0, size).unwrap_or_default();
        HOST.set_http_request_body(0, size, &[b"request(", body.as_slice(), b")"].concat());
        Action::Continue
    }

    fn on_response_headers(&mut self) -> Action {
        forget_response_length()
    }

    fn on_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if !end_of_stream {
            return Action::Pause;
        }
        let body = HOST.get_http_response_body(0, size).unwrap_or_default();
        HOST.set_http_response_body(0, size, &[b"response(", body.as_slice(), b")"].concat());
        Action::Continue
    }
}

/// `/body/append`: lets chunks pass and appends `[end]` to the last, request and response alike.
pub struct Append;

impl Scenario for Append {
    fn on_request_headers(&mut self) -> Action {
        forget_request_length()
    }

    fn on_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if end_of_stream {
            HOST.set_http_request_body(size, 0, b"[end]");
        }
        Action::Continue
    }

    fn on_response_headers(&mut self) -> Action {
        forget_response_length()
    }

    fn on_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if end_of_stream {
            HOST.set_http_response_body(size, 0, b"[end]");
        }
        Action::Continue
    }
}

/// `/body/prepend`: puts `[begin]` before the first chunk, request and response alike.
#[derive(Default)]
pub struct Prepend {
    request_begun: bool,
    response_begun: bool,
}

impl Scenario for Prepend {
    fn on_request_headers(&mut self) -> Action {
        forget_request_length()
    }

    fn on_request_body(&mut self, _size: usize, _end_of_stream: bool) -> Action {
        if !std::mem::replace(&mut self.request_begun, true) {
            HOST.set_http_request_body(0, 0, b"[begin]");
        }
        Action::Continue
    }

    fn on_response_headers(&mut self) -> Action {
        forget_response_length()
    }

    fn on_response_body(&mut self, _size: usize, _end_of_stream: bool) -> Action {
        if !std::mem::replace(&mut self.response_begun, true) {
            HOST.set_http_response_body(0, 0, b"[begin]");
        }
        Action::Continue
    }
}

/// `/body/pause`: holds the request until its body is whole, lets it pass unchanged, and tells in the
/// response header `x-body-sizes` the size of each callback, as `3,6,6`.
#[derive(Default)]
pub struct Pause {
    sizes: Vec<String>,
}

impl Scenario for Pause {
    fn on_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        self.sizes.push(size.to_string());
        if end_of_stream {
            Action::Continue
        } else {
            Action::Pause
        }
    }

    fn on_response_headers(&mut self) -> Action {
        HOST.set_http_response_header("x-body-sizes", Some(&self.sizes.join(",")));
        Action::Continue
    }
}

/// `/body/replace-all`: replaces each chunk of the response that is not empty by `*`.
pub struct ReplaceEachChunk;

impl Scenario for ReplaceEachChunk {
    fn on_response_headers(&mut self) -> Action {
        forget_response_length()
    }

    fn on_response_body(&mut self, size: usize, _end_of_stream: bool) -> Action {
        if size > 0 {
            HOST.set_http_response_body(0, usize::MAX, b"*");
        }
        Action::Continue
    }
}
