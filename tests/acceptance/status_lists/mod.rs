//! Status lists (draft-ietf-oauth-status-list): every token has a place in a list, and a resource server that reads the
//! list knows of revocations without asking about tokens.

mod document;
mod epochs;
mod nodes;
mod upgrade;

use std::io::Read as _;

use flate2::read::ZlibDecoder;
use serde_json::{Map, Value, json};

use crate::support::http::{Request, Response};
use crate::support::{Server, jwt};

const MEDIA_TYPE: &str = "application/statuslist+jwt";
const AGGREGATION: &str = "/connect/statuslists";

/// A token's place: the list's address, and the index.
#[track_caller]
fn place_of(token: &str) -> (String, usize) {
    let (_, claims) = jwt::decode(token);
    let status = claims.get("status").unwrap_or_else(|| panic!("no status: {claims:?}"));
    let status = status.as_object().unwrap();
    assert_eq!(status.keys().collect::<Vec<_>>(), ["status_list"], "{claims:?}");
    let list = status["status_list"].as_object().unwrap();
    assert_eq!(list.keys().collect::<Vec<_>>(), ["idx", "uri"], "{claims:?}");
    (list["uri"].as_str().unwrap().to_owned(), usize::try_from(list["idx"].as_u64().unwrap()).unwrap())
}

/// The path of a list's address at any node.
fn path(uri: &str) -> String {
    url::Url::parse(uri).unwrap().path().to_owned()
}

/// A verified Status List Token and its array.
#[derive(Debug)]
struct List {
    claims: Map<String, Value>,
    bytes: Vec<u8>,
}

impl List {
    /// Asks as section 8.1 says and checks what section 8.3 wants to be checked.
    #[track_caller]
    fn fetch(server: &Server, uri: &str) -> Self {
        Self::read(server, uri, &server.send(&Request::new("GET", &path(uri)).header("Accept", MEDIA_TYPE)))
    }

    #[track_caller]
    fn read(server: &Server, uri: &str, answer: &Response) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("content-type"), Some(MEDIA_TYPE), "{answer:?}");
        Self::of(server, uri, &answer.text())
    }

    #[track_caller]
    fn of(server: &Server, uri: &str, token: &str) -> Self {
        jwt::verify(server, token);
        let (header, claims) = jwt::decode(token);
        assert_eq!(header["typ"], json!("statuslist+jwt"), "{header:?}");
        assert_eq!(claims["sub"], json!(uri), "{claims:?}");
        let time = |name: &str| claims[name].as_u64().unwrap_or_else(|| panic!("{name}: {claims:?}"));
        assert!(time("iat") <= now() && now() < time("exp"), "{claims:?}");
        assert_eq!(claims["status_list"]["bits"], json!(1), "{claims:?}");
        let compressed = jwt::bytes(claims["status_list"]["lst"].as_str().unwrap());
        let mut bytes = Vec::new();
        ZlibDecoder::new(compressed.as_slice()).read_to_end(&mut bytes).unwrap();
        Self { claims, bytes }
    }

    /// Section 8.3: what is out of bounds has no status.
    #[track_caller]
    fn is_revoked(&self, index: usize) -> bool {
        assert!(index < self.bytes.len() * 8, "out of bounds: {index}");
        self.bytes[index / 8] >> (index % 8) & 1 == 1
    }

    fn revoked(&self) -> usize {
        self.bytes.iter().map(|byte| byte.count_ones() as usize).sum()
    }
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// What a reader of lists at that node says of a token.
#[track_caller]
fn is_revoked(server: &Server, token: &str) -> bool {
    let (uri, index) = place_of(token);
    List::fetch(server, &uri).is_revoked(index)
}
