//! The yardstick: what one actix worker can do when it does nothing but answer, or nothing but sign and answer.
//!
//! `POST /connect/token` reads the request's body, ignores it and answers `200` with a body of the length of a real token answer. With
//! `--sign` each answer carries a fresh signature, made with a key that is parsed once and kept. There is no parsing, no
//! authentication, no claim, no counter beside it: whatever a token server needs more than this is its own cost.
//!
//! When it can be asked, it prints `port N` on standard output. It stops at SIGTERM or SIGINT.

mod open_loop;
mod signer;

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, http::header, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Parser;

use signer::{Algorithm, Signer};

/// A bare worker that answers `POST /connect/token`.
#[derive(Parser)]
struct Options {
    /// What each answer is signed with.
    #[arg(long, value_enum, default_value_t = Algorithm::None)]
    sign: Algorithm,
    /// The port on 127.0.0.1; 0: any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Bytes that are signed: what stands before the last dot of a JWT.
    #[arg(long, default_value_t = 560)]
    signing_input_bytes: usize,
    /// Bytes of the answer's body. Never less than the parts need; the rest is padding.
    #[arg(long, default_value_t = 1000)]
    body_bytes: usize,
    /// Serve nothing: sign for so many seconds on one thread and print the nanoseconds of one signature.
    #[arg(long, value_name = "SECONDS")]
    time_signature: Option<u64>,
    /// Serve nothing: ask the server on `--port` for tokens at so many requests a second, by the clock, and print what
    /// was seen as JSON, in nanoseconds. The value of `Authorization` is read from standard input.
    #[arg(long, value_name = "PER_SECOND")]
    open_loop: Option<f64>,
    /// How long, with `--open-loop`.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How many connections, with `--open-loop`; each has one request under way at most.
    #[arg(long, default_value_t = 32)]
    connections: u32,
}

/// The parts of an answer that stay the same.
struct Template {
    signer: Signer,
    head: Vec<u8>,
    tail: Vec<u8>,
    body_bytes: usize,
}

const HEAD: &[u8] = br#"{"access_token":""#;
const TAIL: &[u8] = br#"","token_type":"Bearer","expires_in":3600,"scope":""#;
const END: &[u8] = br#""}"#;
/// Digits of the counter that makes each signing input differ from the last.
const COUNTER_BYTES: usize = 16;

impl Template {
    fn new(signer: Signer, signing_input_bytes: usize, body_bytes: usize) -> Self {
        let mut head = HEAD.to_vec();
        head.resize(HEAD.len() + signing_input_bytes.saturating_sub(COUNTER_BYTES), b'e');
        let token_bytes = signing_input_bytes.max(COUNTER_BYTES) + 1 + (signer.signature_bytes() * 4).div_ceil(3);
        let padding = body_bytes.saturating_sub(HEAD.len() + token_bytes + TAIL.len() + END.len());
        let mut tail = TAIL.to_vec();
        tail.resize(TAIL.len() + padding, b's');
        tail.extend_from_slice(END);
        Self { signer, head, tail, body_bytes }
    }

    /// One answer's body; `None` when signing failed.
    fn body(&self, counter: u64) -> Option<Vec<u8>> {
        let mut body = Vec::with_capacity(self.body_bytes + 8);
        body.extend_from_slice(&self.head);
        write!(body, "{counter:0COUNTER_BYTES$x}").ok()?;
        let mut encoded = [0_u8; 344];
        let signing_input = body.get(HEAD.len()..)?;
        let length = self.signer.sign(signing_input, |signature| URL_SAFE_NO_PAD.encode_slice(signature, &mut encoded))?.ok()?;
        body.push(b'.');
        body.extend_from_slice(encoded.get(..length)?);
        body.extend_from_slice(&self.tail);
        Some(body)
    }
}

#[actix_web::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            eprintln!("yardstick: {cause}");
            ExitCode::FAILURE
        }
    }
}

/// Asks by the clock and prints one line of JSON.
fn ask(options: &Options, rate: f64) -> Result<(), Box<dyn std::error::Error>> {
    let plan = open_loop::Plan {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, options.port)),
        rate,
        seconds: options.seconds,
        connections: options.connections,
        authorization: std::io::read_to_string(std::io::stdin())?.trim().to_owned(),
    };
    let samples = open_loop::run(&plan)?;
    let mut took: Vec<u128> = samples.iter().map(|sample| sample.took).collect();
    let mut late: Vec<u128> = samples.iter().map(|sample| sample.late).collect();
    took.sort_unstable();
    late.sort_unstable();
    let figures = [("p50", 0.5), ("p99", 0.99), ("p999", 0.999), ("slowest", 1.0)]
        .map(|(name, share)| format!("\"{name}\":{}", open_loop::quantile(&took, share)));
    let sent =
        [("late_p50", 0.5), ("late_p99", 0.99)].map(|(name, share)| format!("\"{name}\":{}", open_loop::quantile(&late, share)));
    writeln!(std::io::stdout(), "{{\"answered\":{},{},{}}}", samples.len(), figures.join(","), sent.join(","))?;
    Ok(())
}

async fn run(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    if let Some(rate) = options.open_loop {
        return ask(options, rate);
    }
    let signer = Signer::new(options.sign)?;
    if let Some(seconds) = options.time_signature {
        let nanoseconds = time_signature(&signer, options.signing_input_bytes, Duration::from_secs(seconds))?;
        writeln!(std::io::stdout(), "{nanoseconds}")?;
        return Ok(());
    }
    let template = web::Data::new(Template::new(signer, options.signing_input_bytes, options.body_bytes));
    let is_signing = options.sign != Algorithm::None;
    let server = HttpServer::new(move || {
        let route = if is_signing { web::post().to(signed) } else { web::post().to(unsigned) };
        // Each worker has its own counter and its own copy of the static body.
        App::new()
            .app_data(template.clone())
            .app_data(web::Data::new(Worker {
                counter: std::cell::Cell::new(0),
                fixed: web::Bytes::from(template.body(0).unwrap_or_default()),
            }))
            .service(web::resource("/connect/token").route(route))
    })
    .workers(1)
    .bind(("127.0.0.1", options.port))?;
    let port = server.addrs().first().map_or(0, std::net::SocketAddr::port);
    let running = server.run();
    let mut out = std::io::stdout();
    writeln!(out, "port {port}")?;
    out.flush()?;
    Ok(running.await?)
}

struct Worker {
    counter: std::cell::Cell<u64>,
    fixed: web::Bytes,
}

// Both take the request's body: a connection whose body was left unread is closed after the answer.

async fn unsigned(worker: web::Data<Worker>, _ignored: web::Bytes) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "application/json")).body(worker.fixed.clone())
}

async fn signed(template: web::Data<Template>, worker: web::Data<Worker>, _ignored: web::Bytes) -> HttpResponse {
    worker.counter.set(worker.counter.get().wrapping_add(1));
    match template.body(worker.counter.get()) {
        Some(body) => HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "application/json")).body(body),
        None => HttpResponse::InternalServerError().finish(),
    }
}

/// The mean processor time of one signature, in nanoseconds, over about `time`. The mean, because the library does some
/// of its work (new blinding values) only every so many signatures; processor time, because a wait for the core is none.
fn time_signature(signer: &Signer, input_bytes: usize, time: Duration) -> Result<u128, Box<dyn std::error::Error>> {
    let input = vec![b'e'; input_bytes];
    let (started, used_before) = (Instant::now(), thread_cpu_nanoseconds()?);
    let mut signatures = 0_u128;
    while started.elapsed() < time {
        signer.sign(&input, |signature| std::hint::black_box(signature.len())).ok_or("signing failed")?;
        signatures += 1;
    }
    Ok((thread_cpu_nanoseconds()? - used_before) / signatures.max(1))
}

/// How long this thread has been on a core, in nanoseconds.
fn thread_cpu_nanoseconds() -> Result<u128, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(text.split_whitespace().next().ok_or("/proc/thread-self/schedstat is empty")?.parse()?)
}
