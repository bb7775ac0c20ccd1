//! What happened so far, and the promises that it must keep.

use std::collections::{HashMap, HashSet};

use gateway::EventContext;
use gateway::model::{Description, Event, Target};
use socket_io::Payload;

/// One client's packets for one namespace.
#[derive(Debug, Default)]
pub struct Track {
    /// CONNECT packets.
    pub connects: usize,
    /// Events in order of arrival, without those that came after the client's DISCONNECT.
    arrived: Vec<Event>,
    /// How many of them the handler has seen or will not see any more, as a later one was seen.
    seen: usize,
    /// Acknowledgements that the client wants, and how often.
    wanted: HashMap<u64, usize>,
    pub left: bool,
}

/// One socket, as its handler sees it.
#[derive(Debug)]
struct Life {
    client: usize,
    namespace: String,
    running: bool,
    accepted: bool,
    /// The reason that `$disconnect` was told.
    gone: Option<String>,
}

/// A handler's run.
#[derive(Debug)]
pub struct Run {
    socket: String,
    /// Not to be seen by anyone yet, or ever: `$connect` has not accepted the client.
    held: bool,
    /// Packets that it sent.
    pub sent: u64,
}

#[derive(Debug, Default)]
pub struct Log {
    tracks: HashMap<(usize, String), Track>,
    lives: HashMap<String, Life>,
    runs: Vec<Run>,
    /// Ids of sockets in the order in which handlers met them.
    pub ids: Vec<String>,
    /// A handler has asked for an acknowledgement, which suspends some bounds.
    pub asked: bool,
    /// Clients whose connection was dropped: no `$disconnect` follows.
    pub dropped: HashSet<usize>,
}

impl Log {
    pub fn track(&mut self, client: usize, namespace: &str) -> &mut Track {
        self.tracks.entry((client, namespace.to_owned())).or_default()
    }

    /// A handler is called: every socket's events come one at a time, `$connect` first, `$disconnect` last. Returns the
    /// run's number.
    pub fn begin(&mut self, description: &Description, event: &Event, context: &EventContext) -> usize {
        let id = context.socket_id().expect("a socket caused the event").to_owned();
        let client =
            context.handshake().expect("a socket has a handshake").request.url.parse().expect("the client's number");
        let namespace = context.namespace().to_owned();
        let connects = description.handles("$connect");
        if !self.lives.contains_key(&id) {
            assert_eq!(event.name == "$connect", connects, "$connect comes first");
            self.ids.push(id.clone());
            let namespace = namespace.clone();
            self.lives.insert(id.clone(), Life { client, namespace, running: false, accepted: !connects, gone: None });
        } else {
            assert_ne!(event.name, "$connect", "$connect comes once");
        }
        let life = self.lives.get_mut(&id).expect("just inserted");
        assert!(!life.running, "one event at a time");
        assert_eq!(life.gone, None, "$disconnect comes last");
        life.running = true;
        match event.name.as_str() {
            "$connect" => {}
            "$disconnect" => {
                assert!(life.accepted, "$disconnect follows acceptance");
                assert!(!context.connected());
                life.gone = Some(event.payload.json.clone());
            }
            _ => {
                assert!(life.accepted, "events follow acceptance");
                self.track(client, &namespace).see(event);
            }
        }
        self.runs.push(Run { socket: id, held: event.name == "$connect", sent: 0 });
        self.runs.len() - 1
    }

    pub fn run(&mut self, run: usize) -> &mut Run {
        &mut self.runs[run]
    }

    /// A handler returned or was dropped.
    pub fn end(&mut self, run: usize, ok: bool) {
        let Run { socket, held, .. } = &mut self.runs[run];
        let life = self.lives.get_mut(socket).expect("begun");
        life.running = false;
        if *held && ok {
            *held = false;
            life.accepted = true;
        }
    }

    /// A client got a packet that a run has sent.
    pub fn assert_released(&self, run: usize) {
        assert!(!self.runs[run].held, "$connect's commands are held until it accepts");
    }

    /// Nothing runs any more: no event of a socket was passed over, but where the server wanted it to go.
    pub fn assert_complete(&self, handles: impl Fn(&str, &str) -> bool) {
        for life in self.lives.values().filter(|life| life.accepted && !self.dropped.contains(&life.client)) {
            assert!(!life.running);
            let track = &self.tracks[&(life.client, life.namespace.clone())];
            let keeps = match life.gone.as_deref() {
                None => true,
                Some(r#"["client namespace disconnect"]"# | r#"["parse error"]"# | r#"["ping timeout"]"#) => true,
                Some(reason) => reason.starts_with(r#"["transport"#),
            };
            if keeps && track.connects == 1 {
                assert!(!track.arrived[track.seen..].iter().any(|event| handles(&life.namespace, &event.name)));
            }
        }
    }

    /// Every session has ended.
    pub fn assert_over(&self) {
        for life in self.lives.values().filter(|life| life.accepted && !self.dropped.contains(&life.client)) {
            assert!(life.gone.is_some(), "$disconnect comes for every socket that was accepted");
        }
    }

    /// How many sockets have seen `$disconnect`.
    pub fn goodbyes(&self) -> usize {
        self.lives.values().filter(|life| life.gone.is_some()).count()
    }

    /// Events, and bytes of their payloads, that wait in sockets which have come once and stay.
    pub fn waiting(&self, client: usize, handles: impl Fn(&str, &str) -> bool) -> (usize, usize) {
        let (mut most, mut bytes) = (0, 0);
        let stays = |life: &&Life| life.client == client && life.accepted && life.gone.is_none();
        for life in self.lives.values().filter(stays) {
            let track = &self.tracks[&(client, life.namespace.clone())];
            if track.connects == 1 && !track.left {
                let waiting = track.arrived[track.seen..].iter().filter(|event| handles(&life.namespace, &event.name));
                most = most.max(waiting.clone().count());
                bytes += waiting.map(|event| event.payload.size()).sum::<usize>();
            }
        }
        (most, bytes)
    }

    /// Sockets that a step selects by a number: rooms by name, or by a socket's id.
    pub fn room(&self, number: u8) -> String {
        match usize::from(number % 8).checked_sub(4) {
            Some(index) if !self.ids.is_empty() => self.ids[index % self.ids.len()].clone(),
            _ => format!("r{}", number % 4),
        }
    }

    pub fn target(&self, to: &super::steps::To) -> Target {
        Target {
            rooms: to.rooms.iter().take(3).map(|room| self.room(*room)).collect(),
            except: to.except.iter().map(|room| self.room(*room)).collect(),
            exclude_sender: to.exclude_sender,
            volatile: to.volatile,
            local: false,
        }
    }
}

impl Track {
    /// The client sends an event.
    pub fn arrive(&mut self, name: &str, payload: &Payload, ack: Option<u64>) {
        if !self.left {
            self.arrived.push(Event { name: name.to_owned(), payload: payload.clone(), wants_ack: ack.is_some() });
            ack.into_iter().for_each(|ack| *self.wanted.entry(ack).or_default() += 1);
        }
    }

    fn see(&mut self, event: &Event) {
        let next = self.arrived[self.seen..].iter().position(|arrived| arrived == event);
        self.seen += next.expect("events are handled once, in order of arrival") + 1;
    }

    /// The client gets an acknowledgement.
    pub fn acknowledged(&mut self, id: u64) {
        let wanted = self.wanted.get_mut(&id).expect("an acknowledgement was wanted");
        *wanted = wanted.checked_sub(1).expect("it was not given yet");
    }
}
