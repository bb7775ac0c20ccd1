//! From component files to namespaces.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use hyper::Request;

use super::inspect;
use crate::adapter::LocalAdapter;
use crate::config::{HandlerLimits, Mount, RunConfig};
use crate::gateway::context::EventContext;
use crate::gateway::namespace::Namespace;
use crate::gateway::{Gateway, MountError};
use crate::guest::{Handler, LoadError};
use crate::hint;
use crate::http::{Connection, RequestBody, RequestHandler, ResponseFuture};
use crate::machine;
use crate::runtime::{CodeCache, Runtime};

/// What namespaces are made of.
pub(super) struct Parts {
    pub runtime: Arc<Runtime>,
    pub adapters: Vec<Arc<LocalAdapter>>,
    pub site: Option<Arc<Site>>,
}

/// The component that answers plain HTTP requests, with its namespace.
pub(super) struct Site {
    handler: Arc<Handler>,
    namespace: Arc<Namespace>,
}

impl RequestHandler for Site {
    fn answer(self: Arc<Self>, request: Request<RequestBody>, connection: Connection) -> ResponseFuture {
        let context = EventContext::without_socket(self.namespace.clone());
        Box::pin(self.handler.clone().answer(request, context, move || connection.cut()))
    }
}

/// Loads every component and gives it its namespace. One of them may answer plain HTTP requests.
pub(super) async fn mount_all(config: &RunConfig) -> anyhow::Result<(Gateway, Parts)> {
    if machine::may_swap() {
        tracing::info!(
            "this system may swap: memory of handlers is given back to it after every event, which makes events dearer; \
             forbid it for the host (systemd: MemorySwapMax=0; docker: --memory-swap as large as --memory) or turn it off"
        );
    }
    let runtime = start_runtime(&config.handler, config.cache_dir.as_deref())?;
    let mut gateway = Gateway::new(config.client.clone(), config.recovery.clone());
    let mut adapters = Vec::new();
    let mut site: Option<(&Mount, Arc<Site>)> = None;
    for mount in &config.components {
        let handler = Handler::load(runtime.clone(), &mount.file, config.grants.clone()).await.map_err(explain)?;
        let handler = Arc::new(handler);
        let adapter = Arc::new(LocalAdapter::new(config.client.rooms_per_socket));
        let namespace = mount_one(&mut gateway, mount, handler.clone(), adapter.clone())
            .with_context(|| format!("cannot serve {}", mount.file.display()))?;
        adapters.push(adapter);
        if handler.answers_http() {
            if let Some((other, _)) = &site {
                let (first, second) = (other.file.display(), mount.file.display());
                return Err(hint::error(
                    format!("both {first} and {second} answer plain HTTP requests"),
                    "build one of them without `wasi:http/incoming-handler`, or give each a host of its own",
                ));
            }
            site = Some((mount, Arc::new(Site { handler, namespace })));
        }
    }
    Ok((gateway, Parts { runtime, adapters, site: site.map(|(_, site)| site) }))
}

fn mount_one(
    gateway: &mut Gateway,
    mount: &Mount,
    handler: Arc<Handler>,
    adapter: Arc<LocalAdapter>,
) -> anyhow::Result<Arc<Namespace>> {
    let answers_http = handler.answers_http();
    let namespace = gateway.mount(mount.namespace.as_deref(), handler, adapter).map_err(|error| {
        let hint = match error {
            MountError::Taken(_) => "give each component its own: `host run /a=a.wasm /b=b.wasm`",
            MountError::Contradiction { .. } => {
                "leave the namespace away, or build the component with `RealtimeNamespace::default()`"
            }
        };
        hint::add(error, hint)
    })?;
    tracing::info!(
        namespace = namespace.path(),
        events = inspect::events(namespace.handler().description()),
        answers_http,
        component = %mount.file.display(),
        "mounted"
    );
    Ok(namespace)
}

pub(super) fn start_runtime(limits: &HandlerLimits, cache_dir: Option<&Path>) -> anyhow::Result<Arc<Runtime>> {
    let cache = cache_dir.and_then(|directory| {
        // Only the next start is slower for it.
        let opened = CodeCache::open(directory.to_owned());
        opened.inspect_err(|error| tracing::warn!("compiled code is not kept: {error}")).ok()
    });
    let runtime = Runtime::new(limits.clone(), cache).map_err(|error| {
        let hint = error.hint();
        hint::add(error, hint)
    })?;
    Ok(Arc::new(runtime))
}

pub(super) fn explain(error: LoadError) -> anyhow::Error {
    let hint = error.hint().unwrap_or_default();
    hint::add(error, hint)
}
