//! Load by the clock: requests are due at even intervals, whether or not earlier ones were answered, and the time of
//! each counts from when it was due.
//!
//! A thread for each connection, which sleeps until its next request is due: the system lets threads oversleep by some
//! fifty microseconds, where the event loops of the known generators round to a millisecond and so send in bunches.

use std::io::{Error, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// What is sent, where, how often.
pub(crate) struct Plan {
    /// Where.
    pub(crate) address: SocketAddr,
    /// Requests a second, over all connections.
    pub(crate) rate: f64,
    /// How long.
    pub(crate) seconds: u64,
    /// Connections, each with at most one request under way.
    pub(crate) connections: u32,
    /// The value of `Authorization`.
    pub(crate) authorization: String,
}

/// One answered request, in nanoseconds.
pub(crate) struct Sample {
    /// From when it was due to when it was sent.
    pub(crate) late: u128,
    /// From when it was due to the last byte of its answer.
    pub(crate) took: u128,
}

/// How long every connection is used before it counts.
const UNCOUNTED: Duration = Duration::from_millis(500);

/// Sends and measures.
///
/// # Errors
/// When a connection fails, or an answer is not `200`.
pub(crate) fn run(plan: &Plan) -> Result<Vec<Sample>, Error> {
    let begin = Instant::now() + Duration::from_millis(50);
    thread::scope(|scope| {
        let senders: Vec<_> = (0..plan.connections).map(|number| scope.spawn(move || send(plan, number, begin))).collect();
        let mut samples = Vec::new();
        for sender in senders {
            samples.extend(sender.join().map_err(|_| Error::other("a sender panicked"))??);
        }
        Ok(samples)
    })
}

fn send(plan: &Plan, number: u32, begin: Instant) -> Result<Vec<Sample>, Error> {
    let body = "grant_type=client_credentials";
    let request = format!(
        "POST /connect/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\nAuthorization: {}\r\n\r\n{body}",
        body.len(),
        plan.authorization
    );
    let mut connection = TcpStream::connect(plan.address)?;
    connection.set_nodelay(true)?;
    connection.set_read_timeout(Some(Duration::from_secs(10)))?;
    let every = Duration::from_secs_f64(f64::from(plan.connections) / plan.rate);
    let mut due = begin + every.mul_f64(f64::from(number) / f64::from(plan.connections));
    let end = begin + UNCOUNTED + Duration::from_secs(plan.seconds);
    let mut samples = Vec::new();
    while due < end {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let late = due.elapsed().as_nanos();
        connection.write_all(request.as_bytes())?;
        receive(&mut connection)?;
        if due >= begin + UNCOUNTED {
            samples.push(Sample { late, took: due.elapsed().as_nanos() });
        }
        due += every;
    }
    Ok(samples)
}

/// Reads one answer, which must have a `Content-Length` and the status 200.
fn receive(connection: &mut TcpStream) -> Result<(), Error> {
    let mut received = [0_u8; 8192];
    let mut length = 0;
    loop {
        let read = connection.read(received.get_mut(length..).unwrap_or_default())?;
        if read == 0 {
            return Err(Error::other("the connection ended, or the answer is longer than 8 KiB"));
        }
        length += read;
        let answer = String::from_utf8_lossy(received.get(..length).unwrap_or_default());
        let Some((head, body)) = answer.split_once("\r\n\r\n") else { continue };
        if !head.starts_with("HTTP/1.1 200 ") {
            return Err(Error::other(format!("not the answer that was wanted: {head}")));
        }
        let announced = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        match announced {
            Some(announced) if body.len() >= announced => return Ok(()),
            Some(_) => {}
            None => return Err(Error::other("an answer without Content-Length")),
        }
    }
}

/// The value below which a share of the sorted `values` lies.
pub(crate) fn quantile(values: &[u128], share: f64) -> u128 {
    // Well below 2^52 samples.
    let index = (values.len() as f64 * share) as usize;
    values.get(index.min(values.len().saturating_sub(1))).copied().unwrap_or(0)
}
