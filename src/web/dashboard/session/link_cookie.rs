//! The token of a link from a mail or a terminal does not stay in the address, where histories, screenshots and other
//! people's eyes find it: the first visit moves it into a cookie of a few minutes and goes on without it.

use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::visit::Visit;

/// As long as somebody may need to choose a password.
const SECONDS: u32 = 1_800;

/// The longest token that is kept; longer ones are nobody's.
const LONGEST: usize = 128;

/// A page behind a link.
#[derive(Clone, Copy, Debug)]
pub(super) struct LinkPage {
    /// Where.
    pub(super) path: &'static str,
    cookie: &'static str,
}

pub(super) const INVITATION: LinkPage = LinkPage { path: "/invitation", cookie: "__Host-claviger_invitation" };
pub(super) const PASSWORD_RESET: LinkPage = LinkPage { path: "/password-reset", cookie: "__Host-claviger_reset" };
pub(super) const SETUP: LinkPage = LinkPage { path: "/setup", cookie: "__Host-claviger_setup" };

impl LinkPage {
    /// The way to the same page with the token out of the address; `None` when there is none in it.
    pub(super) fn hide(self, visit: &Visit) -> Option<Reply> {
        if !visit.query.has("token") {
            return None;
        }
        let token = Some(visit.query.text("token")).filter(|token| is_plain(token)).unwrap_or_default();
        let reply = Reply::see_other(visit.to(self.path));
        Some(reply.with_header("set-cookie", self.cookie(token, if token.is_empty() { 0 } else { SECONDS })))
    }

    /// The token of this visit: the form's own, or the cookie's.
    pub(super) fn token(self, visit: &Visit) -> String {
        let sent = visit.form.trimmed("token");
        let kept = visit.cookies.iter().find(|(name, _)| name == self.cookie).map_or("", |(_, value)| value.as_str());
        (if sent.is_empty() { kept } else { sent }).to_owned()
    }

    /// Takes the cookie away.
    pub(super) fn forget(self, reply: Reply) -> Reply {
        reply.with_header("set-cookie", self.cookie("", 0))
    }

    // Lax: who comes from a mail's page comes from another site.
    fn cookie(self, token: &str, seconds: u32) -> String {
        format!("{}={token}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax", self.cookie)
    }
}

/// Nothing that could say more in a cookie than its value.
fn is_plain(token: &str) -> bool {
    (1..=LONGEST).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_holds_a_token_and_nothing_else() {
        assert!(is_plain("lnk_abc") && is_plain("setup_1_0f"));
        for bad in ["", "a; Domain=evil.example", "a b", "a\r\nset-cookie: x", &"a".repeat(129)] {
            assert!(!is_plain(bad), "{bad}");
        }
        let line = INVITATION.cookie("lnk_x", SECONDS);
        assert_eq!(line, "__Host-claviger_invitation=lnk_x; Path=/; Max-Age=1800; Secure; HttpOnly; SameSite=Lax");
    }
}
