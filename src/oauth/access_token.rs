//! The claims of an access token (RFC 9068 section 2.2, RFC 9396 section 9.1).

use std::fmt::Write;

use super::metadata::paths;
use crate::domain::id::{AccountId, ClientId, OrganizationId};
use crate::domain::key_epoch::KeyEpoch;
use crate::domain::resource_server::Audience;
use crate::domain::scope::ScopeName;

/// The claims, in the order in which they are written. No secret, address or person is among them.
#[derive(Debug)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct AccessTokenClaims<'a> {
    /// The issuer, byte for byte as configured.
    pub iss: &'a str,
    /// The key.
    pub sub: ClientId,
    /// The key again: RFC 9068 requires both.
    pub client_id: ClientId,
    /// The resource servers of the scopes: a string when one, an array when several.
    pub aud: AudienceClaim<'a>,
    /// Unix seconds.
    pub iat: i64,
    /// Unix seconds.
    pub nbf: i64,
    /// Unix seconds.
    pub exp: i64,
    /// 128 random bits.
    pub jti: &'a str,
    /// Space-separated, in order of name.
    pub scope: &'a str,
    /// Whose key it is.
    pub org: OrganizationId,
    /// The account that the token is for.
    #[cfg_attr(test, serde(skip_serializing_if = "Option::is_none"))]
    pub account: Option<AccountId>,
    /// The key's payout limit.
    #[cfg_attr(test, serde(skip_serializing_if = "Option::is_none"))]
    pub authorization_details: Option<[PayoutLimit<'a>; 1]>,
    /// The token's place in a status list.
    pub status: StatusClaim<'a>,
    /// What the token is bound to.
    #[cfg_attr(test, serde(skip_serializing_if = "Option::is_none"))]
    pub cnf: Option<Confirmation<'a>>,
}

/// `cnf` (RFC 7800 section 3.1): what whoever presents the token has to prove.
#[derive(Debug)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Confirmation<'a> {
    /// The thumbprint of the key that signs the proofs (RFC 9449 section 6.1).
    pub jkt: &'a str,
}

/// `status` (draft-ietf-oauth-status-list section 6.2).
#[derive(Clone, Copy, Debug)]
pub struct StatusClaim<'a> {
    /// Where the lists are: the issuer without a slash at its end.
    pub base: &'a str,
    /// The list and the place.
    pub epoch: KeyEpoch,
}

/// `aud`.
#[derive(Debug)]
pub struct AudienceClaim<'a>(pub &'a [&'a Audience]);

/// The authorization detail of a key with a payout limit.
#[derive(Debug)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct PayoutLimit<'a> {
    #[cfg_attr(test, serde(rename = "type"))]
    kind: &'static str,
    max_amount: &'a str,
}

impl<'a> PayoutLimit<'a> {
    /// The limit as the key has it.
    pub const fn new(max_amount: &'a str) -> Self {
        Self { kind: "payout_limit", max_amount }
    }
}

/// Room for the claims of a key with a dozen scopes.
const USUAL_CLAIMS_BYTES: usize = 896;

impl AccessTokenClaims<'_> {
    /// The claims as JSON. Written out, for a serializer takes longer for this than all parsing of the request.
    pub fn to_json(&self) -> String {
        let mut json = String::with_capacity(USUAL_CLAIMS_BYTES);
        json.push_str("{\"iss\":");
        push_text(&mut json, self.iss);
        json.push_str(",\"sub\":\"");
        self.sub.push_to(&mut json);
        json.push_str("\",\"client_id\":\"");
        self.client_id.push_to(&mut json);
        json.push_str("\",\"aud\":");
        self.aud.push_to(&mut json);
        for (member, seconds) in [(",\"iat\":", self.iat), (",\"nbf\":", self.nbf), (",\"exp\":", self.exp)] {
            json.push_str(member);
            json.push_str(itoa::Buffer::new().format(seconds));
        }
        json.push_str(",\"jti\":");
        push_text(&mut json, self.jti);
        json.push_str(",\"scope\":");
        push_text(&mut json, self.scope);
        json.push_str(",\"org\":\"");
        self.org.push_to(&mut json);
        json.push('"');
        if let Some(account) = self.account {
            json.push_str(",\"account\":\"");
            account.push_to(&mut json);
            json.push('"');
        }
        if let Some([limit]) = &self.authorization_details {
            json.push_str(",\"authorization_details\":[{\"type\":");
            push_text(&mut json, limit.kind);
            json.push_str(",\"max_amount\":");
            push_text(&mut json, limit.max_amount);
            json.push_str("}]");
        }
        self.status.push_to(&mut json);
        if let Some(Confirmation { jkt }) = self.cnf {
            json.push_str(",\"cnf\":{\"jkt\":");
            push_text(&mut json, jkt);
            json.push('}');
        }
        json.push('}');
        json
    }
}

impl StatusClaim<'_> {
    fn push_to(&self, json: &mut String) {
        json.push_str(",\"status\":{\"status_list\":{\"idx\":");
        json.push_str(itoa::Buffer::new().format(self.epoch.index));
        json.push_str(",\"uri\":\"");
        push_characters(json, self.base);
        json.push_str(paths::STATUS_LISTS);
        json.push('/');
        json.push_str(itoa::Buffer::new().format(self.epoch.list.number()));
        json.push_str("\"}}");
    }
}

impl AudienceClaim<'_> {
    fn push_to(&self, json: &mut String) {
        if let [one] = self.0 {
            return push_text(json, one.as_str());
        }
        json.push('[');
        for (index, audience) in self.0.iter().enumerate() {
            if index > 0 {
                json.push(',');
            }
            push_text(json, audience.as_str());
        }
        json.push(']');
    }
}

/// Adds a JSON string (RFC 8259 section 7).
fn push_text(json: &mut String, text: &str) {
    json.push('"');
    push_characters(json, text);
    json.push('"');
}

fn push_characters(json: &mut String, text: &str) {
    // All bytes are looked at, for this is quicker than stopping at the first.
    let is_plain = text.bytes().fold(true, |plain, byte| plain & (byte >= b' ') & (byte != b'"') & (byte != b'\\'));
    if is_plain {
        json.push_str(text);
    } else {
        text.chars().for_each(|character| push_escaped(json, character));
    }
}

fn push_escaped(json: &mut String, character: char) {
    match character {
        '"' | '\\' => json.extend(['\\', character]),
        // Writing to a string does not fail.
        '\0'..'\u{20}' => drop(write!(json, "\\u{:04x}", u32::from(character))),
        _ => json.push(character),
    }
}

/// The `scope` claim and response member.
pub fn scope_text(scopes: &[&ScopeName]) -> String {
    let mut text = String::with_capacity(scopes.iter().map(|s| s.as_str().len() + 1).sum());
    for scope in scopes {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(scope.as_str());
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::{Serialize, Serializer};

    use super::*;
    use crate::domain::key_epoch::StatusListId;
    use crate::oauth::status_list::{epoch_of, list_uri};

    impl Serialize for StatusClaim<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            #[derive(Serialize)]
            struct Status {
                status_list: Place,
            }
            #[derive(Serialize)]
            struct Place {
                idx: u32,
                uri: String,
            }
            let place = Place { idx: self.epoch.index, uri: list_uri(self.base, self.epoch.list) };
            Status { status_list: place }.serialize(serializer)
        }
    }

    impl Serialize for AudienceClaim<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self.0 {
                [one] => one.serialize(serializer),
                several => several.serialize(serializer),
            }
        }
    }

    proptest! {
        #[test]
        fn rs2_the_claims_are_written_as_a_serializer_writes_them(
            iss in "https://[a-z]{1,9}(/[ -~\u{0}-\u{9f}é]{0,9})?",
            audiences in proptest::collection::vec("urn:[a-z]{1,9}", 1..4),
            scope in "[!-~ ]{0,40}",
            ids in any::<[u64; 2]>(),
            (iat, lifetime) in (any::<i32>(), 1..3600_i64),
            account in any::<Option<u64>>(),
            max_payout in proptest::option::of("[0-9]{1,9}\\.[0-9]{2}"),
            jkt in proptest::option::of("[A-Za-z0-9_-]{43}"),
            (list, index) in (1..=u32::MAX, any::<u32>()),
        ) {
            let audiences: Vec<Audience> = audiences.iter().map(|text| text.parse().unwrap()).collect();
            let audiences: Vec<&Audience> = audiences.iter().collect();
            let client_id = ClientId::from_parts(ids[0] >> 16, u128::from(ids[1]));
            let iat = i64::from(iat);
            let epoch = KeyEpoch { list: StatusListId::try_from(i64::from(list)).unwrap(), index };
            let claims = AccessTokenClaims {
                iss: &iss,
                sub: client_id,
                client_id,
                aud: AudienceClaim(&audiences),
                iat,
                nbf: iat,
                exp: iat + lifetime,
                jti: "p-b2c5vYQyS_0a8zJ5vT1w",
                scope: &scope,
                org: OrganizationId::from_parts(ids[1] >> 16, u128::from(ids[0])),
                account: account.map(|id| AccountId::from_parts(0, u128::from(id))),
                authorization_details: max_payout.as_deref().map(|limit| [PayoutLimit::new(limit)]),
                cnf: jkt.as_deref().map(|jkt| Confirmation { jkt }),
                status: StatusClaim { base: iss.trim_end_matches('/'), epoch },
            };
            let json: serde_json::Value = serde_json::from_str(&claims.to_json()).unwrap();
            prop_assert_eq!(&json, &serde_json::to_value(&claims).unwrap());
            prop_assert_eq!(epoch_of(json.as_object().unwrap()), Some(epoch));
            if !iss.contains(char::is_control) {
                prop_assert_eq!(claims.to_json(), serde_json::to_string(&claims).unwrap());
            }
        }
    }
}
