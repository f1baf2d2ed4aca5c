//! Receivers of webhooks on loopback, well-behaved and not.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

/// What a receiver does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// This status, with these header lines.
    Status(u16, Vec<String>),
    /// `200` and this JSON document.
    Document(String),
    /// Reads the request and says nothing until the other side gives up.
    Hang,
    /// Ends the connection without an answer.
    Reset,
    /// `200` and a body without an end, until the other side gives up.
    Endless,
}

impl Reply {
    /// This status and no header of its own.
    pub(crate) const fn ok(status: u16) -> Self {
        Self::Status(status, Vec::new())
    }
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Received {
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        &found.unwrap_or_else(|| panic!("no {name}: {:?}", self.headers)).1
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("not JSON ({e}): {}", self.body))
    }
}

/// A receiver on a port of its own, until it is dropped.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    reply: Mutex<Reply>,
    received: Mutex<Vec<Received>>,
    /// Requests whose end the other side did not wait for, and how many were open at once at most.
    open: AtomicUsize,
    most_open: AtomicUsize,
    sent_bytes: AtomicUsize,
    stop: AtomicBool,
}

impl Receiver {
    pub(crate) fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port can be had");
        let address = listener.local_addr().expect("it has an address");
        let shared = Arc::new(Shared {
            reply: Mutex::new(reply),
            received: Mutex::default(),
            open: AtomicUsize::new(0),
            most_open: AtomicUsize::new(0),
            sent_bytes: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if serving.stop.load(Ordering::Relaxed) {
                    return;
                }
                let serving = Arc::clone(&serving);
                std::thread::spawn(move || serving.serve(stream));
            }
        });
        Self { address, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hooks", self.address)
    }

    /// What is done from now on.
    pub(crate) fn reply_with(&self, reply: Reply) {
        *self.shared.reply.lock().unwrap() = reply;
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    pub(crate) fn most_open(&self) -> usize {
        self.shared.most_open.load(Ordering::Relaxed)
    }

    pub(crate) fn sent_bytes(&self) -> usize {
        self.shared.sent_bytes.load(Ordering::Relaxed)
    }

    /// Waits until that many requests have arrived.
    #[track_caller]
    pub(crate) fn wait_for(&self, count: usize, limit: Duration) -> Vec<Received> {
        super::tools::eventually(limit, &format!("{count} requests at {}", self.address), || {
            Some(self.received()).filter(|received| received.len() >= count)
        })
    }
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) {
        let open = self.open.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_open.fetch_max(open, Ordering::Relaxed);
        if let Some(received) = read_request(&mut stream) {
            let reply = self.reply.lock().unwrap().clone();
            self.received.lock().unwrap().push(received);
            self.reply(&mut stream, &reply);
        }
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    fn reply(&self, stream: &mut TcpStream, reply: &Reply) {
        match reply {
            Reply::Status(status, headers) => {
                let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
                let answer = format!("HTTP/1.1 {status} X\r\n{lines}Content-Length: 2\r\nConnection: close\r\n\r\nok");
                let _ = stream.write_all(answer.as_bytes());
            }
            Reply::Document(document) => {
                let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
                let _ = stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{document}", document.len()).as_bytes());
            }
            Reply::Hang => {
                let _ = stream.set_read_timeout(Some(Duration::from_secs(60)));
                let _ = stream.read(&mut [0; 1]);
            }
            Reply::Reset => {}
            Reply::Endless => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n");
                let chunk = [b'x'; 65_536];
                while !self.stop.load(Ordering::Relaxed) && stream.write_all(&chunk).is_ok() {
                    self.sent_bytes.fetch_add(chunk.len(), Ordering::Relaxed);
                }
            }
        }
    }
}

fn read_request(stream: &mut TcpStream) -> Option<Received> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let mut bytes = Vec::new();
    let mut buffer = [0; 8_192];
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        let length = stream.read(&mut buffer).ok().filter(|length| *length > 0)?;
        bytes.extend_from_slice(&buffer[..length]);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let request = lines.next()?;
    assert!(request.starts_with("POST /hooks") || request.starts_with("GET /hooks"), "{head}");
    let headers: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned())).collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or("0", |(_, length)| length);
    let length: usize = length.parse().ok()?;
    while bytes.len() < end + 4 + length {
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
    }
    let body = String::from_utf8_lossy(&bytes[end + 4..]).into_owned();
    Some(Received { headers, body })
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}
