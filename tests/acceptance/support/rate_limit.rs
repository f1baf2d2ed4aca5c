//! The headers of rate plans, read by a library that is not ours, and minutes of the clock.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use sfv::{List, ListEntry, Parser};

use super::app::{App, Key};
use super::http::Response;

/// One item of a header: its parameters, numbers as text.
pub(crate) type Parameters = BTreeMap<String, String>;

/// The items of `RateLimit` or `RateLimit-Policy` by name.
#[track_caller]
pub(crate) fn items(response: &Response, header: &str) -> BTreeMap<String, Parameters> {
    let text = response.header(header).unwrap_or_else(|| panic!("no {header}: {response:?}"));
    assert_eq!(response.all(header).len(), 1, "{response:?}");
    let list: List = Parser::new(text).parse().unwrap_or_else(|error| panic!("{header}: {text:?}: {error}"));
    let items = list.iter().map(|entry| {
        let ListEntry::Item(item) = entry else { panic!("an inner list: {text}") };
        let name = item.bare_item.as_string().unwrap_or_else(|| panic!("not a string: {text}"));
        let parameters = item.params.iter().map(|(key, value)| {
            let integer = value.as_integer().map(|n| i64::from(n).to_string());
            let value = integer.or_else(|| value.as_string().map(|s| s.as_str().to_owned()));
            (key.as_str().to_owned(), value.unwrap_or_else(|| panic!("neither number nor string: {text}")))
        });
        (name.as_str().to_owned(), parameters.collect())
    });
    items.collect()
}

/// What is left of a window, and for how many seconds more.
#[track_caller]
pub(crate) fn left(response: &Response, window: &str) -> (u32, u64) {
    let items = items(response, "ratelimit");
    let of = items.get(window).unwrap_or_else(|| panic!("no {window}: {response:?}"));
    (of["r"].parse().unwrap(), of["t"].parse().unwrap())
}

/// Neither header is there.
#[track_caller]
pub(crate) fn assert_unlimited(response: &Response) {
    assert!(response.all("ratelimit").is_empty() && response.all("ratelimit-policy").is_empty(), "{response:?}");
}

fn unix_milliseconds() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Waits until the minute of the clock has that many seconds left, so that what follows happens within one.
pub(crate) fn room_in_this_minute(seconds: u64) {
    let left = 60_000 - unix_milliseconds() % 60_000;
    if left < seconds * 1_000 {
        std::thread::sleep(Duration::from_millis(left + 5));
    }
}

impl App {
    /// Makes a plan; `limits` are arguments.
    #[track_caller]
    pub(crate) fn plan(&self, name: &str, limits: &[&str]) -> Value {
        let mut args = vec!["plans", "create", name];
        args.extend_from_slice(limits);
        self.json(&args)
    }

    /// A key that holds `a b` and is on that plan.
    #[track_caller]
    pub(crate) fn key_on(&self, plan: &str) -> Key {
        self.create_key(&["--grant", "a b", "--plan", plan])
    }
}
