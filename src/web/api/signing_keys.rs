//! `/signing-keys`: what operators do with the keys that sign tokens

use zeroize::Zeroizing;

use super::answer::Answer;
use super::call::Call;
use super::input::{boolean, present, string, text};
use super::problem::ApiError;
use crate::app::signing_keys::{self, Takeover};

/// The longest PEM file, in characters: an RSA key of 4096 bits has some 3,300.
const MAX_PEM_CHARACTERS: usize = 16_384;

/// `GET /signing-keys`, in the order in which they were made; there are few, so all at once
pub(super) fn list(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&[])?;
    Answer::page(&signing_keys::list(&call.management.db, call.now)?, None)
}

/// `POST /signing-keys/rotate`
pub(super) fn rotate(call: &Call) -> Result<Answer, ApiError> {
    let mut input = call.input();
    let at_once = input.optional("now", boolean).unwrap_or_default();
    let algorithm = input.nullable("algorithm", text).flatten();
    input.finish()?;
    let takeover = if at_once { Takeover::AtOnce } else { Takeover::AfterPublication };
    let new = signing_keys::generate(&call.management.db, algorithm)?;
    call.change(|work| Answer::ok(&signing_keys::add(work, &new, takeover, None)?))
}

/// `POST /signing-keys/import`
pub(super) fn import(call: &Call) -> Result<Answer, ApiError> {
    let mut input = call.input();
    let pem = input.required("pem", |value| string(value, MAX_PEM_CHARACTERS)).map(Zeroizing::new);
    let algorithm = input.nullable("algorithm", text).flatten();
    input.finish()?;
    let new = signing_keys::read_pem(&present(pem)?, algorithm)?;
    call.change(|work| Answer::ok(&signing_keys::add(work, &new, Takeover::AfterPublication, None)?))
}
