//! `/try-it`: asks for a token as a program would, and says what came of it in words; and of a token that a program got.
//!
//! What is pasted as a secret goes into the request and nowhere else: it is wiped with the form, and neither the page,
//! nor the `curl` line, nor a log has it.

mod answer;
mod ask;
mod curl;
mod elsewhere;
pub(super) mod page;
mod pasted;
mod refusal;
