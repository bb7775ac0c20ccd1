use host::adapter::LocalAdapter;
use host::config::*;
use host::engine_io::transport::Endpoint;
use host::gateway::Gateway;
use host::gateway::context::EventContext;
use host::gateway::handler::*;
use host::http::*;
use host::socket_io::Payload;
use std::sync::Arc;

struct Native(Description);
impl EventHandler for Native {
    fn description(&self) -> &Description {
        &self.0
    }
    fn handle(self: Arc<Self>, event: Event, cx: EventContext) -> HandlerFuture {
        Box::pin(async move {
            let p = |json: &str| Payload { json: json.into(), attachments: vec![] };
            match event.name.as_str() {
                "$connect" => {
                    cx.apply(vec![Command::Emit { event: "hi".into(), payload: p("[1]"), volatile: false }]);
                    Ok(None)
                }
                "echo" => Ok(Some(event.payload)),
                "join" => {
                    let (r,): (String,) = serde_json::from_str(&event.payload.json).unwrap();
                    cx.apply(vec![Command::Join(vec![r])]);
                    Ok(Some(Payload::empty()))
                }
                "say" => {
                    let (r, t): (String, String) = serde_json::from_str(&event.payload.json).unwrap();
                    cx.apply(vec![Command::Broadcast {
                        target: Target { rooms: vec![r], ..Default::default() },
                        event: "said".into(),
                        payload: p(&serde_json::to_string(&[t]).unwrap()),
                    }]);
                    Ok(None)
                }
                "ask" => {
                    let a = cx.emit_with_ack("question", &p("[42]"), std::time::Duration::from_secs(2)).await;
                    Ok(Some(p(&format!("[{:?}]", format!("{a:?}")))))
                }
                "slow" => {
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                    Ok(Some(event.payload))
                }
                "bye" => {
                    cx.apply(vec![Command::Disconnect { close: true }]);
                    Ok(None)
                }
                "$disconnect" => {
                    eprintln!("disconnect {} rooms {:?}", event.payload.json, cx.rooms());
                    Ok(None)
                }
                _ => Ok(None),
            }
        })
    }
}
#[tokio::main]
async fn main() {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let bench = std::env::args().nth(2).is_some();
    let mut events: Vec<&str> = vec!["echo", "join", "say", "ask", "slow", "bye", "$disconnect"];
    if !bench {
        events.push("$connect")
    }
    let d = Description {
        namespace: Some("/bench".into()),
        events: events.into_iter().map(String::from).collect(),
        any_event: false,
    };
    let limits = ClientLimits::default();
    let mut g = Gateway::new(limits.clone());
    g.mount(None, Arc::new(Native(d)), Arc::new(LocalAdapter::new(1000))).unwrap();
    let ep = Endpoint::new(Arc::new(g), limits);
    let s = Server::bind(format!("127.0.0.1:{}", std::env::args().nth(1).unwrap()).parse().unwrap()).await.unwrap();
    let ep2 = ep.clone();
    let done = s
        .serve(Routes::new(ep, "/socket.io/".into(), &CorsOrigins::Any, None), async {
            tokio::signal::ctrl_c().await.unwrap();
            ep2.shut_down().await;
        })
        .await;
    done.await;
}
