//! What a form sends, `application/x-www-form-urlencoded`.

use std::fmt;

use zeroize::Zeroize;

/// The token of the page that a form is on.
pub(super) const TOKEN: &str = "form_token";
/// The password, given again beside the form.
pub(super) const CONFIRM_PASSWORD: &str = "confirm_password";
/// The login, given beside the form.
pub(super) const SIGN_IN_EMAIL: &str = "sign_in_email";
/// Its password.
pub(super) const SIGN_IN_PASSWORD: &str = "sign_in_password";

/// A form's fields in their order; wiped when dropped, for some are passwords.
#[derive(Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a body or a query string.
    pub(super) fn parse(text: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(text).into_owned().collect())
    }

    /// The first field of this name; empty when there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(given, _)| given == name).map_or("", |(_, value)| value.as_str())
    }

    /// The same without white space around it, as people paste.
    pub(super) fn trimmed(&self, name: &str) -> &str {
        self.text(name).trim()
    }

    /// Every field of this name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// Whether there is a field of this name: a box that is ticked.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(given, _)| given == name)
    }

    /// What is kept for later, when something has to be asked in between: all but secrets and this round's own fields.
    pub(super) fn kept(&self) -> Vec<(String, String)> {
        let is_secret = |name: &str| ["password", "secret", "access_token"].iter().any(|word| name.contains(word));
        let keeps = |name: &str| name != TOKEN && name != SIGN_IN_EMAIL && !is_secret(name);
        self.0.iter().filter(|(name, _)| keeps(name)).cloned().collect()
    }

    /// Every field, in order.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Drop for Form {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(|(_, value)| value.zeroize());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_kept_for_later() {
        let form = Form::parse(
            b"name=a+b&scope=x&scope=y&password=p&new_password=q&client_secret=s&access_token=e&form_token=t&sign_in_email=e",
        );
        let kept: Vec<String> = form.kept().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(kept, ["name=a b", "scope=x", "scope=y"]);
        assert!(!format!("{form:?}").contains("a b"));
    }
}
