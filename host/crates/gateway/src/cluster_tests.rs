//! Two gateways that are one server: what crosses from one to the other, and what happens if it cannot.

use std::fmt;
use std::sync::Arc;
use std::sync::Weak;

use futures_util::FutureExt;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::*;
use crate::gateway::Gateway;
use crate::model::{Answers, CallError, Command, GatewayLimits};
use crate::test_support::{Client, World, payload, rooms, waits};

const WAIT: Duration = Duration::from_secs(5);

/// The way to another node. Published messages wait here until the test delivers them.
#[derive(Default)]
struct Wire {
    other: Mutex<Weak<Gateway>>,
    published: Mutex<Vec<Published>>,
    state: Mutex<WireState>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum WireState {
    #[default]
    Works,
    /// Calls fail.
    Broken,
    /// The other node does not answer.
    Silent,
}

struct Published {
    namespace: String,
    sender: Option<String>,
    target: Target,
    operation: Operation,
    taken: oneshot::Sender<()>,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl Wire {
    fn other(&self) -> Arc<Gateway> {
        self.other.lock().upgrade().expect("the other node is there")
    }

    fn set(&self, state: WireState) {
        *self.state.lock() = state;
    }

    /// Delivers what was published, in order.
    fn deliver(&self) {
        for Published { namespace, sender, target, operation, taken } in self.published.lock().drain(..) {
            assert!(self.other().receive(&namespace, sender.as_deref(), target, operation).is_done());
            let _ = taken.send(());
        }
    }
}

fn failed<T: Send + 'static>() -> ClusterFuture<T> {
    Box::pin(async { Err(ClusterError::Unreachable("cut".to_owned())) })
}

impl Cluster for Wire {
    fn publish(&self, message: Message<'_>) -> Option<ClusterFuture<()>> {
        if *self.state.lock() == WireState::Broken {
            return Some(failed());
        }
        let Scope { namespace, sender, target } = message.scope;
        let (taken, taking) = oneshot::channel();
        self.published.lock().push(Published {
            namespace: namespace.to_owned(),
            sender: sender.map(ToOwned::to_owned),
            target: target.clone(),
            operation: message.operation.clone(),
            taken,
        });
        Some(Box::pin(async { taking.await.map_err(|_| ClusterError::Full) }))
    }

    fn ask(&self, message: Message<'_>, _: Duration) -> Option<mpsc::UnboundedReceiver<RemoteAnswer>> {
        let (sender, receiver) = mpsc::unbounded_channel();
        sender.send(RemoteAnswer::Nodes(1)).expect("the receiver is there");
        if *self.state.lock() == WireState::Silent {
            return Some(receiver);
        }
        let (other, target) = (self.other(), message.scope.target.clone());
        let namespace = message.scope.namespace.to_owned();
        let Operation::Emit { event, payload } = message.operation.clone() else { panic!("an event is asked") };
        tokio::spawn(async move {
            let scope = Scope { namespace: &namespace, sender: None, target: &target };
            let mut asked = other.ask_local(scope, &event, &payload).await.expect("the namespace is there");
            let _ = sender.send(RemoteAnswer::Asked(asked.asked));
            while let Some(answer) = asked.answers.recv().await {
                let _ = sender.send(RemoteAnswer::Answer(answer));
            }
        });
        Some(receiver)
    }

    fn fetch_sockets(&self, scope: Scope<'_>) -> Option<ClusterFuture<FoundSockets>> {
        Some(match *self.state.lock() {
            WireState::Broken => failed(),
            WireState::Silent => Box::pin(async { Ok(FoundSockets { missing_nodes: 1, ..FoundSockets::default() }) }),
            WireState::Works => {
                let other = self.other();
                let sockets = other.local_sockets(scope, usize::MAX);
                let sockets = sockets.now_or_never().expect("few sockets").expect("no limit");
                Box::pin(async { Ok(FoundSockets { sockets, missing_nodes: 0 }) })
            }
        })
    }
}

/// Two nodes; both ways lead to the other.
fn nodes(events: &[&str]) -> [(World, Arc<Wire>); 2] {
    let nodes = [(); 2].map(|()| {
        let wire = Arc::new(Wire::default());
        (World::clustered(wire.clone(), None, GatewayLimits::default(), &[("/n", events)]), wire)
    });
    *nodes[0].1.other.lock() = Arc::downgrade(nodes[1].0.gateway());
    *nodes[1].1.other.lock() = Arc::downgrade(nodes[0].0.gateway());
    nodes
}

/// The context of a client's event on the first node.
fn event(world: &World, client: &mut Client) -> crate::test_support::Call {
    client.send(r#"2/n,["a"]"#);
    world.expect("/n", "a")
}

fn broadcast(target: Target) -> Vec<Command> {
    vec![Command::broadcast(target, "e", payload("[1]"))]
}

const EVENT: &str = r#"2/n,["e",1]"#;

#[tokio::test]
async fn a_broadcast_reaches_the_sockets_of_all_nodes() {
    let [(here, wire), (there, _)] = nodes(&["a"]);
    let ((mut one, _), (mut two, _), (mut three, _)) = (here.joined("/n"), here.joined("/n"), there.joined("/n"));
    let call = event(&here, &mut one);
    let target = Target { exclude_sender: true, ..Target::default() };
    let mut publishing = Box::pin(call.context.apply(broadcast(target)));
    assert_eq!((one.receives(), two.receives()), (vec![], vec![EVENT.to_owned()]), "this node's at once");
    assert!(waits(publishing.as_mut()), "the cluster has not taken it yet");
    wire.deliver();
    publishing.await;
    assert_eq!(three.receives(), [EVENT]);
}

#[tokio::test]
async fn a_local_broadcast_stays_on_its_node() {
    let [(here, wire), _] = nodes(&["a"]);
    let (mut client, _) = here.joined("/n");
    let call = event(&here, &mut client);
    assert!(call.context.apply(broadcast(Target { local: true, ..Target::default() })).is_done());
    assert!(wire.published.lock().is_empty());
    assert_eq!(client.receives(), [EVENT]);
}

#[tokio::test]
async fn operations_are_carried_out_in_order_everywhere() {
    let [(here, wire), (there, _)] = nodes(&["a"]);
    let ((mut one, _), (mut other, id)) = (here.joined("/n"), there.joined("/n"));
    let call = event(&here, &mut one);
    let on_all = |operation| Command::Sockets { target: rooms(&[&id]), operation };
    let publishing = call.context.apply(vec![
        on_all(Operation::Join(vec!["x".into()])),
        Command::broadcast(rooms(&["x"]), "e", payload("[1]")),
        on_all(Operation::Leave(vec!["x".into()])),
        Command::broadcast(rooms(&["x"]), "e", payload("[2]")),
        on_all(Operation::Disconnect { close: false }),
    ]);
    wire.deliver();
    publishing.await;
    assert_eq!(other.receives(), [EVENT, "1/n,"]);
}

#[tokio::test]
async fn commands_of_connect_are_published_when_it_has_accepted_and_before_the_next_event() {
    let [(here, wire), (there, _)] = nodes(&["$connect", "a"]);
    let mut other = there.client();
    other.send("0/n,");
    there.expect("/n", "$connect").done();
    other.id("/n");
    let mut client = here.client();
    client.send("0/n,");
    let connect = here.expect("/n", "$connect");
    client.send(r#"2/n,["a"]"#);
    assert!(connect.context.apply(broadcast(Target::default())).is_done());
    assert!(wire.published.lock().is_empty(), "they are held");
    connect.done();
    client.work();
    here.assert_quiet();
    wire.deliver();
    client.work();
    here.expect("/n", "a");
    assert_eq!(other.receives(), [EVENT]);
}

#[tokio::test]
async fn a_cluster_that_fails_leaves_this_node_as_it_is() {
    let [(here, wire), _] = nodes(&["a"]);
    wire.set(WireState::Broken);
    let (mut client, _) = here.joined("/n");
    let call = event(&here, &mut client);
    call.context.apply(broadcast(Target::default())).await;
    assert_eq!(client.receives(), [EVENT]);
    let error = call.context.fetch_sockets(&Target::default(), usize::MAX).await.expect_err("others cannot be asked");
    assert!(matches!(error, CallError::Unreachable(why) if why.contains("cut")));
}

#[tokio::test]
async fn sockets_of_all_nodes_are_found() {
    let [(here, wire), (there, _)] = nodes(&["a"]);
    let ((mut client, one), (_other, two)) = (here.joined("/n"), there.joined("/n"));
    let call = event(&here, &mut client);
    let ids = async |target| -> Result<Vec<String>, CallError> {
        let found = call.context.fetch_sockets(&target, usize::MAX).await?;
        Ok(found.into_iter().map(|socket| socket.id).collect())
    };
    assert_eq!(ids(Target::default()).await, Ok(vec![one.clone(), two]));
    assert_eq!(ids(Target { local: true, ..Target::default() }).await, Ok(vec![one]));
    wire.set(WireState::Silent);
    assert_eq!(ids(Target::default()).await, Err(CallError::NodesMissing { missing: 1 }));
}

#[tokio::test(start_paused = true)]
async fn acknowledgements_of_all_nodes_are_gathered() {
    let [(here, wire), (there, _)] = nodes(&["a"]);
    let ((mut one, _), (mut two, _)) = (here.joined("/n"), there.joined("/n"));
    let call = event(&here, &mut one);
    let target = Target::default();
    let question = payload("[1]");
    let ask = call.context.broadcast_with_ack(&target, "e", &question, WAIT);
    let answer = async {
        tokio::task::yield_now().await;
        for client in [&mut one, &mut two] {
            let received = client.receives();
            let id = received[0].strip_prefix("2/n,").and_then(|rest| rest.strip_suffix(r#"["e",1]"#)).unwrap();
            client.send(&format!("3/n,{id}[7]"));
        }
    };
    let (answers, ()) = tokio::join!(ask, answer);
    let received = vec![payload("[7]"), payload("[7]")];
    assert_eq!(answers, Ok(Answers { received, missing: 0, missing_nodes: 0 }));

    let (_silent, _) = there.joined("/n");
    let answers = call.context.broadcast_with_ack(&target, "e", &question, WAIT).await;
    assert_eq!(answers, Ok(Answers { received: vec![], missing: 3, missing_nodes: 0 }), "of both nodes");

    wire.set(WireState::Silent);
    let answers = call.context.broadcast_with_ack(&target, "e", &question, WAIT).await;
    assert_eq!(answers, Ok(Answers { received: vec![], missing: 1, missing_nodes: 1 }));
    let lists = there.gateway().local_list(Scope { namespace: "/n", sender: None, target: &target }, usize::MAX).await;
    let ids: Vec<_> = lists.expect("no limit").into_iter().map(|socket| socket.id).collect();
    assert_eq!(ids.len(), 2);
    assert!(ids.iter().all(|id| there.gateway().has_room("/n", id)));
    assert!(!there.gateway().has_room("/n", "nobody") && !there.gateway().has_room("/x", &ids[0]));
}
