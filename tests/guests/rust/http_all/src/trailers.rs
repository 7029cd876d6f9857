use crate::host::HOST;
use crate::Scenario;
use proxy_wasm::hostcalls;
use proxy_wasm::traits::HttpContext;
use proxy_wasm::types::{Action, MapType};

/// `/trailers`: request and response alike, where trailers are there: adds `x-added: guest`, sets
/// `x-set: guest`, removes `x-remove`.
pub struct Edit;

impl Scenario for Edit {
    fn on_request_trailers(&mut self) -> Action {
        HOST.add_http_request_trailer("x-added", "guest");
        HOST.set_http_request_trailer("x-set", Some("guest"));
        HOST.remove_http_request_trailer("x-remove");
        Action::Continue
    }

    fn on_response_trailers(&mut self) -> Action {
        HOST.add_http_response_trailer("x-added", "guest");
        HOST.set_http_response_trailer("x-set", Some("guest"));
        HOST.remove_http_response_trailer("x-remove");
        Action::Continue
    }
}

/// `/trailers/create`: at the end of a body without trailers, request and response alike, adds the
/// trailer `x-created: guest`. What the host answers is logged.
pub struct Create;

fn create(map: MapType) {
    let status = hostcalls::add_map_value(map, "x-created", "guest");
    log::info!("create trailer: {status:?}");
}

impl Scenario for Create {
    fn on_request_body(&mut self, _size: usize, end_of_stream: bool) -> Action {
        if end_of_stream {
            create(MapType::HttpRequestTrailers);
        }
        Action::Continue
    }

    fn on_response_body(&mut self, _size: usize, end_of_stream: bool) -> Action {
        if end_of_stream {
            create(MapType::HttpResponseTrailers);
        }
        Action::Continue
    }
}
