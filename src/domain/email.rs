//! E-mail addresses as logins: one spelling for each, in lower case, and only what mail servers everywhere take.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::Invalid;

/// The longest address that can be delivered to (RFC 5321 section 4.5.3.1.3, without the brackets).
const MAX_LENGTH: usize = 254;
/// RFC 5321 section 4.5.3.1.1.
const MAX_LOCAL_LENGTH: usize = 64;
/// RFC 1035 section 2.3.4.
const MAX_LABEL_LENGTH: usize = 63;

/// An address in lower case: a dot-atom (RFC 5322 section 3.2.3), `@`, and a host name of at least two labels. No quoted
/// local parts, no address literals, no comments, ASCII alone; an internationalised host name is written in its A-label
/// form.
///
/// Two spellings that differ in case are one address here: servers that tell them apart are not met with, and people
/// who forget which they have typed are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

impl Email {
    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.split('@').next().unwrap_or_default()
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Email {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new("email", "invalid_email", "must be an e-mail address such as ada@example.com");
        if text.len() > MAX_LENGTH {
            return Err(invalid());
        }
        let (local, host) = text.split_once('@').ok_or_else(invalid)?;
        let is_atom = |part: &str| !part.is_empty() && part.bytes().all(is_atext);
        if local.len() > MAX_LOCAL_LENGTH || !local.split('.').all(is_atom) {
            return Err(invalid());
        }
        let labels: Vec<&str> = host.split('.').collect();
        let is_numeric = |label: &str| label.bytes().all(|b| b.is_ascii_digit());
        if labels.len() < 2 || !labels.iter().all(|label| is_label(label)) || labels.last().is_none_or(|label| is_numeric(label))
        {
            return Err(invalid());
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

/// RFC 5322 section 3.2.3: `ALPHA / DIGIT / "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "/" / "=" / "?" / "^" /
/// "_" / "`" / "{" / "|" / "}" / "~"`.
const fn is_atext(b: u8) -> bool {
    b.is_ascii_alphanumeric()
        || matches!(
            b,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'/'
                | b'='
                | b'?'
                | b'^'
                | b'_'
                | b'`'
                | b'{'
                | b'|'
                | b'}'
                | b'~'
        )
}

/// RFC 1123 section 2.1: letters, digits and hyphens, no hyphen at an end.
fn is_label(label: &str) -> bool {
    (1..=MAX_LABEL_LENGTH).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

impl Serialize for Email {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_spelling() {
        for text in ["ada@example.com", "Ada@Example.COM", "ADA@EXAMPLE.COM"] {
            assert_eq!(text.parse::<Email>().unwrap().as_str(), "ada@example.com");
        }
        for text in ["a.b+c@x-y.example", "o'brien@a.b", "a@xn--bcher-kva.example", "1@2.com", "a_b@c.d.e.f"] {
            assert_eq!(text.parse::<Email>().unwrap().as_str(), text);
        }
        assert_eq!("ada@example.com".parse::<Email>().unwrap().local_part(), "ada");
    }

    #[test]
    fn what_mail_servers_do_not_take_is_refused() {
        let long = format!("{}@example.com", "a".repeat(65));
        let longer = format!("a@{}com", "a123456789.".repeat(24));
        for text in [
            "",
            "@",
            "a",
            "a@",
            "@b.c",
            "a@b",
            "a@b@c.d",
            "a b@c.d",
            " a@b.c",
            "a@b.c ",
            "a@b.c\n",
            "a@b.c\r\nBcc: x@y.z",
            "a\0@b.c",
            ".a@b.c",
            "a.@b.c",
            "a..b@c.d",
            "a@-b.c",
            "a@b-.c",
            "a@b..c",
            "a@b.c.",
            "a@127.0.0.1",
            "a@[127.0.0.1]",
            "\"a b\"@c.d",
            "a@b_c.d",
            "ä@b.c",
            "a@bücher.example",
            "Ada <a@b.c>",
            "a@b.c,d@e.f",
            long.as_str(),
            longer.as_str(),
        ] {
            assert!(text.parse::<Email>().is_err(), "{text:?}");
        }
    }
}
