//! Load on a Socket.IO server that offers the bench namespace (`tests/components/bench` tells its events), and what the
//! load costs that server: one line of JSON.
//!
//! The cost is the CPU time, user and system, that the server's process took while the load ran. It holds on a machine
//! that others use as well; rates and latencies do not.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use clap::{Parser, Subcommand};
use futures_util::future::try_join_all;
use futures_util::{SinkExt, StreamExt};
use hdrhistogram::Histogram;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

const NAMESPACE: &str = "/bench";
/// Clients that connect at the same moment.
const CONNECTING: usize = 64;
const WARM_UP: Duration = Duration::from_secs(1);
/// Text of each event: 64 bytes.
const TEXT: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[derive(Parser)]
struct Arguments {
    /// Where the server listens.
    #[arg(long)]
    address: SocketAddr,
    /// The server's process.
    #[arg(long)]
    pid: u32,
    /// How long to measure, after a second to warm up.
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Sockets beside those of the load, which do nothing.
    #[arg(long, default_value_t = 0)]
    crowd: usize,
    /// Handlers beside those of the load that sleep (`sleep` in the namespace `/probe`).
    #[arg(long, default_value_t = 0)]
    sleepers: usize,
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Subcommand)]
enum Mode {
    /// Events with an acknowledgement.
    Echo {
        #[arg(long, default_value_t = 50)]
        clients: usize,
        /// Events of each client that wait for their acknowledgement.
        #[arg(long, default_value_t = 4)]
        inflight: usize,
        /// Events a second of all clients together, however long answers take; without it, each answer causes the next
        /// event.
        #[arg(long)]
        rate: Option<u32>,
    },
    /// Events of one client to a room in which all are.
    Broadcast {
        #[arg(long, default_value_t = 200)]
        clients: usize,
    },
    /// Sockets that do nothing: their memory.
    Idle {
        #[arg(long, default_value_t = 5000)]
        clients: usize,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let Arguments { address, pid, .. } = arguments;
    let crowd = hold(connect_all(address, arguments.crowd).await?);
    let sleepers = hold(sleepers(address, arguments.sleepers).await?);
    let meter = Meter { pid, time: Duration::from_secs(arguments.seconds), load: Arc::default() };
    let figures = match arguments.mode {
        Mode::Echo { clients, inflight, rate } => {
            echo(&meter, connect_all(address, clients).await?, inflight, rate).await?
        }
        Mode::Broadcast { clients } => broadcast(&meter, connect_all(address, clients).await?).await?,
        Mode::Idle { clients } => idle(pid, address, clients, meter.time).await?,
    };
    drop((crowd, sleepers));
    println!("{figures}");
    Ok(())
}

/// What the clients of a load share with who measures.
#[derive(Default)]
struct Load {
    stopped: AtomicBool,
    count: AtomicU64,
}

impl Load {
    fn count(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    fn goes_on(&self) -> bool {
        !self.stopped.load(Ordering::Relaxed)
    }
}

struct Meter {
    pid: u32,
    time: Duration,
    load: Arc<Load>,
}

impl Meter {
    /// Lets the load run for a while; returns what the server did and took meanwhile.
    async fn measure(&self) -> anyhow::Result<serde_json::Value> {
        sleep(WARM_UP).await;
        let (before, cpu_before, begin) = (self.load.count.load(Ordering::Relaxed), cpu(self.pid)?, Instant::now());
        sleep(self.time).await;
        let (after, cpu_after, time) = (self.load.count.load(Ordering::Relaxed), cpu(self.pid)?, begin.elapsed());
        self.load.stopped.store(true, Ordering::Relaxed);
        let count = after - before;
        ensure!(count > 0, "the server did nothing");
        let cpu = (cpu_after - cpu_before).as_secs_f64();
        Ok(json!({ "cpu_us": cpu * 1e6 / count as f64, "per_s": count as f64 / time.as_secs_f64() }))
    }
}

async fn echo(
    meter: &Meter,
    clients: Vec<Client>,
    inflight: usize,
    rate: Option<u32>,
) -> anyhow::Result<serde_json::Value> {
    let mut tasks = JoinSet::new();
    let each = rate.map(|rate| Duration::from_secs_f64(clients.len() as f64 / f64::from(rate)));
    let count = clients.len();
    for (index, client) in clients.into_iter().enumerate() {
        let load = meter.load.clone();
        tasks.spawn(async move {
            match each {
                Some(period) => {
                    // Not all clients at the same moment.
                    sleep(period.mul_f64(index as f64 / count as f64)).await;
                    echo_at_rate(client, period, &load).await
                }
                None => echo_in_turn(client, inflight, &load).await,
            }
        });
    }
    let mut figures = watch(&mut tasks, meter.measure()).await?;
    let mut latencies = Histogram::<u64>::new(3)?;
    while let Some(latency) = tasks.join_next().await {
        latencies.add(latency??)?;
    }
    add_latencies(&mut figures, &latencies);
    Ok(figures)
}

/// Each acknowledgement causes the next event.
async fn echo_in_turn(mut client: Client, inflight: usize, load: &Load) -> anyhow::Result<Histogram<u64>> {
    let mut latencies = Histogram::<u64>::new(3)?;
    let mut sent = HashMap::new();
    let mut id = 0;
    while id < inflight {
        client.ask(id, &mut sent).await?;
        id += 1;
    }
    while !sent.is_empty() {
        client.answer(&mut sent, &mut latencies).await?;
        load.count();
        if load.goes_on() {
            client.ask(id, &mut sent).await?;
            id += 1;
        }
    }
    Ok(latencies)
}

/// Time alone causes the next event.
async fn echo_at_rate(mut client: Client, period: Duration, load: &Load) -> anyhow::Result<Histogram<u64>> {
    let mut latencies = Histogram::<u64>::new(3)?;
    let mut sent = HashMap::new();
    let mut id = 0;
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    while load.goes_on() || !sent.is_empty() {
        tokio::select! {
            _ = ticks.tick() => {
                if load.goes_on() {
                    client.ask(id, &mut sent).await?;
                    id += 1;
                }
            }
            packet = client.packet() => {
                client.check_answer(&packet?, &mut sent, &mut latencies)?;
                load.count();
            }
        }
    }
    Ok(latencies)
}

async fn broadcast(meter: &Meter, mut clients: Vec<Client>) -> anyhow::Result<serde_json::Value> {
    for client in &mut clients {
        client.send(format!(r#"42{NAMESPACE},0["join","room"]"#)).await?;
        let joined = client.packet().await?;
        ensure!(joined.starts_with(&format!("43{NAMESPACE},0[")), "an acknowledgement was expected: {joined}");
    }
    let mut sender = clients.pop().context("a room needs a client")?;
    let expected: Arc<str> = format!(r#"42{NAMESPACE},["said","{TEXT}"]"#).into();
    let mut tasks = JoinSet::<anyhow::Result<()>>::new();
    for mut client in clients {
        let (expected, load) = (expected.clone(), meter.load.clone());
        tasks.spawn(async move {
            loop {
                let packet = client.packet().await?;
                ensure!(*packet == *expected, "another event was expected: {packet}");
                load.count();
            }
        });
    }
    let load = meter.load.clone();
    let say = format!(r#"42{NAMESPACE},["say","room","{TEXT}"]"#);
    let sending = async {
        let mut latencies = Histogram::<u64>::new(3)?;
        let mut sent = VecDeque::new();
        while load.goes_on() || !sent.is_empty() {
            while load.goes_on() && sent.len() < 4 {
                sent.push_back(Instant::now());
                sender.send(say.clone()).await?;
            }
            let packet = sender.packet().await?;
            ensure!(*packet == *expected, "another event was expected: {packet}");
            load.count();
            latencies.record(micros(sent.pop_front().context("too many events")?))?;
        }
        anyhow::Ok(latencies)
    };
    let measuring = watch(&mut tasks, meter.measure());
    let (mut figures, latencies) = tokio::try_join!(measuring, sending)?;
    add_latencies(&mut figures, &latencies);
    Ok(figures)
}

async fn idle(pid: u32, address: SocketAddr, clients: usize, time: Duration) -> anyhow::Result<serde_json::Value> {
    // What the first connections allocate once and for all is not theirs.
    drop(connect_all(address, CONNECTING).await?);
    sleep(WARM_UP).await;
    let before = memory(pid)?;
    let held = hold(connect_all(address, clients).await?);
    sleep(time).await;
    let bytes = (memory(pid)?.saturating_sub(before)) as f64 / clients as f64;
    drop(held);
    Ok(json!({ "bytes": bytes }))
}

/// The result of what is measured, unless a client fails before.
async fn watch<T: 'static, R>(
    clients: &mut JoinSet<anyhow::Result<T>>,
    measuring: impl Future<Output = anyhow::Result<R>>,
) -> anyhow::Result<R> {
    tokio::select! {
        result = measuring => result,
        Some(ended) = clients.join_next() => {
            ended??;
            bail!("a client ended too early")
        }
    }
}

/// Clients that answer pings until this is dropped.
fn hold(clients: Vec<Client>) -> JoinSet<anyhow::Result<()>> {
    let mut tasks = JoinSet::new();
    for mut client in clients {
        tasks.spawn(async move {
            loop {
                client.packet().await?;
            }
        });
    }
    tasks
}

async fn connect_all(address: SocketAddr, count: usize) -> anyhow::Result<Vec<Client>> {
    let mut clients = Vec::with_capacity(count);
    while clients.len() < count {
        let wave = CONNECTING.min(count - clients.len());
        clients.extend(try_join_all((0..wave).map(|_| Client::connect(address, NAMESPACE))).await?);
    }
    Ok(clients)
}

async fn sleepers(address: SocketAddr, count: usize) -> anyhow::Result<Vec<Client>> {
    let mut clients = Vec::with_capacity(count);
    for _ in 0..count {
        let mut client = Client::connect(address, "/probe").await?;
        client.send(r#"42/probe,["sleep",600000]"#.to_owned()).await?;
        clients.push(client);
    }
    Ok(clients)
}

/// One client on WebSocket.
struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    async fn connect(address: SocketAddr, namespace: &str) -> anyhow::Result<Self> {
        let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
        let (socket, _) = connect_async(&url).await.context("the WebSocket handshake")?;
        let mut client = Self { socket };
        let open = client.packet().await?;
        ensure!(open.starts_with("0{"), "an open packet was expected: {open}");
        client.send(format!("40{namespace},")).await?;
        loop {
            let packet = client.packet().await?;
            if packet.starts_with(&format!("40{namespace},")) {
                return Ok(client);
            }
            ensure!(packet.starts_with("42"), "the namespace was not joined: {packet}");
        }
    }

    async fn send(&mut self, packet: String) -> anyhow::Result<()> {
        Ok(self.socket.send(Message::text(packet)).await?)
    }

    /// The next packet; pings on the way are answered.
    async fn packet(&mut self) -> anyhow::Result<String> {
        loop {
            match self.socket.next().await.context("the server closed the connection")?? {
                Message::Text(text) if text.as_str() == "2" => self.send("3".to_owned()).await?,
                Message::Text(text) => return Ok(text.as_str().to_owned()),
                Message::Close(frame) => bail!("the server closes: {frame:?}"),
                _ => {}
            }
        }
    }

    async fn ask(&mut self, id: usize, sent: &mut HashMap<usize, Instant>) -> anyhow::Result<()> {
        sent.insert(id, Instant::now());
        self.send(format!(r#"42{NAMESPACE},{id}["echo",{{"text":"{TEXT}"}}]"#)).await
    }

    async fn answer(
        &mut self,
        sent: &mut HashMap<usize, Instant>,
        latencies: &mut Histogram<u64>,
    ) -> anyhow::Result<()> {
        let packet = self.packet().await?;
        self.check_answer(&packet, sent, latencies)
    }

    /// Answers may come in any order: not every server handles one socket's events one after the other.
    fn check_answer(
        &self,
        packet: &str,
        sent: &mut HashMap<usize, Instant>,
        latencies: &mut Histogram<u64>,
    ) -> anyhow::Result<()> {
        let answer = packet.strip_prefix("43").and_then(|rest| rest.strip_prefix(NAMESPACE)?.strip_prefix(','));
        let parts = answer.and_then(|rest| rest.split_once('['));
        let (id, arguments) = parts.with_context(|| format!("an acknowledgement was expected: {packet}"))?;
        ensure!(
            arguments.strip_prefix(r#"{"text":""#).and_then(|rest| rest.strip_suffix(r#""}]"#)) == Some(TEXT),
            "another acknowledgement was expected: {packet}"
        );
        let at = sent.remove(&id.parse()?).with_context(|| format!("nobody asked for {packet}"))?;
        latencies.record(micros(at))?;
        Ok(())
    }
}

fn add_latencies(figures: &mut serde_json::Value, latencies: &Histogram<u64>) {
    for (name, quantile) in [("p50_us", 0.5), ("p99_us", 0.99)] {
        figures[name] = latencies.value_at_quantile(quantile).into();
    }
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// CPU time of a process so far, user and system, to 10 ms.
fn cpu(pid: u32) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("the server's process")?;
    // The program's name, in parentheses, can have spaces.
    let (_, fields) = stat.rsplit_once(") ").context("no fields")?;
    let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 10))
}

/// Resident memory of a process in bytes.
fn memory(pid: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("the server's process")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes * 1024)
}
