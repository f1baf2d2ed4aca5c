//! Pages as a browser without script asks for them.

use crate::support::App;
use crate::support::http::{Request, Response};
use crate::support::people::Login;

/// Somebody at the pages, signed in or not.
pub(crate) struct Visitor<'a> {
    app: &'a App,
    pub(crate) login: Option<Login>,
    cookie: String,
}

impl App {
    /// Nobody yet.
    pub(crate) fn visitor(&self) -> Visitor<'_> {
        Visitor { app: self, login: None, cookie: String::new() }
    }

    /// Somebody of that role who has signed in, of the fixture's organization.
    #[track_caller]
    pub(crate) fn at_pages(&self, role: &str) -> Visitor<'_> {
        self.at_pages_of(&self.fixture.organization, role)
    }

    /// The same of another organization.
    #[track_caller]
    pub(crate) fn at_pages_of(&self, organization: &str, role: &str) -> Visitor<'_> {
        let browser = self.sign_in(&self.user_of(organization, role));
        let cookie = format!("__Host-claviger_session={}", browser.cookie());
        Visitor { app: self, login: Some(browser.login.clone()), cookie }
    }
}

impl Visitor<'_> {
    /// With another cookie beside.
    pub(crate) fn with_cookie(mut self, pair: &str) -> Self {
        self.cookie = if self.cookie.is_empty() { pair.to_owned() } else { format!("{}; {pair}", self.cookie) };
        self
    }

    /// The same with another cookie, once.
    pub(crate) fn beside(&self, pair: &str) -> Self {
        Self { app: self.app, login: self.login.clone(), cookie: format!("{}; {pair}", self.cookie) }
    }

    fn request(&self, method: &str, path: &str) -> Request {
        let request = Request::new(method, path);
        if self.cookie.is_empty() { request } else { request.header("Cookie", &self.cookie) }
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Response {
        let response = self.app.send(&self.request("GET", path));
        self.check(&response);
        response
    }

    /// A page that is there.
    #[track_caller]
    pub(crate) fn page(&self, path: &str) -> String {
        let response = self.get(path);
        assert_eq!(response.status, 200, "{path}: {response:?}");
        response.text()
    }

    /// A form as it is sent, without the token of the session.
    #[track_caller]
    pub(crate) fn post_bare(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request("POST", path).header("Origin", &self.app.base_url);
        let response = self.app.send(&request.header("Content-Type", "application/x-www-form-urlencoded").body(body));
        self.check(&response);
        response
    }

    /// A form of a page of this session.
    #[track_caller]
    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let token = hidden(&self.page("/profile"), "form_token").expect("the profile has forms");
        let mut all = vec![("form_token", token.as_str())];
        all.extend_from_slice(fields);
        self.post_bare(path, &all)
    }

    /// A change that is carried out: where it leads.
    #[track_caller]
    pub(crate) fn does(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let response = self.post(path, fields);
        assert_eq!(response.status, 303, "{path}: {response:?}");
        response.header("location").unwrap().to_owned()
    }

    /// A form that comes back with something to mend.
    #[track_caller]
    pub(crate) fn is_asked_to_mend(&self, path: &str, fields: &[(&str, &str)], word: &str) -> String {
        let response = self.post(path, fields);
        assert_eq!(response.status, 422, "{path}: {response:?}");
        let text = response.text();
        assert!(text.contains(word), "{word}: {text}");
        text
    }

    /// What all answers have.
    #[track_caller]
    fn check(&self, response: &Response) {
        assert_eq!(response.header("cache-control"), Some("no-store"), "{response:?}");
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"), "{response:?}");
        if response.status != 303 && response.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
            let text = response.text();
            assert!(!text.contains("style=\"") && !text.contains("onerror=alert(1)>"), "{text}");
            assert_eq!(text.matches("<h1").count(), 1, "{text}");
        }
    }
}

/// The value of a hidden field.
pub(crate) fn hidden(page: &str, name: &str) -> Option<String> {
    let rest = page.split_once(&format!("name=\"{name}\" value=\""))?.1;
    Some(rest.split('"').next()?.to_owned())
}

/// A cookie that an answer sets: its pair.
pub(crate) fn set_cookie(response: &Response, name: &str) -> String {
    let all = response.all("set-cookie");
    let line = all.iter().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name}: {response:?}"));
    assert!(line.contains("; Secure; HttpOnly; SameSite=Lax") && line.contains("Path=/;"), "{line}");
    line.split(';').next().unwrap().to_owned()
}
