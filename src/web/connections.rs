//! Watches over connections: the framework's deadlines cover the first head of each, and nothing limits what one
//! address holds open or how slowly it reads.

use std::any::Any;
use std::collections::HashMap;
use std::net::{IpAddr, Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use ipnet::IpNet;

use crate::domain::counted_address::counted_address;

/// How long a connection may go without a complete request, in all: a little more than the time for which an idle one
/// is kept.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(80);

/// How long what was sent may stay unread.
const UNREAD: Duration = Duration::from_secs(20);

/// The most connections of one address; trusted proxies speak for many clients and have no limit.
const MOST_PER_ADDRESS: usize = 2_000;

const BUSY: u64 = u64::MAX;

/// One connection.
#[derive(Debug)]
struct Connection {
    /// A second handle of the socket, to end it by.
    socket: TcpStream,
    /// How many its address has open.
    of_address: Arc<AtomicUsize>,
    /// Milliseconds after the start of the watch when its last request was over; [`BUSY`] during one.
    idle_since: AtomicU64,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.of_address.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All connections of this server.
#[derive(Debug)]
pub(super) struct Connections {
    started: Instant,
    trusted_proxies: Vec<IpNet>,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: Vec<Weak<Connection>>,
    by_address: HashMap<IpAddr, Arc<AtomicUsize>>,
}

impl Connections {
    pub(super) fn new(trusted_proxies: Vec<IpNet>) -> Self {
        Self { started: Instant::now(), trusted_proxies, open: Mutex::default() }
    }

    /// Takes note of a new connection, or ends it when its address has too many.
    pub(super) fn opened(&self, stream: &dyn Any, data: &mut Extensions) {
        let Some(stream) = tcp_stream(stream) else { return };
        // Without this a client that never reads holds its answer for ever. Refused only by exotic systems.
        let _ = rustix::net::sockopt::set_tcp_user_timeout(stream, millis(UNREAD));
        let (Ok(peer), Ok(socket)) = (stream.peer_addr(), stream.as_fd().try_clone_to_owned()) else { return };
        let socket = TcpStream::from(socket);
        let Ok(mut open) = self.open.lock() else { return };
        let of_address = Arc::clone(open.by_address.entry(counted_address(peer.ip())).or_default());
        let before = of_address.fetch_add(1, Ordering::Relaxed);
        let connection = Arc::new(Connection { socket, of_address, idle_since: AtomicU64::new(self.now()) });
        let is_proxy = self.trusted_proxies.iter().any(|range| range.contains(&peer.ip().to_canonical()));
        if before >= MOST_PER_ADDRESS && !is_proxy {
            drop(connection.socket.shutdown(Shutdown::Both));
            return;
        }
        open.all.push(Arc::downgrade(&connection));
        data.insert(connection);
    }

    /// A request has arrived.
    pub(super) fn request_started(request: &HttpRequest) {
        if let Some(connection) = request.conn_data::<Arc<Connection>>() {
            connection.idle_since.store(BUSY, Ordering::Relaxed);
        }
    }

    /// A request has been answered.
    pub(super) fn request_finished(&self, request: &HttpRequest) {
        if let Some(connection) = request.conn_data::<Arc<Connection>>() {
            connection.idle_since.store(self.now(), Ordering::Relaxed);
        }
    }

    /// Ends the connections that have gone for too long without a complete request.
    pub(super) fn end_stalled(&self) {
        let oldest = self.now().saturating_sub(u64::from(millis(LONGEST_PAUSE)));
        let Ok(mut open) = self.open.lock() else { return };
        open.all.retain(|connection| {
            let Some(connection) = connection.upgrade() else { return false };
            if connection.idle_since.load(Ordering::Relaxed) < oldest {
                drop(connection.socket.shutdown(Shutdown::Both));
            }
            true
        });
        open.by_address.retain(|_, count| count.load(Ordering::Relaxed) > 0);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(BUSY - 1)
    }
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

/// The TCP connection below whatever is spoken on it.
fn tcp_stream(stream: &dyn Any) -> Option<&actix_web::rt::net::TcpStream> {
    stream.downcast_ref().or_else(|| {
        let tls: &TlsStream<actix_web::rt::net::TcpStream> = stream.downcast_ref()?;
        Some(tls.get_ref().0)
    })
}
