//! How single claims are read: absent, of the right form, or a reason to refuse the token.

use serde_json::{Map, Value};

use super::{Confirmation, InvalidClaim, StatusListEntry};

/// A claim that is text, when it is there.
pub(super) fn text(claims: &Map<String, Value>, name: &'static str) -> Result<Option<String>, InvalidClaim> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(InvalidClaim(name)),
    }
}

pub(super) fn audience(claims: &Map<String, Value>) -> Result<Vec<String>, InvalidClaim> {
    let all = match claims.get("aud") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(several)) => several
            .iter()
            .map(|audience| audience.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or(InvalidClaim("aud"))?,
        _ => Vec::new(),
    };
    if all.is_empty() { Err(InvalidClaim("aud")) } else { Ok(all) }
}

/// The one authorization detail of type `payout_limit` (RFC 9396 section 9.1).
pub(super) fn max_payout(claims: &Map<String, Value>) -> Result<Option<String>, InvalidClaim> {
    const NAME: &str = "authorization_details";
    let Some(details) = claims.get(NAME) else { return Ok(None) };
    let details = details.as_array().ok_or(InvalidClaim(NAME))?;
    let mut limits = details.iter().filter(|detail| detail.get("type").and_then(Value::as_str) == Some("payout_limit"));
    let Some(limit) = limits.next() else { return Ok(None) };
    let amount = limit.get("max_amount").and_then(Value::as_str).filter(|amount| hundred_millionths(amount).is_some());
    match (amount, limits.next()) {
        (Some(amount), None) => Ok(Some(amount.to_owned())),
        // Which of two is meant can't be known.
        _ => Err(InvalidClaim(NAME)),
    }
}

pub(super) fn status(claims: &Map<String, Value>) -> Result<Option<StatusListEntry>, InvalidClaim> {
    let Some(status) = claims.get("status") else { return Ok(None) };
    let entry = status.get("status_list").ok_or(InvalidClaim("status"))?;
    match (entry.get("idx").and_then(Value::as_u64), entry.get("uri").and_then(Value::as_str)) {
        (Some(index), Some(uri)) => Ok(Some(StatusListEntry { index, uri: uri.to_owned() })),
        _ => Err(InvalidClaim("status")),
    }
}

pub(super) fn confirmation(claims: &Map<String, Value>) -> Result<Option<Confirmation>, InvalidClaim> {
    let Some(cnf) = claims.get("cnf") else { return Ok(None) };
    let members = cnf.as_object().filter(|members| !members.is_empty()).ok_or(InvalidClaim("cnf"))?;
    if members.iter().any(|(name, value)| !matches!(name.as_str(), "jkt" | "x5t#S256") || !value.is_string()) {
        return Err(InvalidClaim("cnf"));
    }
    let member = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
    Ok(Some(Confirmation { key_thumbprint: member("jkt"), certificate_thumbprint: member("x5t#S256") }))
}

/// A decimal of at most 15 digits before and 8 after the point, in units of its last place.
pub(super) fn hundred_millionths(decimal: &str) -> Option<u128> {
    const PLACES: usize = 8;
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, "0"));
    let is_number = |text: &str, most: usize| (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole, 15) || !is_number(fraction, PLACES) {
        return None;
    }
    format!("{whole}{fraction:0<PLACES$}").parse().ok()
}
