//! The settings of mail.

use std::path::Path;

use url::Url;
use zeroize::Zeroizing;

use super::SettingsError;
use crate::outbound::SmtpSettings;

/// The environment's own spelling of the password; never a flag, because arguments are seen by other users.
const SMTP_PASSWORD_VARIABLE: &str = "CLAVIGER_SMTP_PASSWORD";

/// Where mail is handed in; `None` without `smtp_url`.
pub(super) fn settings(
    url: Option<&str>,
    password_file: Option<&Path>,
    from: Option<&str>,
) -> Result<Option<SmtpSettings>, SettingsError> {
    let Some(url) = url else {
        return if password_file.is_some() || from.is_some() {
            Err(SettingsError("mail_from and smtp_password_file go with smtp_url".to_owned()))
        } else {
            Ok(None)
        };
    };
    let from = from.ok_or_else(|| SettingsError("smtp_url goes with mail_from, the sender of mail".to_owned()))?;
    let holds_password = Url::parse(url).is_ok_and(|url| url.password().is_some());
    if holds_password && std::env::args_os().any(|argument| argument.to_string_lossy().contains(url)) {
        return Err(SettingsError(format!(
            "a password in an argument is seen by other users: put it into {SMTP_PASSWORD_VARIABLE} or the file of --smtp-password-file"
        )));
    }
    Ok(Some(SmtpSettings::parse(url, password(password_file)?, from)?))
}

fn password(file: Option<&Path>) -> Result<Option<Zeroizing<String>>, SettingsError> {
    let text = match (file, std::env::var(SMTP_PASSWORD_VARIABLE)) {
        (Some(file), _) => std::fs::read_to_string(file)
            .map(Zeroizing::new)
            .map_err(|error| SettingsError(format!("smtp_password_file {}: {error}", file.display())))?,
        (None, Ok(text)) => Zeroizing::new(text),
        (None, Err(std::env::VarError::NotPresent)) => return Ok(None),
        (None, Err(_)) => return Err(SettingsError(format!("{SMTP_PASSWORD_VARIABLE} is not UTF-8"))),
    };
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Some(Zeroizing::new(line.strip_suffix('\r').unwrap_or(line).to_owned())))
}
