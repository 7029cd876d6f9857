//! The plugin: its configuration, its ticks and its queue.

use crate::state;
use crate::Stream;
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

/// What the streams of a plugin share with it.
#[derive(Default)]
pub struct Shared {
    pub scenario: RefCell<Option<String>>,
    pub queue: Cell<u32>,
    /// Streams that the next tick resumes.
    pub paused: RefCell<Vec<u32>>,
    metrics: Cell<Option<state::MetricIds>>,
}

impl Shared {
    /// Defined at their first use.
    pub fn metrics(&self) -> state::MetricIds {
        let ids = self.metrics.get().unwrap_or_else(state::MetricIds::define);
        self.metrics.set(Some(ids));
        ids
    }
}

#[derive(Default)]
pub struct Plugin {
    shared: Rc<Shared>,
}

impl Context for Plugin {}

impl RootContext for Plugin {
    fn on_vm_start(&mut self, _configuration_size: usize) -> bool {
        self.shared.queue.set(self.register_shared_queue(state::QUEUE));
        self.get_vm_configuration().as_deref() != Some(b"fail")
    }

    fn on_configure(&mut self, _configuration_size: usize) -> bool {
        let text = self.get_plugin_configuration().unwrap_or_default();
        let text = String::from_utf8(text).expect("the configuration is text");
        for line in text.lines() {
            match line.split_once('=') {
                Some(("scenario", path)) => {
                    self.shared.scenario.replace(Some(path.to_string()));
                }
                Some(("tick_ms", period)) => {
                    let period = period.parse().expect("tick_ms is a number");
                    self.set_tick_period(Duration::from_millis(period));
                }
                Some(("fail", "configure")) => return false,
                _ => panic!("unknown configuration: {line}"),
            }
        }
        true
    }

    fn on_tick(&mut self) {
        state::increment(state::TICKS);
        for context_id in self.shared.paused.take() {
            hostcalls::set_effective_context(context_id).unwrap();
            hostcalls::resume_http_request().unwrap();
        }
    }

    fn on_queue_ready(&mut self, queue: u32) {
        while let Some(item) = self.dequeue_shared_queue(queue).unwrap() {
            log::info!("queue: {}", String::from_utf8_lossy(&item));
            self.set_shared_data(state::LAST_ITEM, Some(&item), None).unwrap();
        }
    }

    fn create_http_context(&self, context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { context_id, root: self.shared.clone(), scenario: None }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}
