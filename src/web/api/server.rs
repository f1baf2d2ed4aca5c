//! `/server`: how the server is, for operators

use super::answer::Answer;
use super::call::Call;
use super::problem::ApiError;

/// `GET /server`
pub(super) fn show(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&[])?;
    Answer::ok(&call.server.look(&call.management, call.now)?)
}
