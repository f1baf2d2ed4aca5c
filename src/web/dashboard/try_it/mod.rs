//! `/try-it`: asks for a token as a program would, and says what came of it in words.
//!
//! What is pasted as a secret goes into the request and nowhere else: it is wiped with the form, and neither the page,
//! nor the `curl` line, nor a log has it.

mod answer;
mod ask;
mod curl;
pub(super) mod page;
mod refusal;
