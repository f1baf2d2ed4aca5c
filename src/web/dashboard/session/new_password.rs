//! A password that somebody chooses, typed twice. Its rules are the operations' to judge.

use crate::web::dashboard::form::Form;
use crate::web::dashboard::visit::Errors;

/// The field with the chosen password, and the one where it stands again.
const CHOSEN: &str = "new_password";
const AGAIN: &str = "new_password_again";

/// The chosen password.
pub(in crate::web::dashboard) fn of(form: &Form) -> Result<&str, Errors> {
    let mut errors = Errors::default();
    if form.text(CHOSEN) != form.text(AGAIN) {
        errors.add("repeated", "this is not the same as the password above");
        return Err(errors);
    }
    Ok(form.text(CHOSEN))
}
