//! What the host tells: properties, foreign functions, environment, log, the end of a stream.

use crate::host::HOST;
use crate::state;
use crate::Scenario;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, Bytes};

fn text(value: Option<Bytes>) -> String {
    value.map_or("absent".into(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn integer(value: Option<Bytes>) -> String {
    match value.map(<[u8; 8]>::try_from) {
        Some(Ok(bytes)) => i64::from_le_bytes(bytes).to_string(),
        Some(Err(bytes)) => format!("{} bytes", bytes.len()),
        None => "absent".into(),
    }
}

/// `/properties`: response headers tell properties, `absent` where the host has none:
/// `x-request-path`, `x-request-method`, `x-source-address`, `x-plugin-name`, `x-plugin-root-id`,
/// `x-user-agent` (request.headers.user-agent), and as integers `x-response-code`, `x-source-port`.
pub struct Properties;

impl Scenario for Properties {
    fn on_response_headers(&mut self) -> Action {
        let texts = [
            ("x-request-path", vec!["request", "path"]),
            ("x-request-method", vec!["request", "method"]),
            ("x-source-address", vec!["source", "address"]),
            ("x-plugin-name", vec!["plugin_name"]),
            ("x-plugin-root-id", vec!["plugin_root_id"]),
            ("x-user-agent", vec!["request", "headers", "user-agent"]),
        ];
        for (header, path) in texts {
            HOST.set_http_response_header(header, Some(&text(HOST.get_property(path))));
        }
        let integers = [
            ("x-response-code", vec!["response", "code"]),
            ("x-source-port", vec!["source", "port"]),
        ];
        for (header, path) in integers {
            HOST.set_http_response_header(header, Some(&integer(HOST.get_property(path))));
        }
        Action::Continue
    }
}

/// `/set-property`: sets the property `guest.note` with the request, reads it with the response, and
/// tells it in `x-note`; a property never set is told in `x-unset` (`absent`).
pub struct SetProperty;

impl Scenario for SetProperty {
    fn on_request_headers(&mut self) -> Action {
        HOST.set_property(vec!["guest", "note"], Some(b"kept"));
        Action::Continue
    }

    fn on_response_headers(&mut self) -> Action {
        let note = text(HOST.get_property(vec!["guest", "note"]));
        let unset = text(HOST.get_property(vec!["guest", "unset"]));
        HOST.set_http_response_header("x-note", Some(&note));
        HOST.set_http_response_header("x-unset", Some(&unset));
        Action::Continue
    }
}

/// `/foreign`: compresses and uncompresses a text of 4000 bytes by the host's foreign functions.
/// Response headers: `x-compressed: smaller`, `x-uncompressed: same`, `x-corrupt` and `x-unknown`,
/// the statuses for bytes that are not compressed and for a function that does not exist.
pub struct Foreign;

impl Scenario for Foreign {
    fn on_response_headers(&mut self) -> Action {
        let original = b"abcdefgh".repeat(500);
        let call = |name, bytes: &[u8]| HOST.call_foreign_function(name, Some(bytes));
        let compressed = call("compress", &original).unwrap().unwrap_or_default();
        let uncompressed = call("uncompress", &compressed).unwrap().unwrap_or_default();
        let smaller = if compressed.len() < original.len() { "smaller" } else { "larger" };
        let same = if uncompressed == original { "same" } else { "other" };
        let corrupt = format!("{:?}", call("uncompress", b"not compressed").err());
        let unknown = format!("{:?}", call("no_such_function", b"").err());
        HOST.set_http_response_header("x-compressed", Some(smaller));
        HOST.set_http_response_header("x-uncompressed", Some(same));
        HOST.set_http_response_header("x-corrupt", Some(&corrupt));
        HOST.set_http_response_header("x-unknown", Some(&unknown));
        Action::Continue
    }
}

/// `/environment`: the response header `x-environment` tells the environment variable `GUEST_TEST`, or
/// `absent`; `x-arguments` the number of arguments; `x-time` the seconds since 1970.
pub struct Environment;

impl Scenario for Environment {
    fn on_response_headers(&mut self) -> Action {
        let variable = std::env::var("GUEST_TEST").unwrap_or("absent".into());
        let arguments = std::env::args().count().to_string();
        let time = HOST.get_current_time().duration_since(std::time::UNIX_EPOCH);
        let seconds = time.unwrap().as_secs().to_string();
        HOST.set_http_response_header("x-environment", Some(&variable));
        HOST.set_http_response_header("x-arguments", Some(&arguments));
        HOST.set_http_response_header("x-time", Some(&seconds));
        Action::Continue
    }
}

/// `/log`: one line at each level, `log at trace` to `log at error`, and `log to stdout` and `log to
/// stderr` through WASI.
pub struct Log;

impl Scenario for Log {
    fn on_request_headers(&mut self) -> Action {
        log::trace!("log at trace");
        log::debug!("log at debug");
        log::info!("log at info");
        log::warn!("log at warn");
        log::error!("log at error");
        println!("log to stdout");
        eprintln!("log to stderr");
        Action::Continue
    }
}

/// `/lifecycle`: when the stream is logged, writes `PATH STATUS` into shared data, where
/// `/lifecycle/last` shows it.
pub struct Lifecycle;

impl Scenario for Lifecycle {
    fn on_log(&mut self) {
        let path = HOST.get_http_request_header(":path").unwrap_or_default();
        let status = HOST.get_http_response_header(":status").unwrap_or_default();
        let line = format!("{path} {status}");
        log::info!("logged: {line}");
        HOST.set_shared_data(state::LAST_LOGGED, Some(line.as_bytes()), None).unwrap();
    }
}
