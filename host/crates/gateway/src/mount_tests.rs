//! Which path a namespace gets, and how its handler is replaced.

use std::collections::HashSet;
use std::time::Duration;

use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use parking_lot::Mutex;

use super::*;
use crate::cluster::OneNode;
use crate::context::EventContext;
use crate::gateway::Gateway;
use crate::handler::{CutConnection, HandlerFuture, RequestBody, RequestHandler, ResponseFuture};
use crate::model::{Description, Event, GatewayLimits};
use crate::test_support::{Client, World};

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
    let mount = gateway.mount(requested, Arc::new(handler))?;
    Ok(mount.namespace().path().to_owned())
}

#[test]
fn the_operator_or_the_component_names_a_namespace() {
    let mut gateway = Gateway::new(GatewayLimits::default(), None, Arc::new(OneNode));
    assert_eq!(mount(&mut gateway, None, None), Ok("/".into()));
    assert_eq!(mount(&mut gateway, Some("/a"), None), Ok("/a".into()));
    assert_eq!(mount(&mut gateway, None, Some("/b")), Ok("/b".into()));
    assert_eq!(mount(&mut gateway, Some("/c"), Some("/c")), Ok("/c".into()));
    assert_eq!(mount(&mut gateway, Some("/"), None), Err(MountError::Taken("/".into())));
    assert_eq!(mount(&mut gateway, None, Some("/a")), Err(MountError::Taken("/a".into())));
    let contradiction = MountError::Contradiction { component: "/d".into(), requested: "/e".into() };
    assert_eq!(mount(&mut gateway, Some("/e"), Some("/d")), Err(contradiction));
}

#[test]
fn a_handler_of_another_namespace_does_not_replace_one() {
    let world = World::new(&[("/n", &["a"])]);
    let other = Named(Description { namespace: Some("/m".into()), ..Description::default() });
    let contradiction = MountError::Contradiction { component: "/m".into(), requested: "/n".into() };
    assert_eq!(world.mount("/n").replace(Arc::new(other)), Err(contradiction));
    let (mut client, _) = world.joined("/n");
    client.send(r#"2/n,["a"]"#);
    world.expect("/n", "a");
}

/// Notes which events it got. Its description has one event more than that of the other kind.
struct Revised {
    number: usize,
    description: Description,
    seen: Arc<Mutex<Vec<(String, usize)>>>,
}

impl Revised {
    fn new(number: usize, seen: &Arc<Mutex<Vec<(String, usize)>>>) -> Arc<Self> {
        let events = if number.is_multiple_of(2) { vec!["a", "even"] } else { vec!["a"] };
        let events = events.into_iter().map(ToOwned::to_owned).collect();
        let description = Description { events, ..Description::default() };
        Arc::new(Self { number, description, seen: seen.clone() })
    }
}

impl EventHandler for Revised {
    fn description(&self) -> &Description {
        &self.description
    }

    fn handle(self: Arc<Self>, event: Event, context: EventContext) -> HandlerFuture {
        Box::pin(async move {
            // A handler that waits is still the old one when the next one takes over.
            tokio::task::yield_now().await;
            assert!(self.description.handles(&event.name), "revision {} got {}", self.number, event.name);
            let id = context.socket_id().unwrap().to_owned();
            self.seen.lock().push((format!("{id} {} {}", event.name, event.payload.json), self.number));
            Ok(None)
        })
    }

    fn requests(self: Arc<Self>) -> Option<Arc<dyn RequestHandler>> {
        if self.number.is_multiple_of(2) { Some(self) } else { None }
    }
}

impl RequestHandler for Revised {
    fn answer(self: Arc<Self>, _: Request<RequestBody>, _: EventContext, _: CutConnection) -> ResponseFuture {
        Box::pin(async move {
            let body = Full::from(self.number.to_string()).map_err(|never| match never {});
            Response::new(UnsyncBoxBody::new(body))
        })
    }
}

#[test]
fn a_handler_is_replaced_between_two_events() {
    const SWAPS: usize = 1_000;
    const CLIENTS: usize = 4;
    let seen = Arc::default();
    let mut gateway = Gateway::new(GatewayLimits::default(), None, Arc::new(OneNode));
    let mount = gateway.mount(Some("/n"), Revised::new(0, &seen)).unwrap();
    let gateway = Arc::new(gateway);
    let mut sent = vec![0_usize; CLIENTS];
    std::thread::scope(|threads| {
        let swaps = threads.spawn(|| {
            for number in 1..=SWAPS {
                // Long enough for a few events.
                std::thread::sleep(Duration::from_micros(50));
                mount.replace(Revised::new(number, &seen)).unwrap();
            }
        });
        let mut clients: Vec<_> = (0..CLIENTS).map(|_| Client::of(&gateway)).collect();
        for client in &mut clients {
            client.join("/n");
        }
        // One round more: the last revision has events, too.
        let mut last = false;
        while !last {
            last = swaps.is_finished();
            for (client, sent) in clients.iter_mut().zip(&mut sent) {
                client.send(&format!(r#"2/n,["a",{sent}]"#));
                client.send(r#"2/n,["even"]"#);
                *sent += 1;
                while !client.work() {}
            }
        }
    });
    let seen = seen.lock();
    let mut by_socket: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut revisions = HashSet::new();
    for (event, revision) in seen.iter().filter(|(event, _)| event.contains(" a ")) {
        let (id, arguments) = event.split_once(" a ").unwrap();
        by_socket.entry(id).or_default().push(arguments);
        revisions.insert(revision);
    }
    assert!(revisions.contains(&SWAPS) && revisions.len() > 1);
    let mut counts: Vec<_> = by_socket.values().map(Vec::len).collect();
    let mut expected = sent.clone();
    counts.sort_unstable();
    expected.sort_unstable();
    assert_eq!(counts, expected, "every event is handled once");
    for arguments in by_socket.values() {
        let in_order: Vec<_> = (0..arguments.len()).map(|number| format!("[{number}]")).collect();
        assert_eq!(*arguments, in_order);
    }
    assert!(mount.handler().requests().is_some(), "what answers plain requests is replaced with it");
    mount.replace(Revised::new(1, &Arc::default())).unwrap();
    assert!(mount.handler().requests().is_none());
}
