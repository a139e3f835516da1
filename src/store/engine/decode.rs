//! The values of a row, whichever database they come from.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{EngineRow, postgres};
use crate::model::id::{Id, ROW, TokenId, text_id};
use crate::model::time::{Expiry, Timestamp, date_from_stored};
use crate::store::schema::{Time, TimeForm};
use crate::store::scopes::{Scopes, ScopesForm};
use crate::store::sql::IdForm;

/// A value as it is stored.
#[derive(Clone, Copy, Debug)]
pub enum Raw<'r> {
    Null,
    Boolean(bool),
    Integer(i64),
    Text(&'r str),
    /// Text that is not UTF-8.
    Bytes(&'r [u8]),
    Instant(DateTime<Utc>),
    Date(NaiveDate),
    Uuid(Uuid),
    /// Texts, as PostgreSQL sends an array of them.
    Texts(&'r [u8]),
    Other,
}

/// Reads the values of a row in the order of its select list. A value that is
/// not of the form that the schema promises is an error that names its column.
pub struct Decoder<'r> {
    row: EngineRow<'r>,
    next: usize,
}

impl<'r> Decoder<'r> {
    pub(super) fn new(row: EngineRow<'r>) -> Self {
        Self { row, next: 0 }
    }

    /// The id of the row, which comes first, or in words what there is instead.
    ///
    /// # Errors
    ///
    /// Those words.
    pub fn peek_id(&self, form: IdForm) -> Result<TokenId, String> {
        let value = self.row.value(0);
        match value.clone().map(|value| id_of(value, form)) {
            Ok(Some(id)) => Ok(TokenId(id)),
            _ => Err(match value {
                Ok(Raw::Text(text)) => format!("'{text}'"),
                Ok(Raw::Bytes(text)) => format!("'{}'", String::from_utf8_lossy(text)),
                Ok(Raw::Null) => "without an id".into(),
                _ => format!("whose id is no {}", noun(form)),
            }),
        }
    }

    /// What the next column is called; `None`: there are no more.
    pub fn next_name(&self) -> Option<&'r str> {
        self.row.column_name(self.next)
    }

    fn value(&mut self) -> Result<Raw<'r>, String> {
        self.next += 1;
        self.row.value(self.next - 1)
    }

    /// What is wrong with the value that was read last.
    fn problem(&self, expected: &str) -> String {
        let column = self.row.column_name(self.next - 1).unwrap_or("a column");
        format!("{column} is not {expected}")
    }

    fn required<V>(&self, value: Option<V>, expected: &str) -> Result<V, String> {
        value.ok_or_else(|| self.problem(expected))
    }

    pub fn token_id(&mut self, form: IdForm) -> Result<TokenId, String> {
        let id = id_of(self.value()?, form).map(TokenId);
        id.ok_or_else(|| self.problem(&format!("an {}", noun(form))))
    }

    /// An id of whatever form.
    pub fn optional_id(&mut self) -> Result<Option<Id>, String> {
        match self.value()? {
            Raw::Null => Ok(None),
            value => id_of(value, IdForm::Any).map(Some).ok_or_else(|| self.problem("an id")),
        }
    }

    pub fn id(&mut self) -> Result<Id, String> {
        let id = self.optional_id()?;
        self.required(id, "an id")
    }

    pub fn optional_integer(&mut self) -> Result<Option<i64>, String> {
        match self.value()? {
            Raw::Null => Ok(None),
            Raw::Integer(value) => Ok(Some(value)),
            _ => Err(self.problem("an integer")),
        }
    }

    pub fn integer(&mut self) -> Result<i64, String> {
        let value = self.optional_integer()?;
        self.required(value, "an integer")
    }

    pub fn optional_boolean(&mut self) -> Result<Option<bool>, String> {
        match self.value()? {
            Raw::Null => Ok(None),
            Raw::Integer(0) | Raw::Boolean(false) => Ok(Some(false)),
            Raw::Integer(1) | Raw::Boolean(true) => Ok(Some(true)),
            _ => Err(self.problem("0 or 1")),
        }
    }

    pub fn boolean(&mut self) -> Result<bool, String> {
        let value = self.optional_boolean()?;
        self.required(value, "0 or 1")
    }

    fn optional_str(&mut self) -> Result<Option<&'r str>, String> {
        match self.value()? {
            Raw::Null => Ok(None),
            Raw::Text(text) => Ok(Some(text)),
            Raw::Bytes(_) => Err(self.problem("UTF-8 text")),
            _ => Err(self.problem("text")),
        }
    }

    pub fn optional_text(&mut self) -> Result<Option<String>, String> {
        Ok(self.optional_str()?.map(Into::into))
    }

    pub fn text(&mut self) -> Result<String, String> {
        let text = self.optional_text()?;
        self.required(text, "text")
    }

    /// A text that is there where the store records it.
    pub fn recorded_text(&mut self, is_recorded: bool) -> Result<Option<String>, String> {
        if is_recorded { self.text().map(Some) } else { self.optional_text() }
    }

    /// `scopes` is `None` where the store does not record them.
    pub fn recorded_scopes(
        &mut self,
        scopes: Option<Scopes>,
    ) -> Result<Option<Vec<String>>, String> {
        let Some(scopes) = scopes else {
            self.next += 1;
            return Ok(None);
        };
        self.scopes(scopes.form).map(Some)
    }

    pub fn scopes(&mut self, form: ScopesForm) -> Result<Vec<String>, String> {
        let scopes = match self.value()? {
            Raw::Null => None,
            Raw::Text(text) => form.read(text.as_bytes()),
            Raw::Bytes(text) => form.read(text),
            Raw::Texts(array) if form == ScopesForm::Array => postgres::texts(array),
            _ => return Err(self.problem("text")),
        };
        self.required(
            scopes,
            match form {
                ScopesForm::Json => "a JSON array of strings",
                ScopesForm::Yaml | ScopesForm::YamlWords => "a YAML list of words",
                ScopesForm::Commas | ScopesForm::Words | ScopesForm::One => "a list of words",
                ScopesForm::Array => "an array of texts",
            },
        )
    }

    pub fn optional_timestamp(&mut self, form: TimeForm) -> Result<Option<Timestamp>, String> {
        let instant = match self.value()? {
            Raw::Null => return Ok(None),
            Raw::Text(text) => form.timestamp_from_text(text),
            Raw::Integer(seconds) if form == TimeForm::Epoch => {
                Some(Timestamp::from_database(since_epoch(seconds)))
            }
            Raw::Integer(millis) if form == TimeForm::EpochMillis => {
                let instant = DateTime::from_timestamp_millis(millis);
                let end = || since_epoch(if millis < 0 { i64::MIN } else { i64::MAX });
                Some(Timestamp::from_database(instant.unwrap_or_else(end)))
            }
            Raw::Instant(instant) => Some(Timestamp::from_database(instant)),
            Raw::Boolean(_)
            | Raw::Integer(_)
            | Raw::Bytes(_)
            | Raw::Date(_)
            | Raw::Uuid(_)
            | Raw::Texts(_)
            | Raw::Other => None,
        };
        self.required(instant, "a time").map(Some)
    }

    /// `time` is `None` where the store does not record it.
    pub fn recorded_timestamp(&mut self, time: Option<Time>) -> Result<Option<Timestamp>, String> {
        let Some(time) = time else {
            self.next += 1;
            return Ok(None);
        };
        self.optional_timestamp(time.form)
    }

    pub fn timestamp(&mut self, form: TimeForm) -> Result<Timestamp, String> {
        let timestamp = self.optional_timestamp(form)?;
        self.required(timestamp, "a time")
    }

    /// `form` is `None` where the store does not record it.
    pub fn expiry(&mut self, form: Option<TimeForm>) -> Result<Option<Expiry>, String> {
        let Some(form) = form else {
            self.next += 1;
            return Ok(None);
        };
        if !form.is_date() {
            return Ok(self.optional_timestamp(form)?.map(Expiry::Instant));
        }
        let date = match self.value()? {
            Raw::Null => return Ok(None),
            Raw::Text(text) => date_from_stored(text),
            Raw::Date(date) => Some(date),
            Raw::Boolean(_)
            | Raw::Integer(_)
            | Raw::Bytes(_)
            | Raw::Instant(_)
            | Raw::Uuid(_)
            | Raw::Texts(_)
            | Raw::Other => None,
        };
        self.required(date, "a date").map(|date| Some(Expiry::Date(date)))
    }

    /// One of the named values, or NULL.
    pub fn one_of<V, const N: usize>(
        &mut self,
        values: [(&str, V); N],
    ) -> Result<Option<V>, String> {
        let Some(text) = self.optional_str()? else {
            return Ok(None);
        };
        let value = values.into_iter().find(|(name, _)| *name == text);
        self.required(value.map(|(_, value)| value), "a known value").map(Some)
    }
}

/// An id of a form.
fn id_of(value: Raw<'_>, form: IdForm) -> Option<Id> {
    match (form, value) {
        (IdForm::Row | IdForm::Any, Raw::Text(text)) if text.starts_with(ROW) => {
            Some(Id::from(text))
        }
        (IdForm::Integer | IdForm::Any, Raw::Integer(id)) => Some(Id::Integer(id)),
        (IdForm::Text | IdForm::Any, Raw::Text(text)) => text_id(text.as_bytes()),
        (IdForm::Uuid | IdForm::Any, Raw::Uuid(id)) => {
            Some(Id::from(&*id.hyphenated().encode_lower(&mut Uuid::encode_buffer())))
        }
        _ => None,
    }
}

fn noun(form: IdForm) -> &'static str {
    match form {
        IdForm::Integer => "integer",
        IdForm::Text | IdForm::Uuid | IdForm::Any | IdForm::Row => "id that can be printed",
    }
}

/// An instant so many seconds after 1970. The calendar ends before a number of 64 bits.
fn since_epoch(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or(if seconds < 0 {
        DateTime::<Utc>::MIN_UTC
    } else {
        DateTime::<Utc>::MAX_UTC
    })
}
