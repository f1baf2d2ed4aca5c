//! A raw HTTP/1.1 client: it sends exactly the bytes it is told to, and hides nothing of the answer.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// Longer than anything that a server may take on purpose.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone)]
pub(crate) struct Request {
    method: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        Self { method: method.into(), target: target.into(), headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.into(), value.as_ref().into()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    /// The bytes on the wire: the headers as given, and `Host` and `Content-Length` where they were left out.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.head_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// The bytes up to and including the empty line.
    pub(crate) fn head_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        if !self.has("host") {
            bytes.extend_from_slice(b"Host: 127.0.0.1\r\n");
        }
        let framed = self.has("content-length") || self.has("transfer-encoding");
        if !framed && (self.method == "POST" || !self.body.is_empty()) {
            bytes.extend_from_slice(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// The values of every header of that name, in order.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()).collect()
    }

    /// The value of a header that stands there at most once.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let values = self.all(name);
        assert!(values.len() <= 1, "{name} more than once: {values:?}");
        values.first().copied()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("not JSON ({e}): {self:?}"))
    }

    /// Everything that a client can see, but for what differs from answer to answer by its nature.
    pub(crate) fn look(&self) -> (u16, Vec<(String, String)>, String) {
        let mut headers: Vec<(String, String)> =
            self.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect();
        headers.retain(|(name, _)| name != "date" && name != "x-request-id");
        headers.sort();
        (self.status, headers, self.text())
    }
}

/// One TCP connection.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::new() })
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends and receives on a connection that stays open.
    pub(crate) fn exchange(&mut self, request: &Request) -> io::Result<Response> {
        // A server may answer and close before it has read everything; what it answered counts.
        let sent = self.send(&request.to_bytes());
        self.receive(&request.method).or_else(|failure| sent.and(Err(failure)))
    }

    /// Reads one answer to a request with that method.
    pub(crate) fn receive(&mut self, method: &str) -> io::Result<Response> {
        let head_length = loop {
            if let Some(at) = find(&self.received, b"\r\n\r\n") {
                break at + 4;
            }
            self.read_more()?;
        };
        let head = String::from_utf8_lossy(&self.received[..head_length]).into_owned();
        self.received.drain(..head_length);
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).ok_or_else(malformed)?;
        let headers = lines
            .map(|line| line.split_once(':').map(|(n, v)| (n.to_owned(), v.trim().to_owned())).ok_or_else(malformed))
            .collect::<io::Result<Vec<_>>>()?;
        let mut response = Response { status, headers, body: Vec::new() };
        if status == 100 {
            return self.receive(method);
        }
        if method != "HEAD" && status != 204 && status != 304 {
            response.body = self.receive_body(&response)?;
        }
        Ok(response)
    }

    fn receive_body(&mut self, response: &Response) -> io::Result<Vec<u8>> {
        if response.all("transfer-encoding").iter().any(|v| v.eq_ignore_ascii_case("chunked")) {
            let mut body = Vec::new();
            loop {
                let line_end = loop {
                    match find(&self.received, b"\r\n") {
                        Some(at) => break at,
                        None => self.read_more()?,
                    }
                };
                let line = String::from_utf8_lossy(&self.received[..line_end]).into_owned();
                let length = usize::from_str_radix(line.trim(), 16).map_err(|_| malformed())?;
                self.received.drain(..line_end + 2);
                body.extend(self.take(length)?);
                self.take(2)?;
                if length == 0 {
                    return Ok(body);
                }
            }
        }
        if let [length] = response.all("content-length")[..] {
            return self.take(length.parse().map_err(|_| malformed())?);
        }
        while self.read_more().is_ok() {}
        Ok(std::mem::take(&mut self.received))
    }

    fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.received.len() < length {
            self.read_more()?;
        }
        Ok(self.received.drain(..length).collect())
    }

    fn read_more(&mut self) -> io::Result<()> {
        let mut buffer = [0; 16_384];
        match self.stream.read(&mut buffer) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            // The process was stopped for a moment; whoever reads asks for more.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(error),
            Ok(length) => {
                self.received.extend_from_slice(&buffer[..length]);
                Ok(())
            }
        }
    }

    /// Whether an answer, or the end of the connection, is there to be read without waiting.
    pub(crate) fn has_answer(&mut self) -> bool {
        let mut byte = [0];
        let _ = self.stream.set_nonblocking(true);
        let peeked = self.stream.peek(&mut byte);
        let _ = self.stream.set_nonblocking(false);
        !matches!(peeked, Err(e) if e.kind() == io::ErrorKind::WouldBlock)
    }

    /// Whether the other side closes without saying anything more.
    pub(crate) fn is_closed_by_peer(&mut self) -> bool {
        match self.read_more() {
            Ok(()) => false,
            Err(e) => !matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut),
        }
    }
}

/// One request on a connection of its own.
pub(crate) fn exchange(address: SocketAddr, request: &Request) -> io::Result<Response> {
    let request = if request.has("connection") { request.clone() } else { request.clone().header("Connection", "close") };
    Connection::open(address)?.exchange(&request)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not an HTTP answer")
}
