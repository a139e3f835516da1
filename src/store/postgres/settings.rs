use crate::failure::Failure;
use crate::store::Mode;
use std::ffi::OsString;
use std::fmt;
pub struct Settings {
    url: String,
}
impl Settings {
    pub fn new(
        url: &str,
        _environment: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Self, Failure> {
        Ok(Self { url: url.into() })
    }
    pub fn connect(&self, _mode: Mode) -> anyhow::Result<postgres::Client> {
        Ok(postgres::Client::connect(&self.url, postgres::NoTls)?)
    }
}
impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")
    }
}
