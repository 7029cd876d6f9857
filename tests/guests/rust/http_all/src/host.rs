//! The SDK's methods on a value of no content: scenarios call the host through it.

use proxy_wasm::traits::{Context, HttpContext};

pub struct Host;

pub const HOST: Host = Host;

impl Context for Host {}
impl HttpContext for Host {}
