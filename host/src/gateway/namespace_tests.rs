//! Which path a namespace gets.

use super::*;
use crate::adapter::LocalAdapter;
use crate::gateway::context::EventContext;
use crate::gateway::handler::{Description, Event, HandlerFuture};

struct Named(Description);

impl EventHandler for Named {
    fn description(&self) -> &Description {
        &self.0
    }

    fn handle(self: Arc<Self>, _: Event, _: EventContext) -> HandlerFuture {
        Box::pin(async { Ok(None) })
    }
}

fn mount(gateway: &mut Gateway, requested: Option<&str>, described: Option<&str>) -> Result<String, MountError> {
    let handler = Named(Description { namespace: described.map(str::to_owned), ..Description::default() });
    let namespace = gateway.mount(requested, Arc::new(handler), Arc::new(LocalAdapter::new(10)))?;
    Ok(namespace.path().to_owned())
}

#[test]
fn the_operator_or_the_component_names_a_namespace() {
    let mut gateway = Gateway::new(ClientLimits::default(), None);
    assert_eq!(mount(&mut gateway, None, None), Ok("/".into()));
    assert_eq!(mount(&mut gateway, Some("/a"), None), Ok("/a".into()));
    assert_eq!(mount(&mut gateway, None, Some("/b")), Ok("/b".into()));
    assert_eq!(mount(&mut gateway, Some("/c"), Some("/c")), Ok("/c".into()));
    assert_eq!(mount(&mut gateway, Some("/"), None), Err(MountError::Taken("/".into())));
    assert_eq!(mount(&mut gateway, None, Some("/a")), Err(MountError::Taken("/a".into())));
    let contradiction = MountError::Contradiction { component: "/d".into(), requested: "/e".into() };
    assert_eq!(mount(&mut gateway, Some("/e"), Some("/d")), Err(contradiction));
}
